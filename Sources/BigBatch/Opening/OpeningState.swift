/// Where the opening stands; kept by snapshots, from which the sample is drawn again.
struct OpeningState: Codable {
    /// n of every sample so far, the present one last.
    private(set) var sizes: [Int]
    /// What came last has been in no step yet.
    private(set) var lastIsFresh = true
    /// First position of the sample.
    var start: Int
    /// n when P was last made.
    var sizeOfPreconditioner = 0
    /// ν, from the last new rows.
    private(set) var noiseOfRow: Double?
    /// The last one, whether it was there to end the run or not.
    private var test: GapTest?
    /// The new rows are there to end the run; tests made.
    private(set) var isLook = false
    var looks = 0
    /// The sample has not grown, for the sake of a direction along which the loss flattens: P is made for that.
    private(set) var isHeld = false
    /// The step that led to x.
    var step: Pending?
    /// Steps that P made too long, one after the other.
    private(set) var cuts = 0
    /// All that can be had from samples is there: the rest of the run looks at all rows.
    var isOver = false
    /// Newton steps on all rows come then; ‖∇ℓ‖²_P before the last of them.
    var isTail = true
    var tailNorm: Double?
    /// The run ended by the curvature at the gradient of all rows.
    var isProof = false
    /// What the run ended by.
    var passed: SampleTest?

    /// Rows a parameter of the first sample: enough to know the curvature by.
    private static let rowsPerParameter = 20
    /// How many first samples the rows must be worth: few rows are soon read.
    static let fewestSamples = 10
    /// How much a sample grows by at once.
    private static let factor = 4
    /// What a Newton step leaves of the squared gradient, about.
    static let rest = 0.1
    /// Share of the tolerance that the sample's own gap should be when it is tested.
    private static let aim = 0.25
    /// Share of all rows that a sample may be; and where its rows cannot tell enough to end the run.
    private static let (most, mostOfBlind) = (0.6, 0.2)
    /// Share of itself by which the loss of all rows may differ from that of a sample that stands for them.
    static let likeness = 0.05
    private static let mostCuts = 3
    /// Trials of a step.
    static let mostTrials = 10

    static func firstSize(parameters: Int) -> Int { max(1000, rowsPerParameter * parameters) }

    init(size: Int, start: Int) {
        sizes = [size]
        self.start = start
    }

    var size: Int { sizes[sizes.count - 1] }
    var isFirst: Bool { sizes.count == 1 }

    /// Rows that a curvature is estimated from: more where fewer have led astray.
    var curvatureRows: Int { min(size, max(sizes[0], Int(0.08 * Double(size))) << (2 * cuts)) }

    /// Whoever goes on after the end makes a first step of the tail again, and a proof of his own.
    mutating func leaveTail() {
        (tailNorm, isProof) = (nil, false)
    }

    /// Takes in whether the last step was too long. After many in a row all rows are asked.
    mutating func note(isCut: Bool) {
        cuts = isCut ? cuts + 1 : 0
        if cuts == Self.mostCuts { isOver = true }
    }

    /// Takes in what the new rows of a sample tell.
    mutating func note(_ test: GapTest, of view: SampleView, population: Int) {
        self.test = test
        let (rows, fresh) = (Double(population), Double(view.freshRows))
        let rest = rows - Double(view.rows) + fresh
        guard fresh < rest else { return }
        noiseOfRow = test.noise * fresh * (rows / rest) * (rows / rest) / (1 - fresh / rest)
    }

    /// E‖∇ℓ_S − ∇ℓ‖²_P of a sample.
    func noise(rows: Int, population: Int) -> Double {
        (noiseOfRow ?? 0) * max(0, 1 / Double(max(1, rows)) - 1 / Double(population))
    }

    /// The next step is made from the same sample.
    mutating func stay() {
        lastIsFresh = false
        isLook = false
        isHeld = true
    }

    /// Decides, with a step to be made, what it is to be looked at with: the same sample, or a larger one.
    /// - Parameters:
    ///   - norm: ‖∇ℓ_S‖²_P before the step.
    ///   - noise: that of the sample.
    ///   - delta: the gap that a sample may end the run at; 0: none.
    mutating func proceed(norm: Double, noise: Double, delta: Double, population: Int) {
        stay()
        isHeld = false
        guard Self.rest * norm <= noise, let noiseOfRow else { return }
        // n of which ν/2 (1/n − 1/N) is the aim, and the new rows that see that.
        let all = Double(population)
        let enough = 1 / (1 / all + 2 * Self.aim * delta / max(noiseOfRow, .leastNormalMagnitude))
        let fresh = test?.rows(toSee: Self.aim, of: delta) ?? .infinity
        let isBlind = enough + fresh > Self.most * all
        var next = Double(Self.factor * size)
        if isBlind {
            next = min(next, Self.mostOfBlind * all)
        } else if 1.2 * Double(size) >= enough {
            next = Double(size) + max(fresh, 0.2 * Double(size))
            isLook = true
        } else if 1.5 * next > enough {
            next = enough
        }
        guard next >= 1.19 * Double(size), next <= Self.most * all else {
            isOver = true
            return
        }
        sizes.append(Int(next))
        lastIsFresh = true
    }

    struct Pending: Codable {
        @Stored var origin: [Float]
        @Stored var direction: [Float]
        var length: Double
        /// The objective of the sample that it was made from, at the origin, and ⟨∇, d⟩.
        var loss: Double
        var slope: Double
    }
}

/// Why a run ended before it had seen all rows.
public struct SampleTest: Codable, Sendable, Equatable {
    /// Rows in the sample, and those of them that no step had been made from.
    public var rows: Int
    public var newRows: Int
    /// ℓ(x) − ℓ* is at most this, in units of the objective, with `confidence`.
    public var bound: Double
    public var confidence: Double
}
