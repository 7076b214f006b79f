// How fast and how surely runs converge: for every problem, step rule and seed, the passes and reductions to a relative
// gap (f − f*)/f*, and the gap at which the run stopped by itself.
//
//     swift run -c release convergence --data DIR [--only covtype-1e-4,…] [--steps auto,armijo,bb] [--seeds 10]
//         [--tolerance 1e-8] [--trace] [--batch 128 --step-size 0.3 --step-decay 10 --epochs 1]
//         [--no-intercept] [--threads 2] [--optimum F]
//
// f is evaluated on all rows after every iteration by this program; that is not counted in the passes.
//
//     convergence --data DIR --coverage 50 --tolerance 1e-2,1e-3 [--only …]
//
// counts how many runs that a sample ended were within their tolerance.
//
//     mpirun -n 2 convergence --timed --data DIR --only covtype-1e-4 --no-intercept --optimum F --tolerance 1e-3,1e-5
//         [--threads 2] [--seed 1] [--repeats 3] [--json FILE] [--parameters FILE]
//
// times one problem on all ranks: seconds from loaded data to relative gaps, for the first run in the process and repeats.

import BigBatch
import Datasets
import Glibc
import Kernels
import MPI
import Models

/// f* as given, as known, or from a run with a tiny tolerance.
func optimum<M: Model>(
    of problem: Problem, _ model: M, on dataset: Dataset, _ communicator: any Communicator, _ arguments: Arguments
) throws -> Double {
    if let given = arguments.optimum { return given }
    if arguments.intercept, let known = problem.optimum { return known }
    var exact = arguments.configuration(problem, seed: 1)
    exact.tolerance = 1e-13
    exact.initialBatchSize = .max
    exact.maxEpochs = 3000
    let result = try Trainer(model: model, dataset: dataset, communicator: communicator, configuration: exact).run()
    if communicator.rank == 0 {
        print(
            "\(problem.name): f* = \(result.objective) after \(result.iterations) iterations (\(result.stopReason))")
    }
    return result.objective
}

func report<M: Model>(_ problem: Problem, _ model: M, load: (UInt64) throws -> Dataset, _ arguments: Arguments) throws {
    let optimum = try optimum(of: problem, model, on: load(1), SoloCommunicator(), arguments)
    for step in arguments.steps {
        var followers: [GapFollower<M>] = []
        var results: [TrainingResult] = []
        for seed in 1...arguments.seeds {
            var settings = arguments.configuration(problem, seed: UInt64(seed))
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

func load(_ problem: Problem, _ arguments: Arguments, seed: UInt64, _ communicator: any Communicator) throws -> (
    Dataset, classes: Int
) {
    let table = try DistributedTable.read([arguments.data + "/" + problem.file], communicator: communicator)
    var options = AssemblyOptions()
    options.seed = seed
    options.standardization = StandardizationKind(rawValue: problem.standardize)
    let data = try table.assembleTraining(labels: problem.model == "ridge" ? .values : .classes, options: options)
    return (scaled(data.training, by: problem.scale), data.preprocessing.labels.classCount)
}

func run(_ problem: Problem, _ arguments: Arguments, _ world: any Communicator) throws {
    let start = ContinuousClock.now
    let first = arguments.timed ? arguments.seed : 1
    let (dataset, classes) = try load(problem, arguments, seed: first, world)
    let loadSeconds = (ContinuousClock.now - start) / .seconds(1)
    var cache = [first: dataset]
    func cached(_ seed: UInt64) throws -> Dataset {
        if let dataset = cache[seed] { return dataset }
        let (dataset, _) = try load(problem, arguments, seed: seed, world)
        if arguments.steps.count > 1, dataset.features.rows < 200_000 { cache[seed] = dataset }
        return dataset
    }
    func serve(_ loss: some MarginLoss) throws {
        let model = LinearModel(
            loss, featureCount: dataset.features.columns, hasIntercept: arguments.intercept, threads: arguments.threads)
        if arguments.starts > 0 {
            let optimum = try optimum(of: problem, model, on: dataset, world, arguments)
            return try cover(problem, model, dataset, optimum: optimum, arguments)
        }
        guard arguments.timed else { return try report(problem, model, load: cached, arguments) }
        let optimum = try optimum(of: problem, model, on: dataset, world, arguments)
        var timing = Timing(problem, model, dataset, optimum: optimum, communicator: world)
        try timing.measure(arguments, loadSeconds: loadSeconds)
    }
    switch problem.model {
    case "ridge": try serve(SquaredError())
    case "logistic": try serve(LogisticLoss())
    default: try serve(SoftmaxLoss(classes: classes))
    }
}

let arguments = Arguments(CommandLine.arguments)
let environment = try MPIEnvironment.start()
var failed = false
for problem in problems where arguments.only.isEmpty || arguments.only.contains(problem.name) {
    do {
        try run(problem, arguments, environment.world)
    } catch {
        print("\(problem.name): \(error)")
        failed = true
    }
}
if failed, environment.world.size > 1 { environment.abort("convergence: a run failed", code: 1) }
try environment.finalize()
exit(failed ? 1 : 0)
