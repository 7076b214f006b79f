import BigBatch
import Cluster
import Datasets
import Evaluation
import MPI
import Models
import Platform
import Telemetry

/// One training run of a pilot on one group of ranks. All ranks of the group hold one and call `run` together.
package struct PilotTrial {
    package let assignment: Assignment
    package let configuration: TrainerConfiguration
    package let data: GroupData
    package let group: any Communicator
    package let specification: ModelSpecification
    package let labels: LabelEncoding
    package let threads: Int
    /// The objective aimed at, once it is known.
    package let target: Double?
    /// λ of the objective that runs are compared by.
    package let l2: Double

    package init(
        assignment: Assignment, configuration: TrainerConfiguration, data: GroupData, group: any Communicator,
        specification: ModelSpecification, labels: LabelEncoding, threads: Int, target: Double?, l2: Double
    ) {
        self.assignment = assignment
        self.configuration = configuration
        self.data = data
        self.group = group
        self.specification = specification
        self.labels = labels
        self.threads = threads
        self.target = target
        self.l2 = l2
    }

    /// Looks for the picture at about this many points of a run.
    private static let points = 6
    /// Repeats that tell what their iterations did.
    private static let repeatsWithWork = 20

    package func run(_ model: some Model) throws -> PilotRun {
        let counting = CountingCommunicator(group)
        let recorder = RunRecorder(
            communicator: counting, rows: data.training.order.count, parameterCount: model.parameterCount)
        let watch = TargetWatch(
            recorder: recorder,
            target: assignment.purpose == .measurement && assignment.method.needsTuning ? target : nil
        ) { try objective(model, at: $0) }
        try group.barrier()
        let start = monotonicSeconds()
        let trainer = Trainer(
            model: model, dataset: data.training, communicator: counting, configuration: configuration)
        recorder.preparation = monotonicSeconds() - start
        let result = try trainer.run(
            observer: watch, stopRequested: { watch.hasReached || Signals.received != 0 })
        let seconds = monotonicSeconds() - start - recorder.excluded - watch.excluded
        if let failure = watch.failure { throw failure }

        var run = PilotRun(
            method: assignment.method, ranks: group.size, candidate: assignment.candidate, number: assignment.number,
            seconds: try group.broadcastValue(seconds),
            stopReason: watch.hasReached ? "target" : result.stopReason.rawValue, gradientPasses: result.gradientPasses,
            curve: [], work: [], workSeconds: 0)
        let final = try objective(model, at: result.parameters)
        if final.isFinite { run.objective = final }
        if case .tuning = assignment.purpose { return run }
        run.curve = try curve(model, recorder, end: (run.seconds, final, result.gradientPasses))
        run.secondsToTarget = target.flatMap { CurvePoint.seconds(to: $0, in: run.curve) }
        run.workSeconds = run.secondsToTarget ?? run.seconds
        // Enough for `plan`; hundreds of repeats would make the file large.
        if assignment.number < Self.repeatsWithWork { run.work = recorder.work(until: run.workSeconds) }
        if assignment.number == 0, assignment.purpose == .measurement, final.isFinite {
            try judge(&run, result.parameters)
        }
        return run
    }

    /// Objectives at some of the moments kept: those that bracket the target, and for a first run some more for the
    /// picture. One evaluation each.
    private func curve(
        _ model: some Model, _ recorder: RunRecorder, end: (seconds: Double, objective: Double, passes: Double)
    ) throws -> [CurvePoint] {
        let snapshots = recorder.snapshots.map { recorder.placed($0) }
        var found: [Int: Double] = [:]
        func look(_ index: Int) throws -> Double {
            if let known = found[index] { return known }
            // The moment is rank 0's: other ranks have kept others.
            let value = try objective(model, at: snapshots[index].parameters)
            found[index] = value
            return value
        }
        if let target, end.objective <= target {
            var (low, high) = (-1, snapshots.count)
            while high - low > 1 {
                let middle = (low + high) / 2
                if try look(middle) <= target { high = middle } else { low = middle }
            }
        }
        if target == nil || assignment.number == 0, !snapshots.isEmpty {
            let step = max(1, (snapshots.count + Self.points - 1) / Self.points)
            for index in stride(from: 0, to: snapshots.count, by: step) { _ = try look(index) }
        }
        var points = found.sorted { $0.key < $1.key }.filter { $0.value.isFinite }.map {
            CurvePoint(seconds: snapshots[$0.key].seconds, objective: $0.value, passes: snapshots[$0.key].passes)
        }
        if end.objective.isFinite {
            points.append(CurvePoint(seconds: end.seconds, objective: end.objective, passes: end.passes))
        }
        return points
    }

    /// The regularised objective over all rows trained on, in the units of the data; the same number on every rank of the
    /// group.
    private func objective(_ model: some Model, at parameters: [Float]) throws -> Double {
        let loss = parameters.withUnsafeBufferPointer { model.loss(data.training.all, at: $0) }
        let mean = try group.allreduce(loss, .sum) / Double(max(1, data.training.order.count))
        let squares = parameters.prefix(model.penalisedCount).reduce(0.0) { $0 + Double($1) * Double($1) }
        return try group.broadcastValue((mean + l2 / 2 * squares) * labels.scale.lossUnit)
    }

    private func judge(_ run: inout PilotRun, _ parameters: [Float]) throws {
        guard let validation = data.validation else { return }
        let trained = try TrainedModel(
            specification, parameters: parameters, labels: labels, threads: threads)
        let quality = try Quality.measure(trained, on: validation, communicator: group)
        run.validationLoss = quality.loss
        run.accuracy = quality.accuracy
        run.score = quality.text
    }
}

extension CurvePoint {
    /// When a curve first comes down to `target`, by a straight line between its points; nil: it does not.
    package static func seconds(to target: Double, in curve: [CurvePoint]) -> Double? {
        guard let index = curve.firstIndex(where: { $0.objective <= target }) else { return nil }
        guard index > 0 else { return curve[0].seconds }
        let (above, below) = (curve[index - 1], curve[index])
        let part = (above.objective - target) / (above.objective - below.objective)
        return above.seconds + part * (below.seconds - above.seconds)
    }
}

/// Passes a run on to its recorder and, for methods that do not stop by themselves, ends it at the target.
private final class TargetWatch: TrainingObserver {
    private let recorder: RunRecorder
    private let target: Double?
    private let objective: ([Float]) throws -> Double
    private var seconds = 0.0
    private var passes = 0.0
    private var nextLook = 0.02
    private(set) var hasReached = false
    private(set) var failure: (any Error)?
    /// Seconds spent in evaluations.
    private(set) var excluded = 0.0

    init(recorder: RunRecorder, target: Double?, objective: @escaping ([Float]) throws -> Double) {
        self.recorder = recorder
        self.target = target
        self.objective = objective
    }

    func iterationDidEnd(_ record: IterationRecord) {
        var record = record
        record.seconds -= excluded
        seconds = record.seconds
        passes = record.gradientPasses
        recorder.iterationDidEnd(record)
    }

    /// Looks whenever another tenth of the passes so far is made: a count that all ranks share.
    func parametersDidChange(_ parameters: [Float]) {
        recorder.parametersDidChange(parameters)
        guard let target, passes >= nextLook, !hasReached, failure == nil else { return }
        nextLook = 1.1 * passes
        let start = monotonicSeconds()
        do {
            hasReached = try objective(parameters) <= target
        } catch {
            failure = error
        }
        excluded += monotonicSeconds() - start
    }
}
