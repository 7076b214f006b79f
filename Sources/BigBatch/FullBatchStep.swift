import Models

/// Steps from all N rows, where the gradient is exact.
extension Trainer {
    func fullBatchStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        if state.fullIterations % Self.metricLifetime == 0, let renewed = try renewMetric(statistics) {
            return try fullBatchStep(renewed)
        }
        state.fullIterations += 1
        switch (configuration.step, configuration.direction) {
        case (.fixed, _), (.sgd, _):
            return try noisyStep(statistics)
        case (_, .auto), (_, .lbfgs):
            return try quasiNewtonStep(statistics)
        case (.bb, _):
            return try barzilaiBorweinStep(statistics)
        case (.armijo, _), (.auto, _):
            let direction = gradientDirection()
            let first = try firstStep(along: direction, statistics: statistics, doubled: true)
            if let reason = convergence(statistics, direction: direction, length: first) {
                return IterationOutcome(statistics: statistics, stepSize: 0, reason: reason)
            }
            return try exhausting(search(along: direction, first: first, statistics: statistics))
        }
    }

    /// Full-batch iterations that a dense metric serves.
    private static var metricLifetime: Int { 10 }

    /// A dense metric made at the current point, and the statistics in its norm; nil when there is none to renew.
    private func renewMetric(_ statistics: GradientStatistics) throws -> GradientStatistics? {
        guard objective.metricSampleSize > 0, state.metricRenewedAt != state.iteration else { return nil }
        state.metricRenewedAt = state.iteration
        try objective.adoptDenseMetric(
            start: 0, count: objective.population, at: state.parameters, decision: decision())
        state.stepSize = 1
        var renewed = statistics
        renewed.squaredGradientNorm = objective.metric.squaredNorm(objective.gradient)
        return renewed
    }

    /// Notes this iteration's gap estimate and says whether the run is done.
    private func convergence(_ statistics: GradientStatistics, direction: [Float], length: Double) -> StopReason? {
        let estimate = stopRule.gapEstimate(
            statistics, slope: length * dot(objective.gradient, direction),
            metricNorm: statistics.squaredGradientNorm * (objective.isPreconditioned ? 1 : length),
            previousLoss: state.recentObjectives.last)
        state.recentObjectives.append(statistics.loss)
        if state.recentObjectives.count > 16 { state.recentObjectives.removeFirst() }
        if let estimate { state.gapEstimates = state.gapEstimates.suffix(4) + [estimate] }
        state.margin.merge(
            stopRule.margin(
                estimates: state.gapEstimates, losses: state.recentObjectives, metric: objective.metric))
        return stopRule.reason(
            estimates: state.gapEstimates, losses: state.recentObjectives,
            metric: objective.metric)
    }

    /// L-BFGS with a backtracking search from α = 1; without pairs the preconditioned gradient.
    private func quasiNewtonStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        learnCurvature()
        var direction = state.lbfgs.direction(gradient: objective.gradient, metric: objective.metric)
        if !(dot(objective.gradient, direction) < 0) {
            state.lbfgs.reset()
            direction = gradientDirection()
        }
        let isFirst = state.lbfgs.isEmpty
        let first = isFirst ? try firstStep(along: direction, statistics: statistics, doubled: true) : 1
        if let reason = convergence(statistics, direction: direction, length: isFirst ? first / 2 : 1) {
            return IterationOutcome(statistics: statistics, stepSize: 0, reason: reason)
        }
        let gradientStep = state.stepSize
        // With the curvature known the step is the minimiser along d, searched from twice the quasi-Newton length.
        let found = try search(
            along: direction, first: objective.isPreconditioned ? 2 * first : first, statistics: statistics, shrink: 1)
        if found.accepted || isFirst { return exhausting(found) }

        state.lbfgs.reset()
        state.stepSize = gradientStep
        direction = gradientDirection()
        return try exhausting(
            search(
                along: direction, first: firstStep(along: direction, statistics: statistics, doubled: true),
                statistics: statistics))
    }

    /// The pair (Δx, Δg) since the previous full-batch iteration.
    private func learnCurvature() {
        if let previous = state.previous {
            state.lbfgs.add(
                step: difference(state.parameters, previous.parameters),
                change: difference(objective.gradient, previous.gradient), metric: objective.metric)
        }
        state.previous = (state.parameters, objective.gradient)
    }

    /// α = 1/ν from the last two full-batch gradients, with a non-monotone search over the last ten objectives: a monotone
    /// one cripples Barzilai–Borwein.
    private func barzilaiBorweinStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        let direction = gradientDirection()
        var first = try firstStep(along: direction, statistics: statistics, doubled: false)
        if let previous = state.previous {
            let step = difference(state.parameters, previous.parameters)
            let change = difference(objective.gradient, previous.gradient)
            // In the metric's norm ν = ⟨Δx, Δg⟩/‖Δx‖² is taken as its dual form ‖Δg‖²_P/⟨Δx, Δg⟩, which needs no P⁻¹.
            let curvature = dot(step, change)
            first = BarzilaiBorwein().stepSize(
                after: first, curvature: objective.metric.squaredNorm(change), squaredStep: curvature,
                statistics: statistics)
        }
        state.previous = (state.parameters, objective.gradient)
        let reference = max(statistics.loss, state.recentObjectives.suffix(9).max() ?? statistics.loss)
        if let reason = convergence(statistics, direction: direction, length: first) {
            return IterationOutcome(statistics: statistics, stepSize: 0, reason: reason)
        }
        return try exhausting(
            search(along: direction, first: first, statistics: statistics, reference: reference))
    }

    private func exhausting(_ found: (outcome: IterationOutcome, accepted: Bool)) -> IterationOutcome {
        var outcome = found.outcome
        if !found.accepted { outcome.reason = .lineSearchExhausted }
        return outcome
    }
}

/// a − b.
func difference(_ a: [Float], _ b: [Float]) -> [Float] {
    var result = a
    axpy(-1, b, &result)
    return result
}
