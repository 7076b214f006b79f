import BigBatch
import Datasets
import MPI
import Models
import Platform
import Telemetry

/// Keeps the parameters and the time after every iteration. The copying is not part of the time; the gaps are found
/// afterwards, so that a run meets the caches as it would without this.
final class SnapshotFollower: TrainingObserver {
    private(set) var snapshots: [(seconds: Double, record: IterationRecord, parameters: [Float])] = []
    private var record = IterationRecord()
    private var copying = Duration.zero

    /// Seconds spent in copies.
    var excluded: Double { copying / .seconds(1) }

    func iterationDidEnd(_ record: IterationRecord) { self.record = record }

    func parametersDidChange(_ parameters: [Float]) {
        // Small constant batches make thousands of iterations.
        if record.batchSize < 200, record.iteration > 100, record.iteration % 25 != 0 { return }
        let seconds = record.seconds - excluded
        copying += ContinuousClock().measure {
            let copy = [Float](unsafeUninitializedCapacity: parameters.count) { target, count in
                count = target.initialize(fromContentsOf: parameters)
            }
            snapshots.append((seconds, record, copy))
        }
    }
}

/// Times runs on loaded data to relative gaps, on any number of ranks and threads, and writes what it found as JSON.
struct Timing<M: Model> {
    static var gaps: [Double] { [1e-2, 1e-3, 1e-4, 1e-6] }

    let problem: Problem
    let model: M
    let dataset: Dataset
    let optimum: Double
    let communicator: any Communicator
    /// Gaps of parameters met before: repeats of a run meet the same.
    private var known: [[Float]: Double] = [:]

    init(_ problem: Problem, _ model: M, _ dataset: Dataset, optimum: Double, communicator: any Communicator) {
        self.problem = problem
        self.model = model
        self.dataset = dataset
        self.optimum = optimum
        self.communicator = communicator
    }

    /// The run once and then `repeats` times, for each of the tolerances.
    mutating func measure(_ arguments: Arguments, loadSeconds: Double) throws {
        var runs: [JSON] = []
        for tolerance in arguments.tolerances.isEmpty ? [1e-3] : arguments.tolerances {
            var configuration = arguments.configuration(problem, seed: arguments.seed)
            configuration.tolerance = tolerance
            if let step = arguments.steps.first { configuration.step = step }
            known = [:]
            for index in 0...arguments.repeats {
                try runs.append(run(configuration, index, arguments))
            }
        }
        let document = JSON.object([
            ("problem", .string(problem.name)), ("ranks", .integer(communicator.size)),
            ("threads", .integer(arguments.threads)), ("seed", .integer(Int(arguments.seed))),
            ("optimum", .number(optimum)), ("loadSeconds", .number(loadSeconds)), ("runs", .array(runs)),
        ])
        guard communicator.rank == 0 else { return }
        if let path = arguments.json {
            try AtomicFile.write(document.indentedText, to: path)
        } else {
            print(document.indentedText)
        }
    }

    private mutating func run(_ configuration: TrainerConfiguration, _ index: Int, _ arguments: Arguments) throws
        -> JSON
    {
        let follower = SnapshotFollower()
        try communicator.barrier()
        let start = ContinuousClock.now
        let trainer = Trainer(
            model: model, dataset: dataset, communicator: communicator, configuration: configuration)
        let preparation = (ContinuousClock.now - start) / .seconds(1)
        let result = try trainer.run(observer: follower)
        let total = (ContinuousClock.now - start) / .seconds(1) - follower.excluded

        var reached: [(key: String, value: JSON)] = []
        var missing = Self.gaps[...]
        var best = Double.infinity
        for snapshot in follower.snapshots {
            let gap = try gap(at: snapshot.parameters)
            best = min(best, gap)
            while let next = missing.first, gap <= next {
                missing.removeFirst()
                reached.append(
                    (
                        "\(next)",
                        .object([
                            ("seconds", .number(snapshot.seconds + preparation)),
                            ("passes", .number(snapshot.record.gradientPasses)),
                            ("allreduces", .integer(snapshot.record.allreduces)),
                            ("communicationSeconds", .number(snapshot.record.communicationSeconds)),
                        ])
                    ))
            }
        }
        if let path = arguments.parameters, communicator.rank == 0 {
            let file = try AtomicFileWriter(path: path)
            try file.write(result.parameters.withUnsafeBytes { Array($0) })
            try file.commit()
        }
        return .object([
            ("tolerance", .number(configuration.tolerance)), ("repeat", .integer(index)), ("reached", .object(reached)),
            (
                "stop",
                .object([
                    ("seconds", .number(total)), ("gap", .number(try gap(at: result.parameters))),
                    ("bestGap", .number(best)), ("passes", .number(result.gradientPasses)),
                    ("allreduces", .integer(result.allreduces)), ("iterations", .integer(result.iterations)),
                    ("reason", .string(result.stopReason.rawValue)),
                ])
            ),
        ])
    }

    /// (f − f*)/f*, f over the rows of all ranks.
    private mutating func gap(at parameters: [Float]) throws -> Double {
        // Known everywhere or evaluated together.
        let isKnown = try communicator.allreduce(known[parameters] == nil ? 0.0 : 1.0, .minimum) == 1
        if isKnown, let gap = known[parameters] { return gap }
        let loss = parameters.withUnsafeBufferPointer { model.loss(dataset.all, at: $0) }
        let mean = try communicator.allreduce(loss, .sum) / Double(dataset.order.count)
        let squared = parameters.prefix(model.penalisedCount).reduce(0.0) { $0 + Double($1) * Double($1) }
        let gap = (mean + problem.l2 / 2 * squared - optimum) / optimum
        known[parameters] = gap
        return gap
    }
}
