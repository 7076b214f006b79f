import ArgumentParser
import MPI
import Models
import Planning

extension PilotMethod: ExpressibleByArgument {}

struct PilotCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "pilot",
        abstract: "Find out with your data on your cluster what to run, what it costs, and whether more nodes pay.",
        discussion: """
            Examples:
              mpirun -n 8 crescendo pilot data.svm --budget 5m --price 2.5
              srun --mpi=pmix crescendo pilot data.svm --output pilot --hourly-wage 60
              crescendo plan pilot/pilot.json --ranks 16,64,256

            Trains a sample of the data with SGD (small constant batch, decaying step), a large constant batch, and \
            growing batches of four kinds, on 1, 2, 4, … of the ranks, again and again until the budget is spent. Step \
            sizes that need tuning are tuned, and what that takes is counted. All are measured by the time until the \
            same objective. Where the runs do not tell two ways apart, it says so and recommends the default. Writes \
            pilot.html, with a recommendation, and pilot.json, from which `crescendo plan` predicts other numbers of ranks.
            """)

    @Argument(help: ArgumentHelp("Data files.", valueName: "data"), completion: .file())
    var data: [String] = []

    @Option(
        help: ArgumentHelp(
            "What the pilot may spend: time as 90, 5m, 1h, reading included, or passes over the data as 300passes "
                + "(default: 3m).", valueName: "budget"))
    var budget: PilotBudget?

    @Option(
        help: ArgumentHelp(
            "Folder for pilot.html and pilot.json (default: a fresh one, pilots/NAME-TIME).", valueName: "folder"))
    var output: String?

    @Flag(help: "Replace the pilot that is in --output.")
    var overwrite = false

    @Option(
        help: ArgumentHelp("Price of one node for one hour, in any currency (default: none).", valueName: "price"),
        transform: NumberRange.nonNegative.parse)
    var price: Double?

    @Option(
        help: ArgumentHelp(
            "What an hour of the person who tunes costs, in the same currency (default: none).", valueName: "wage"),
        transform: NumberRange.nonNegative.parse)
    var hourlyWage: Double?

    @Option(
        help: ArgumentHelp(
            "Hours of work that tuning a step size takes a person, machine time apart (default: 1).",
            valueName: "hours"),
        transform: NumberRange.nonNegative.parse)
    var tuningHours: Double?

    @Option(
        help: ArgumentHelp(
            "How near to the best objective all must come: its relative distance (default: 0.001; networks: 0.05).",
            valueName: "tolerance"),
        transform: NumberRange.positive.parse)
    var tolerance: Double?

    @Option(
        help: ArgumentHelp(
            "Compare these only, of auto, bb, armijo, fixed, large, sgd (default: all).", valueName: "methods"),
        transform: { text in
            try text.split(separator: ",").map { word in
                guard let method = PilotMethod(rawValue: String(word)) else {
                    throw ValidationError(
                        "there is no method '\(word)'; choose from "
                            + PilotMethod.allCases.map(\.rawValue).joined(separator: ", "))
                }
                return method
            }
        })
    var methods: [PilotMethod]?

    @Option(
        help: ArgumentHelp(
            "Numbers of ranks to compare, as 1,4,16 (default: 1, 2, 4, … and all).", valueName: "counts"),
        transform: parseCounts)
    var ranks: [Int]?

    @Option(
        help: ArgumentHelp(
            "Rows to train on (default: all that the budget and the memory of one rank allow).", valueName: "rows"),
        transform: parseCount(atLeast: 2))
    var sample: Int?

    @Option(
        help: ArgumentHelp(
            "Share of the rows held back to measure the score (default: 0.1).", valueName: "fraction"),
        transform: NumberRange.fraction.parse)
    var validation: Double?

    @Option(
        help: ArgumentHelp("Number that decides the order of rows (default: 0).", valueName: "number"),
        transform: parseSeed)
    var seed: UInt64?

    @Option(
        help: ArgumentHelp(
            "Threads per rank (default: SLURM_CPUS_PER_TASK, else OMP_NUM_THREADS, else 1).", valueName: "count"),
        transform: parseCount(atLeast: 1))
    var threads: Int?

    @Flag(help: "Print warnings and errors only.")
    var quiet = false

    @Option(
        help: ArgumentHelp("End the job when a rank does not answer for this long (default: 10m).", valueName: "time"))
    var stallTimeout: StallTimeout?

    @Option(
        help: ArgumentHelp(
            "Memory one rank may take, e.g. 4GB (default: what the node has, shared by its ranks).",
            valueName: "size"))
    var memoryLimit: ByteCount?

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Reading") var reading: ReadingOptions
}

extension PilotCommand {
    static let traits: Set<CommandTrait> = [.needsRanks, .listensEarly, .keepsFiles]

    func check() throws {
        if data.isEmpty { throw OptionsError(text: "No data given. Name the data files: crescendo pilot data.svm") }
        if data.contains("-") { throw OptionsError(text: "pilot reads files, not standard input.") }
        if model.l2 == .auto {
            throw OptionsError(
                text: "--l2 auto: a pilot measures runs of one λ. Give --l2 a number, or leave it out for 1/N.")
        }
        if methods?.isEmpty == true { throw OptionsError(text: "--methods names none: leave it out for all.") }
        do {
            _ = try model.description
        } catch let error as ModelError {
            throw OptionsError(text: "--network: \(error)")
        }
    }

    func run(on world: any Communicator) throws -> Int32 { try PilotJob(command: self, world: world).run() }
}

/// `--ranks`: whole numbers from 1, in ascending order, each once.
let parseCounts: @Sendable (String) throws -> [Int] = { text in
    let counts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard !counts.isEmpty, counts.allSatisfy({ ($0 ?? 0) >= 1 }) else {
        throw ValidationError("expected whole numbers, 1 or above, as 1,2,4")
    }
    return Set(counts.compactMap { $0 }).sorted()
}

/// `--budget`: time, or passes over the data.
struct PilotBudget: ExpressibleByArgument, Equatable {
    enum Unit: String { case seconds, passes }

    var unit: Unit
    var amount: Double

    static let standard = PilotBudget(unit: .seconds, amount: 180)

    init(unit: Unit, amount: Double) {
        self.unit = unit
        self.amount = amount
    }

    init?(argument: String) {
        for ending in ["passes", "pass"] where argument.hasSuffix(ending) {
            let number = argument.dropLast(ending.count).filter { $0 != " " }
            guard let amount = Double(number), amount > 0, amount.isFinite else { return nil }
            self.init(unit: .passes, amount: amount)
            return
        }
        guard let span = TimeSpan(argument: argument) else { return nil }
        self.init(unit: .seconds, amount: span.seconds)
    }

    var text: String {
        unit == .seconds ? "\(amount) seconds" : "\(amount) passes"
    }
}
