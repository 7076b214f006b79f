import Datasets
import MPI
import Models

/// Trains `model` on `dataset` by the growing batch. Every rank holds one and calls `run` together.
///
/// One iteration: gradient and variance of the batch in one reduction; growth until the noise test holds; a direction; a
/// step; a decision to stop or go on. Every decision is a pure function of reduced numbers, so all ranks take the same.
public final class Trainer<M: Model> {
    let configuration: TrainerConfiguration
    let objective: Objective<M>
    let method: Method
    var growth: any BatchRule
    /// The rules of steps and of directions, with what they remember.
    var stepRule: any RunningStep
    var fullStep: any RunningFullStep
    var aim: any RunningDirection
    /// Directions that learn a norm do so from noisy batches: this one has come to its end.
    private(set) var isAimOver = false
    let stopRule: StopRule
    let validation: ValidationMonitor<M>?
    let lineSearch: LineSearch
    var state: TrainerState
    /// d of the current step.
    var direction: [Float]
    /// On all rows the gradient is exact and the objective convex: preconditioner, a step rule of its own, and a test
    /// of the gradient that ends the run. Otherwise noisy steps to the end.
    let isConvex: Bool
    /// K at most.
    let batchLimit: Int
    /// The sample of the opening: rows that came at once are a segment.
    var segments: [SampleSegment] = []
    var watch = RankWatch()
    private(set) lazy var batch = TrainingBatch(of: self)
    /// Of this rank, once it was asked for.
    var memory: MemoryBudget?

    /// - Parameter validation: rows held out of training; with them the run keeps the best parameters and stops when the
    ///   validation loss no longer falls.
    /// - Parameter method: other rules than those that the configuration names.
    public init(
        model: M, dataset: Dataset, validation: Dataset? = nil, communicator: any Communicator,
        configuration: TrainerConfiguration, method: Method? = nil
    ) {
        self.configuration = configuration
        let brought = method
        let method = brought ?? Method(configuration, isConvex: model.isConvex)
        self.method = method
        isConvex = model.isConvex
        stepRule = method.step.running()
        fullStep = method.fullStep.running(parameterCount: model.parameterCount)
        aim = method.direction.running(parameterCount: model.parameterCount)
        growth = method.growth
        objective = Objective(
            model: model, dataset: dataset, l2: method.direction.decaysWeights && !isConvex ? 0 : configuration.l2,
            communicator: communicator)
        objective.norm = aim.norm
        if brought == nil, method.direction is Descent { objective.spreadWhereWorthwhile() }
        let rows = dataset.order.count
        batchLimit = configuration.largestBatch(rows: rows, isConvex: isConvex)
        stopRule = StopRule(configuration: configuration)
        var lineSearch = LineSearch(sufficientDecrease: configuration.sufficientDecrease)
        lineSearch.leastChange = isConvex ? 1e-3 * StopRule.resolution : LineSearch.resolution
        self.lineSearch = lineSearch
        self.validation = validation.map { ValidationMonitor(dataset: $0, patience: configuration.patience) }
        objective.reducer.identity = Self.identity(
            model: model, rows: dataset.order.count, validationRows: validation?.order.count,
            configuration: configuration, brought: brought)
        state = TrainerState(
            parameters: model.initialParameters(seed: configuration.seed),
            batchSize: min(max(2, configuration.initialBatchSize), batchLimit))
        if model.isConvex {
            state.position = max(0, configuration.firstPosition) % max(1, rows)
        } else {
            state.cycle = 0
        }
        direction = [Float](repeating: 0, count: model.parameterCount)
    }

    /// The rows trained on, and those held out, as they are owned now.
    public var dataset: Dataset { objective.dataset }
    public var validationDataset: Dataset? { validation?.dataset }

    /// Trains until a stop rule holds and returns the parameters with what is known about them.
    /// - Parameters:
    ///   - observer: told about every iteration, on every rank.
    ///   - snapshot: where an earlier run left off, the same on every rank: this one goes on there.
    ///   - keeper: takes snapshots, for all ranks; one rank has one.
    ///   - leavesObjective: of models that are not convex the result's objective is left out: for who looks at all rows next.
    ///   - stopRequested: asked before every reduction; true on any rank stops all of them after the iteration.
    public func run(
        observer: (any TrainingObserver)? = nil, from snapshot: Snapshot? = nil, keeper: (any SnapshotKeeper)? = nil,
        leavesObjective: Bool = false, stopRequested: @escaping () -> Bool = { false }
    ) throws -> TrainingResult {
        let clock = RunClock(before: snapshot?.seconds ?? 0)
        try objective.reducer.compareIdentities()
        objective.remembersWalks = keeper != nil || configuration.balance == .auto
        if let snapshot {
            try restore(snapshot)
            // It had come to its end, and lacked only what is written of it.
            if let ended = snapshot.ended, ended.stands(for: configuration) {
                var result = ended.result
                result.parameters = validation?.best ?? state.parameters
                return result
            }
            if snapshot.ended != nil { try learnAnew() }
        } else {
            try objective.findLeastLoss(rendezvous: rendezvous())
            try beginOpening()
            if mayBePreconditioned, objective.norm == nil, state.opening == nil {
                try objective.adoptInitialPreconditioner(at: state.parameters, rendezvous: rendezvous())
            }
            if isConvex, let passes = try fullStep.prepare(batch) { growth.noisyPasses = passes }
        }
        let limit = configuration.timeLimit ?? .infinity
        objective.reducer.observe = {
            LocalFlags(
                stopRequested: stopRequested(), timeIsUp: limit < .infinity && clock.seconds >= limit,
                snapshotIsDue: keeper?.isDue ?? false, timesAreDue: self.timesAreDue(at: clock.seconds))
        }
        watch.begin(at: clock.seconds, objective.totals)
        defer { objective.reducer.observe = nil }
        var reason = budgetReason()
        var last: GradientStatistics?
        while reason == nil {
            let before = EventCounts(state)
            let outcome = try iterate()
            last = outcome.statistics
            reason = outcome.reason
            var record = makeRecord(outcome, at: clock.seconds)
            if let validation, reason == nil, isDue(validation) {
                record.validationLoss =
                    try validation.evaluate(state, objective: objective) * configuration.lossUnit
                if validation.isExhausted { reason = .validationPlateau }
            }
            observer?.iterationDidEnd(record)
            observer?.parametersDidChange(state.parameters)
            for kind in EventCounts(state).events(since: before) {
                observer?.eventDidOccur(TrainingEvent(kind, iteration: state.iteration, seconds: record.seconds))
            }
            reason = reason ?? budgetReason()
            if objective.reducer.agreed.timesAreDue, reason == nil {
                for kind in try compareRanks(at: clock.seconds) {
                    observer?.eventDidOccur(
                        TrainingEvent(kind, iteration: state.iteration, seconds: clock.seconds))
                }
                // Only now: the reduction of the times asked for them too.
                objective.reducer.agreed.timesAreDue = false
            }
            let isConverged = reason?.isConvergence ?? false
            if objective.reducer.agreed.snapshotIsDue || reason != nil, reason != .divergence, !isConverged {
                objective.reducer.agreed.snapshotIsDue = false
                try keepSnapshot(keeper, seconds: clock.seconds, isLast: reason != nil)
            }
        }
        let result = try finish(
            reason ?? .iterationLimit, last: last, leavesObjective: leavesObjective, clock: clock)
        // Not before all is known: a start from it has nothing left to do.
        if result.stopReason.isConvergence {
            let ended = EndedRun(
                result: result, tolerance: configuration.tolerance, patience: configuration.patience,
                certifies: configuration.certify)
            try keeper?.keep(self.snapshot(seconds: clock.seconds, ended: ended), isLast: true)
        }
        return result
    }

    /// Validation reads at most a tenth of the rows that training reads; models that are not convex wait for a whole pass.
    private func isDue(_ validation: ValidationMonitor<M>) -> Bool {
        isConvex
            ? validation.isDue(rowsRead: objective.rowsRead)
            : validation.isDue(gradientsEvaluated: objective.gradientsEvaluated, population: objective.population)
    }

    /// From here on the norm is that of the curvature, or the plain one, and steps go down in it.
    func endAim() {
        isAimOver = true
        objective.norm = nil
        aim = Descent().running(parameterCount: 0)
    }

    /// The method may work in the norm of the curvature.
    var mayBePreconditioned: Bool {
        isConvex && method.preconditioner == .auto
    }

    /// Gradient passes after which the run ends. Steps of constant size and steps along the gradient to the end need not get
    /// anywhere in any time.
    private var passLimit: Double? {
        let isSlow = isConvex && !method.fullStep.isSuperlinear
        let isBounded = configuration.maxIterations != nil || configuration.timeLimit != nil
        return configuration.maxEpochs ?? (isSlow && !isBounded ? 1000 : nil)
    }

    /// The budgets, all decided from agreed or counted numbers.
    private func budgetReason() -> StopReason? {
        let agreed = objective.reducer.agreed
        if agreed.stopRequested { return .signal }
        if agreed.timeIsUp { return .timeLimit }
        if let limit = configuration.maxIterations, state.iteration >= limit { return .iterationLimit }
        if let limit = passLimit, objective.gradientPasses >= limit { return .passLimit }
        return nil
    }

    private func makeRecord(_ outcome: IterationOutcome, at seconds: Double) -> IterationRecord {
        var record = IterationRecord()
        record.iteration = state.iteration
        record.costs = costs(at: seconds)
        record.batchSize = outcome.statistics.batchSize
        record.loss = outcome.statistics.loss * configuration.lossUnit
        record.gradientNorm = objective.gradientNorm * configuration.lossUnit.squareRoot()
        record.signalToNoise = outcome.statistics.signalToNoise
        record.stepSize = outcome.stepSize
        record.trials = state.trials
        return record
    }

    private func costs(at seconds: Double) -> RunCosts {
        let account = objective.reducer.account
        var costs = RunCosts()
        costs.seconds = seconds
        costs.gradientPasses = objective.gradientPasses
        costs.featurePasses = objective.featurePasses
        costs.allreduces = account.allreduces
        costs.communicatedBytes = account.bytes
        costs.computeSeconds = objective.computeSeconds
        costs.communicationSeconds = account.communicationSeconds
        costs.transferSeconds = account.transferSeconds
        costs.nonFinite = state.nonFinite
        return costs
    }

    /// Evaluates the final parameters on all rows, unless the last iteration just did or a signal is waiting.
    private func finish(
        _ reason: StopReason, last: GradientStatistics?, leavesObjective: Bool, clock: RunClock
    ) throws -> TrainingResult {
        // A run that ends by its validation rows has just looked at them.
        if let validation, !isConvex, ![.signal, .divergence, .validationPlateau].contains(reason) {
            _ = try validation.evaluate(state, objective: objective)
        }
        // Who goes on with more patience goes on from here.
        let present = state.parameters
        defer { if validation != nil || state.opening?.step != nil { state.parameters = present } }
        if let step = state.opening?.step { try takeBack(step, reason) }
        if let best = validation?.best {
            state.parameters = best
            objective.walk = nil
        }
        var result = TrainingResult()
        result.stopReason = reason
        result.sampleTest = reason == .sampleTest ? state.opening?.passed : nil
        // What proves the result is told apart from what found it.
        var found = costs(at: clock.seconds)
        let isCurrent = validation == nil && reason.stoppedBeforeStep && last?.isFullBatch == true
        if reason == .signal {
            result.objective = .nan
            result.gradientNorm = .nan
        } else if !isConvex {
            try compareParameters()
            // What may be out of all bounds is looked at in any case.
            result.objective =
                leavesObjective && !hasGoneAstray
                ? .nan : try objective.value(at: state.parameters, rendezvous: rendezvous())
            result.gradientNorm = .nan
            if !result.objective.isFinite, hasGoneAstray { result.stopReason = .divergence }
        } else if reason == .sampleTest, let last {
            try compareParameters()
            result.objective = last.loss
            result.gradientNorm = .nan
        } else {
            try compareParameters()
            let statistics = if isCurrent, let last { last } else { try evaluateAll() }
            found = costs(at: clock.seconds)
            result.objective = statistics.loss
            result.gradientNorm = objective.gradientNorm
            if isAboveStart(statistics.loss) {
                result.stopReason = .divergence
            } else if reason.isConvergence, state.opening?.isProof != true, configuration.measuresGap {
                try certify(statistics, &result)
            }
        }
        result.objective *= configuration.lossUnit
        result.gradientNorm *= configuration.lossUnit.squareRoot()
        result.dualityGap = result.dualityGap.map { $0 * configuration.lossUnit }
        result.sampleTest?.bound *= configuration.lossUnit
        result.parameters = state.parameters
        result.iterations = state.iteration
        result.costs = costs(at: clock.seconds)
        result.gradientPasses = found.gradientPasses
        result.featurePasses = found.featurePasses
        result.allreduces = found.allreduces
        return result
    }

    private func evaluateAll() throws -> GradientStatistics {
        try objective.evaluate(
            start: 0, count: objective.population, at: state.parameters,
            rendezvous: Rendezvous(iteration: state.iteration, batchSize: objective.population, stepSize: 0))
    }
}
