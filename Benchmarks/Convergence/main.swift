// How fast and how surely runs converge: for every problem, step rule and seed, the passes and reductions to a relative
// gap (f − f*)/f*, and the gap at which the run stopped by itself.
//
//     swift run -c release convergence --data DIR [--only covtype-1e-4,…] [--steps auto,armijo,bb] [--seeds 10]
//         [--tolerance 1e-8] [--trace] [--batch 128 --step-size 0.3 --step-decay 10 --epochs 1]
//
// f is evaluated on all rows after every iteration by this program; that is not counted in the passes.

import BigBatch
import Datasets
import Glibc
import Kernels
import MPI
import Models

struct Arguments {
    var data = ""
    var only: [String] = []
    var steps = [StepKind.auto]
    var seeds = 5
    var tolerance: Double?
    var trace = false
    /// For `sgd` and `fixed`.
    var batch: Int?
    var stepSize: Double?
    var stepDecay: Double?
    var epochs = 300.0

    init(_ words: [String]) {
        var index = 1
        func value() -> String {
            index += 1
            return index < words.count ? words[index] : ""
        }
        while index < words.count {
            switch words[index] {
            case "--data": data = value()
            case "--only": only = value().split(separator: ",").map(String.init)
            case "--steps": steps = value().split(separator: ",").compactMap { StepKind(rawValue: String($0)) }
            case "--seeds": seeds = Int(value()) ?? 5
            case "--tolerance": tolerance = Double(value())
            case "--trace": trace = true
            case "--batch": batch = Int(value())
            case "--step-size": stepSize = Double(value())
            case "--step-decay": stepDecay = Double(value())
            case "--epochs": epochs = Double(value()) ?? 300
            default: print("unknown option \(words[index])")
            }
            index += 1
        }
    }
}

/// Follows the true objective and notes when a gap is first reached.
final class GapFollower<M: Model>: TrainingObserver {
    static var gaps: [Double] { [1e-2, 1e-3, 1e-4, 1e-5] }

    let model: M
    let dataset: Dataset
    let l2: Double
    let optimum: Double
    let trace: Bool
    var firstReached = [(passes: Double, features: Double, allreduces: Int)?](repeating: nil, count: 4)
    var finalGap = Double.infinity
    var fullBatchFrom: Double?
    private var record = IterationRecord()

    init(model: M, dataset: Dataset, l2: Double, optimum: Double, trace: Bool) {
        self.model = model
        self.dataset = dataset
        self.l2 = l2
        self.optimum = optimum
        self.trace = trace
    }

    func iterationDidEnd(_ record: IterationRecord) {
        self.record = record
        if fullBatchFrom == nil, record.batchSize == dataset.order.count { fullBatchFrom = record.gradientPasses }
    }

    func parametersDidChange(_ parameters: [Float]) {
        // Small constant batches make thousands of iterations: looking at every hundredth is enough.
        if record.batchSize < 200, record.iteration > 100, record.iteration % 100 != 0 { return }
        finalGap = (objective(model, dataset, l2, parameters) - optimum) / optimum
        for (index, gap) in Self.gaps.enumerated() where firstReached[index] == nil && finalGap <= gap {
            firstReached[index] = (record.gradientPasses, record.featurePasses, record.allreduces)
        }
        if trace {
            print(
                record.iteration, record.batchSize, brief(record.gradientPasses), record.allreduces, "f",
                brief(record.loss), "α", brief(record.stepSize), "snr", brief(record.signalToNoise), "gap",
                brief(finalGap))
        }
    }
}

func objective<M: Model>(_ model: M, _ dataset: Dataset, _ l2: Double, _ x: [Float]) -> Double {
    let loss = x.withUnsafeBufferPointer { model.loss(dataset.all, at: $0) }
    let squared = x.prefix(model.penalisedCount).reduce(0.0) { $0 + Double($1) * Double($1) }
    return loss / Double(dataset.order.count) + l2 / 2 * squared
}

func brief(_ value: Double) -> String {
    guard value.isFinite else { return "-" }
    if value == 0 { return "0" }
    let digits = 3
    let magnitude = floor(log10(abs(value)))
    let unit = pow(10, magnitude - Double(digits - 1))
    let rounded = (value / unit).rounded() * unit
    if magnitude < -3 || magnitude > 5 {
        return "\((rounded / pow(10, magnitude) * 100).rounded() / 100)e\(Int(magnitude))"
    }
    return String(String(rounded).prefix(8))
}

func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
}

func report<M: Model>(_ problem: Problem, _ model: M, load: (UInt64) throws -> Dataset, _ arguments: Arguments) throws {
    func configuration(_ seed: Int) -> TrainerConfiguration {
        var result = TrainerConfiguration()
        result.l2 = problem.l2
        result.maxEpochs = arguments.epochs
        if let batch = arguments.batch { result.initialBatchSize = batch }
        result.stepSize = arguments.stepSize
        if let decay = arguments.stepDecay { result.stepDecay = decay }
        result.seed = UInt64(seed)
        if let tolerance = arguments.tolerance { result.tolerance = tolerance }
        return result
    }
    var optimum = problem.optimum ?? .infinity
    if problem.optimum == nil {
        var exact = configuration(1)
        exact.tolerance = 1e-13
        exact.initialBatchSize = .max
        exact.maxEpochs = 3000
        let result = try Trainer(
            model: model, dataset: load(1), communicator: SoloCommunicator(), configuration: exact
        ).run()
        optimum = result.objective
        print("\(problem.name): f* = \(optimum) after \(result.iterations) iterations (\(result.stopReason))")
    }
    for step in arguments.steps {
        var followers: [GapFollower<M>] = []
        var results: [TrainingResult] = []
        for seed in 1...arguments.seeds {
            var settings = configuration(seed)
            settings.step = step
            let dataset = try load(UInt64(seed))
            let follower = GapFollower(
                model: model, dataset: dataset, l2: problem.l2, optimum: optimum, trace: arguments.trace)
            let trainer = Trainer(
                model: model, dataset: dataset, communicator: SoloCommunicator(), configuration: settings)
            results.append(try trainer.run(observer: follower))
            followers.append(follower)
        }
        print("\(problem.name) \(step.rawValue): median / worst over \(arguments.seeds) seeds")
        for (index, gap) in GapFollower<M>.gaps.enumerated() {
            let reached = followers.map { $0.firstReached[index] }
            let passes = reached.map { $0?.passes ?? .infinity }
            let reductions = reached.map { $0.map { Double($0.allreduces) } ?? .infinity }
            print(
                "  to \(gap): passes \(brief(median(passes))) / \(brief(passes.max() ?? .nan)), allreduces "
                    + "\(brief(median(reductions))) / \(brief(reductions.max() ?? .nan))")
        }
        let gaps = followers.map(\.finalGap)
        let passes = results.map(\.gradientPasses)
        let times = results.map(\.seconds)
        print(
            "  stop: gap \(brief(median(gaps))) / \(brief(gaps.max() ?? .nan)), passes \(brief(median(passes))) / "
                + "\(brief(passes.max() ?? .nan)), allreduces \(brief(median(results.map { Double($0.allreduces) }))), "
                + "feature passes \(brief(median(results.map(\.featurePasses)))), full batch from "
                + "\(brief(median(followers.map { $0.fullBatchFrom ?? .infinity }))), compute s "
                + "\(brief(median(results.map(\.computeSeconds)))), "
                + Set(results.map(\.stopReason.rawValue)).sorted().joined(separator: "/"))
        _ = times
    }
}

func scaled(_ dataset: Dataset, by factor: Double) -> Dataset {
    guard factor != 1 else { return dataset }
    let squared = Float(factor * factor)
    for index in 0..<dataset.squaredNorms.count { dataset.squaredNorms[index] *= squared }
    switch dataset.features {
    case .dense(let matrix):
        for index in 0..<matrix.storage.count { matrix.storage[index] *= Float(factor) }
    case .sparse(let matrix):
        for index in 0..<matrix.nonZeros { matrix.values[index] *= Float(factor) }
    }
    return dataset
}

func run(_ problem: Problem, _ arguments: Arguments) throws {
    let solo = SoloCommunicator()
    var classes = 0
    func load(_ seed: UInt64) throws -> Dataset {
        let table = try DistributedTable.read([arguments.data + "/" + problem.file], communicator: solo)
        var options = AssemblyOptions()
        options.seed = seed
        options.standardization = StandardizationKind(rawValue: problem.standardize)
        let data = try table.assembleTraining(labels: problem.model == "ridge" ? .values : .classes, options: options)
        classes = data.preprocessing.labels.classCount
        return scaled(data.training, by: problem.scale)
    }
    var cache: [UInt64: Dataset] = [1: try load(1)]
    let features = cache[1]?.features.columns ?? 0
    func cached(_ seed: UInt64) throws -> Dataset {
        if let dataset = cache[seed] { return dataset }
        let dataset = try load(seed)
        if arguments.steps.count > 1, dataset.features.rows < 200_000 { cache[seed] = dataset }
        return dataset
    }
    switch problem.model {
    case "ridge":
        try report(problem, LinearModel(SquaredError(), featureCount: features), load: cached, arguments)
    case "logistic":
        try report(problem, LinearModel(LogisticLoss(), featureCount: features), load: cached, arguments)
    default:
        try report(
            problem, LinearModel(SoftmaxLoss(classes: classes), featureCount: features), load: cached, arguments)
    }
}

let arguments = Arguments(CommandLine.arguments)
for problem in problems where arguments.only.isEmpty || arguments.only.contains(problem.name) {
    do { try run(problem, arguments) } catch { print("\(problem.name): \(error)") }
}
