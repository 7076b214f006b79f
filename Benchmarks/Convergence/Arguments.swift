import BigBatch

struct Arguments {
    var data = ""
    var only: [String] = []
    var steps = [StepKind.auto]
    var seeds = 5
    /// Those after the first are for `--timed`.
    var tolerances: [Double] = []
    var trace = false
    /// Runs for `Coverage.swift`; 0: none.
    var starts = 0
    /// For `sgd` and `fixed`.
    var batch: Int?
    var stepSize: Double?
    var stepDecay: Double?
    var epochs = 300.0
    var intercept = true
    var threads = 1
    /// f*, instead of the known or computed one.
    var optimum: Double?
    /// Times the runs (see `Timing.swift`).
    var timed = false
    var seed: UInt64 = 1
    var repeats = 3
    var json: String?
    /// File for the parameters of the last timed run: 32-bit floats.
    var parameters: String?

    init(_ words: [String]) {
        var index = 1
        func value() -> String {
            index += 1
            return index < words.count ? words[index] : ""
        }
        func list() -> [String] { value().split(separator: ",").map(String.init) }
        while index < words.count {
            switch words[index] {
            case "--data": data = value()
            case "--only": only = list()
            case "--steps": steps = list().compactMap { StepKind(rawValue: $0) }
            case "--seeds": seeds = Int(value()) ?? 5
            case "--tolerance": tolerances = list().compactMap { Double($0) }
            case "--trace": trace = true
            case "--coverage": starts = Int(value()) ?? 20
            case "--batch": batch = Int(value())
            case "--step-size": stepSize = Double(value())
            case "--step-decay": stepDecay = Double(value())
            case "--epochs": epochs = Double(value()) ?? 300
            case "--no-intercept": intercept = false
            case "--threads": threads = Int(value()) ?? 1
            case "--optimum": optimum = Double(value())
            case "--timed": timed = true
            case "--seed": seed = UInt64(value()) ?? 1
            case "--repeats": repeats = Int(value()) ?? 3
            case "--json": json = value()
            case "--parameters": parameters = value()
            default: print("unknown option \(words[index])")
            }
            index += 1
        }
    }

    func configuration(_ problem: Problem, seed: UInt64) -> TrainerConfiguration {
        var result = TrainerConfiguration()
        result.l2 = problem.l2
        result.maxEpochs = epochs
        if let batch { result.initialBatchSize = batch }
        result.stepSize = stepSize
        if let stepDecay { result.stepDecay = stepDecay }
        result.seed = seed
        if let tolerance = tolerances.first { result.tolerance = tolerance }
        return result
    }
}
