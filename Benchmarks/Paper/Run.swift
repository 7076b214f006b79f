import BigBatch

/// What the figure shows of one run.
struct Curves {
    /// ‖∇ℓ‖ over all rows against passes.
    var norms: [(x: Double, y: Double)] = []
    /// K against the passes made when the iteration began.
    var batchSizes: [(x: Double, y: Double)] = []
    /// α likewise; iterations without a step are left out.
    var stepSizes: [(x: Double, y: Double)] = []

    /// Draws the last iteration to its end.
    fileprivate mutating func close(at passes: Double, norm: Double) {
        norms.append((passes, norm))
        if let last = batchSizes.last { batchSizes.append((passes, last.y)) }
        if let last = stepSizes.last { stepSizes.append((passes, last.y)) }
    }
}

/// How one run ended.
struct Outcome {
    /// ‖∇ℓ‖ of the last iterate that cost at most the budget; +∞ when the run diverged.
    var norm: Double
    /// Passes that iterate cost.
    var passes: Double
    var iterations: Int
    var reason: StopReason
    var seconds: Double
    var curves: Curves?
}

extension Problem {
    /// Trains for `passes` passes of N per-sample gradients. Gradients for the curves are not counted in them.
    func run(_ method: Method, _ settings: Settings, passes: Double, withCurves: Bool = false) throws -> Outcome {
        let trainer = Trainer(
            model: model, dataset: dataset, communicator: communicator,
            configuration: method.configuration(settings, passes: passes, population: population, seed: seed))
        let recorder = Recorder(
            problem: self, start: model.initialParameters(seed: seed), budget: passes, withCurves: withCurves)
        let result = try trainer.run(observer: recorder)
        if let failure = recorder.failure { throw failure }
        let norm = try fullGradientNorm(at: recorder.last)
        var curves = recorder.curves
        curves?.close(at: recorder.passes, norm: norm)
        return Outcome(
            norm: norm.isFinite ? norm : .infinity, passes: recorder.passes, iterations: result.iterations,
            reason: result.stopReason, seconds: result.seconds, curves: curves)
    }
}

/// Follows a run: its last iterate within the budget, and its curves when they are wanted.
private final class Recorder: TrainingObserver {
    private(set) var last: [Float]
    private(set) var passes = 0.0
    private(set) var curves: Curves?
    private(set) var failure: (any Error)?
    private let problem: Problem
    private let budget: Double
    private var nextNorm = 0.0
    private var isWithinBudget = true

    init(problem: Problem, start: [Float], budget: Double, withCurves: Bool) {
        self.problem = problem
        self.budget = budget
        last = start
        guard withCurves else { return }
        curves = Curves()
        measure()
    }

    func iterationDidEnd(_ record: IterationRecord) {
        isWithinBudget = record.gradientPasses <= budget
        guard isWithinBudget else { return }
        curves?.batchSizes.append((passes, Double(record.batchSize)))
        if record.stepSize > 0 { curves?.stepSizes.append((passes, record.stepSize)) }
        passes = record.gradientPasses
    }

    func parametersDidChange(_ parameters: [Float]) {
        guard isWithinBudget else { return }
        last = parameters
        if curves != nil, passes >= nextNorm { measure() }
    }

    /// Early iterations are measured often, later ones every third of a pass.
    private func measure() {
        do {
            curves?.norms.append((passes, try problem.fullGradientNorm(at: last)))
        } catch {
            failure = failure ?? error
        }
        nextNorm = passes + min(max(0.01, 0.2 * passes), 0.333)
    }
}
