import Models

extension Trainer {
    /// One batch: gradient, growth, step.
    func iterate() throws -> IterationOutcome {
        state.iteration += 1
        state.trials = 0
        state.batchSize = batchRule.openingSize(
            state.batchSize, population: batchLimit, gradientsEvaluated: objective.gradientsEvaluated)
        startCycleIfNeeded()
        try objective.measureNorms(start: state.position, at: state.parameters, decision: decision())
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
        try refineMetric(isFull: statistics.isFullBatch)
        passBatch()
        state.batchSize =
            promisesTheGoal(statistics)
            ? objective.population : batchRule.sizeOfNext(after: state.batchSize, population: batchLimit)
        outcome.reason = outcome.reason ?? noteProgress(outcome)
        return outcome
    }

    /// A dense metric is estimated anew, at the new point, when the batch has doubled since.
    private func refineMetric(isFull: Bool) throws {
        guard objective.metricSampleSize > 0, !isFull else { return }
        if state.batchSizeOfMetric == 0 { state.batchSizeOfMetric = objective.metricSampleSize }
        guard state.batchSize >= 2 * state.batchSizeOfMetric else { return }
        try objective.adoptDenseMetric(
            start: 0, window: objective.population,
            count: min(state.batchSize, objective.estimate?.noisySampleSize ?? state.batchSize), at: state.parameters,
            decision: decision())
        state.batchSizeOfMetric = state.batchSize
    }

    /// A noisy batch that sees no more than the tolerance left to gain: time to look at all rows, which decide.
    private func promisesTheGoal(_ statistics: GradientStatistics) -> Bool {
        guard batchRule.growth == .jump, case .dense = objective.metric else { return false }
        let goal = stopRule.tolerance * objectiveScale(statistics.loss)
        return statistics.squaredGradientNorm <= goal
    }

    func decision() -> Decision {
        Decision(
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
            start: state.position, count: state.batchSize, at: state.parameters, decision: decision())
    }

    /// Adds samples until the noise test holds (what is there is kept).
    private func grow(from first: GradientStatistics) throws -> GradientStatistics {
        var statistics = first
        state.grew = false
        while statistics.isFinite {
            let judged = isConvex || batchRule.growth != .jump ? statistics : state.noise.smoothed(statistics)
            let size = batchRule.size(for: judged, gradientsEvaluated: objective.gradientsEvaluated)
            guard size > state.batchSize else { break }
            let added = size - state.batchSize
            let start = state.position + state.batchSize
            state.batchSize = size
            state.grew = true
            statistics = try objective.evaluate(
                start: start, count: added, at: state.parameters, extending: true, decision: decision())
        }
        return statistics
    }
}
