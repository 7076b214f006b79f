import Models

extension Trainer {
    /// One batch: gradient, growth, step.
    func iterate() throws -> IterationOutcome {
        if var opening = state.opening, !opening.isOver {
            var outcome = try openingIteration(&opening)
            state.opening = opening
            if opening.isOver {
                segments = []
                state.lastGood = opening.step?.origin
                state.batchSize = objective.population
            }
            outcome.reason = outcome.reason ?? noteProgress(outcome)
            return outcome
        }
        state.iteration += 1
        state.trials = 0
        state.batchSize = growth.openingSize(
            state.batchSize, limit: batchLimit, gradientsEvaluated: objective.gradientsEvaluated)
        startCycleIfNeeded()
        try objective.measureNorms(start: state.position, at: state.parameters, rendezvous: rendezvous())
        var statistics = try currentGradient()
        statistics = try grow(from: statistics)
        if statistics.isFullBatch, statistics.loss <= nothingLeft {
            return IterationOutcome(statistics: statistics, stepSize: 0, reason: .gradientNorm)
        }
        if let outcome = recover(statistics) { return outcome }
        if !isConvex {
            state.noise.add(statistics)
            keepSoundParameters()
        }
        var outcome =
            statistics.isFullBatch && isConvex
            ? try fullBatchStep(statistics) : try noisyStep(statistics)
        try refinePreconditioner(isFull: statistics.isFullBatch)
        passBatch()
        state.batchSize =
            promisesTheGoal(statistics)
            ? objective.population : growth.sizeOfNext(after: state.batchSize, limit: batchLimit)
        outcome.reason = outcome.reason ?? noteProgress(outcome)
        return outcome
    }

    /// Steps from a batch smaller than N. A batch on which no step is good enough is left alone, and of models that are not
    /// convex the last step with it; after many in a row such a run is done.
    func noisyStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        let stepped = try stepRule.step(batch.begin(statistics))
        var outcome = IterationOutcome(
            statistics: batch.statistics, stepSize: stepped.size, reason: stepped.reason)
        guard !isConvex else { return outcome }
        state.exhaustedSearches = stepped == .stayed ? state.exhaustedSearches + 1 : 0
        if state.exhaustedSearches >= 20 { outcome.reason = .lineSearchExhausted }
        return outcome
    }

    /// x ← x + αd, along `line` if the step was searched.
    func move(by step: Double, on line: Line? = nil) {
        objective.walk = line.flatMap {
            objective.walk(on: $0, from: state.parameters, along: direction, by: step)
        }
        state.hasLastStep = true
        if !isConvex, configuration.l2 > 0, aim.rule.decaysWeights {
            state.parameters.withUnsafeMutableBufferPointer {
                let weights = UnsafeMutableBufferPointer(rebasing: $0[..<objective.model.penalisedCount])
                aim.decay(weights, rate: Float(step * configuration.l2))
            }
        }
        axpy(step, direction, &state.parameters)
    }

    /// A dense preconditioner is estimated anew, at the new point, when the batch has doubled since.
    private func refinePreconditioner(isFull: Bool) throws {
        guard objective.preconditionerSampleSize > 0, !isFull else { return }
        if state.batchSizeOfPreconditioner == 0 { state.batchSizeOfPreconditioner = objective.preconditionerSampleSize }
        guard state.batchSize >= 2 * state.batchSizeOfPreconditioner else { return }
        try objective.adoptDensePreconditioner(
            start: 0, window: objective.population,
            count: min(state.batchSize, objective.estimate?.noisySampleSize ?? state.batchSize), at: state.parameters,
            rendezvous: rendezvous())
        state.batchSizeOfPreconditioner = state.batchSize
    }

    /// A noisy batch that sees no more than the tolerance left to gain: time to look at all rows, which decide.
    private func promisesTheGoal(_ statistics: GradientStatistics) -> Bool {
        guard growth.isFree, case .dense = objective.preconditioner else { return false }
        let goal = stopRule.tolerance * objectiveScale(statistics.loss)
        return statistics.squaredGradientNorm <= goal
    }

    func rendezvous() -> Rendezvous {
        Rendezvous(
            iteration: state.iteration, batchSize: state.batchSize, stepSize: state.stepSize ?? 0, cycle: state.cycle)
    }

    /// The next batch starts behind this one.
    func passBatch() {
        let next = state.position + state.batchSize
        state.position = state.cycle == nil ? next % objective.population : min(next, objective.population)
    }

    /// A batch that does not fit into what is left of a cycle is the first of the next one. (One that grows beyond the end
    /// goes on with the first rows of its cycle: no row comes twice.)
    private func startCycleIfNeeded() {
        guard let cycle = state.cycle, state.position + state.batchSize > objective.population else { return }
        state.cycle = cycle + 1
        state.position = 0
    }

    private func currentGradient() throws -> GradientStatistics {
        objective.reducer.noteParameters(state.parameters)
        return try objective.evaluate(
            start: state.position, count: state.batchSize, at: state.parameters, rendezvous: rendezvous())
    }

    /// Adds samples until the noise test holds (what is there is kept).
    private func grow(from first: GradientStatistics) throws -> GradientStatistics {
        var statistics = first
        state.grew = false
        while statistics.isFinite {
            let judged = isConvex || !growth.isFree ? statistics : state.noise.smoothed(statistics)
            let wanted = growth.size(
                for: judged, limit: batchLimit, gradientsEvaluated: objective.gradientsEvaluated)
            let size = min(wanted, batchLimit)
            guard size > state.batchSize else { break }
            let added = size - state.batchSize
            let start = state.position + state.batchSize
            state.batchSize = size
            state.grew = true
            statistics = try objective.evaluate(
                start: start, count: added, at: state.parameters, extending: true, rendezvous: rendezvous())
        }
        return statistics
    }
}
