import Kernels
import Models

/// Rows by how much each may matter: strata by powers of 4 of N·q_i, from which a sample takes rows in proportion to q.
///
/// q_i ∝ ⅓ ‖x̂_i‖²/mean + ⅓ + ⅓ r_i, x̂ the features in units of their root mean squares, r of classes N/(C · rows of the class)
/// and of values |y_i − ȳ|/mean: a row that alone holds a rare category or class, or a label far from all others, is in every
/// sample. Within a stratum any order is as good as another, so the one seeded order serves all of them: a sample of n rows is,
/// for every stratum, those of its rows that stand in an interval of positions, and a larger sample holds all of a smaller one.
struct RowStrata {
    static let count = 6
    /// New rows of every stratum at each growth of a sample, at least, about: a stratum without any would be missing in the test.
    private static let fewest = 16

    /// N·q_i of this rank's rows.
    let chances: AlignedBuffer<Float>
    /// This rank's rows of each stratum, in ascending order; none of the largest one, which has the others.
    private let members: [[Int32]]
    private let largest: Int
    /// N_h.
    let sizes: [Int]
    /// Σ q_i over stratum h.
    let shares: [Double]

    var population: Int { sizes.reduce(0, +) }

    init(chances: AlignedBuffer<Float>, sizes: [Int], shares: [Double]) {
        self.chances = chances
        self.sizes = sizes
        self.shares = shares
        let largest = sizes.indices.max { sizes[$0] < sizes[$1] } ?? 0
        var members = [[Int32]](repeating: [], count: Self.count)
        for row in 0..<chances.count {
            let stratum = Self.stratum(Double(chances.pointer[row]))
            if stratum != largest { members[stratum].append(Int32(truncatingIfNeeded: row)) }
        }
        self.largest = largest
        self.members = members
    }

    /// Rows of stratum h among `rows` of this rank, as runs of neighbours.
    func runs(ofStratum h: Int, in rows: Range<Int>, into runs: inout [Range<Int>]) {
        func add(_ run: Range<Int>) {
            if let last = runs.last, last.upperBound == run.lowerBound {
                runs[runs.count - 1] = last.lowerBound..<run.upperBound
            } else if !run.isEmpty {
                runs.append(run)
            }
        }
        guard h == largest else {
            let list = members[h]
            for index in Self.index(in: list, of: rows.lowerBound)..<Self.index(in: list, of: rows.upperBound) {
                add(Int(list[index])..<Int(list[index]) + 1)
            }
            return
        }
        var start = rows.lowerBound
        for row in rows where Self.stratum(Double(chances.pointer[row])) != h {
            add(start..<row)
            start = row + 1
        }
        add(start..<rows.upperBound)
    }

    /// Of the first element that is not below `row`.
    private static func index(in list: [Int32], of row: Int) -> Int {
        var (low, high) = (0, list.count)
        while low < high {
            let middle = (low + high) / 2
            if Int(list[middle]) < row { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Positions, from that of the first batch on, in which a sample of about n rows has all rows of each stratum.
    /// - Parameter growths: of the sample before.
    func windows(rows n: Int, growths: Int = 0) -> [Int] {
        let population = population
        return sizes.indices.map { h in
            let wanted = max(Double(Self.fewest * (1 + growths)), Double(n) * shares[h])
            if wanted >= 0.9 * Double(sizes[h]) { return population }
            return min(population, Int((Double(population) * wanted / Double(sizes[h])).rounded(.up)))
        }
    }

    /// The stratum of N·q: [½, 2), [2, 8), [8, 32), … and all above.
    static func stratum(_ scaledChance: Double) -> Int {
        guard scaledChance >= 2 else { return 0 }
        return min((scaledChance.exponent + 1) / 2, count - 1)
    }
}

extension Objective {
    /// What N·q is summed on, exactly: whole numbers of 2⁻¹⁰.
    private static var chanceGrid: SumGrid { SumGrid(exponent: 41) }

    /// Two reductions, and three more where labels are values. Nil where leverages are not known.
    func makeStrata(rendezvous: Rendezvous) throws -> RowStrata? {
        guard let leverages else { return nil }
        let clock = Stopwatch()
        let rows = dataset.order.localCount
        let classes = max(2, (model as? any CurvatureModel)?.classCount ?? 2)
        var own = [Double](repeating: 0, count: classes + 1)
        let labels = UnsafePointer(dataset.labels.pointer)
        for row in 0..<rows { own[Self.classIndex(labels[row], of: classes) ?? classes] += 1 }
        computeSeconds += clock.seconds
        let counts = try reducer.sums(own, kind: .strata, rendezvous: rendezvous)
        let hasClasses = counts[classes] == 0
        let present = Double(counts.dropLast().count { $0 > 0 })
        let rarity = counts.map { $0 > 0 ? Double(population) / (present * $0) : 0 }
        let (mean, deviation) = hasClasses ? (0, 0) : try spreadOfLabels(rendezvous: rendezvous)

        let second = Stopwatch()
        let chances = AlignedBuffer<Float>(count: rows)
        var sums = [Double](repeating: 0, count: 2 * RowStrata.count)
        let (sizes, target, grid) = (UnsafePointer(leverages.values.pointer), chances.pointer, Self.chanceGrid)
        for row in 0..<rows {
            let own =
                hasClasses
                ? rarity[Self.classIndex(labels[row], of: classes) ?? 0]
                : deviation > 0 ? abs(Double(labels[row]) - mean) / deviation : 1
            let chance = (Double(sizes[row]) / leverages.mean + 1 + own) / 3
            let stratum = RowStrata.stratum(chance)
            target[row] = Float(chance)
            sums[stratum] += 1
            sums[RowStrata.count + stratum] += grid.round(min(chance, 0x1p30))
        }
        computeSeconds += second.seconds
        let found = try reducer.sums(sums, kind: .strata, rendezvous: rendezvous)
        let scaled = found.suffix(RowStrata.count)
        let total = scaled.reduce(0, +)
        return RowStrata(
            chances: chances, sizes: found.prefix(RowStrata.count).map { Int($0) },
            shares: scaled.map { $0 / total })
    }

    /// Two classes may be −1 and 1.
    private static func classIndex(_ label: Float, of classes: Int) -> Int? {
        if classes == 2, label == -1 { return 0 }
        guard label >= 0, label < Float(classes) else { return nil }
        let index = Int32(label)
        return Float(index) == label ? Int(index) : nil
    }

    /// The labels' mean and their mean distance from it.
    private func spreadOfLabels(rendezvous: Rendezvous) throws -> (mean: Double, deviation: Double) {
        let labels = dataset.labels.elements.prefix(dataset.order.localCount)
        let largest = labels.reduce(0.0) { max($0, abs(Double($1))) }
        let exponent = try Int(reducer.maxima([Int32(SumGrid.exponent(above: largest))])[0])
        let grid = SumGrid(exponent: exponent + 1 + SumGrid.exponent(above: Double(population)))
        func mean(_ term: (Float) -> Double) throws -> Double {
            let own = labels.reduce(0.0) { $0 + grid.round(term($1)) }
            return try reducer.sum(own, kind: .strata, rendezvous: rendezvous) / Double(population)
        }
        let centre = try mean { Double($0) }
        return (centre, try mean { abs(Double($0) - centre) })
    }
}
