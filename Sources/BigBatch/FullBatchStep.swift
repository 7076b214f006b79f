import Models

/// Steps from all N rows, where the gradient is exact.
extension Trainer {
    func fullBatchStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        if let outcome = try directStep(statistics) { return outcome }
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
            writeGradientDirection()
            let first = try firstStep(statistics, doubled: true)
            if let reason = convergence(statistics, length: first) {
                return IterationOutcome(statistics: statistics, stepSize: 0, reason: reason)
            }
            return try exhausting(search(first: first, statistics: statistics))
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
    private func convergence(_ statistics: GradientStatistics, length: Double) -> StopReason? {
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
        state.lbfgs.observe(state.parameters, gradient: objective.gradient, metric: objective.metric)
        state.lbfgs.writeDirection(gradient: objective.gradient, metric: objective.metric, into: &direction)
        if !(dot(objective.gradient, direction) < 0) {
            state.lbfgs.reset()
            writeGradientDirection()
        }
        let isFirst = state.lbfgs.isEmpty
        let first = isFirst ? try firstStep(statistics, doubled: true) : 1
        let reason = convergence(statistics, length: isFirst ? first / 2 : 1)
        if let reason, reason != .gradientNorm || !objective.isPreconditioned {
            return IterationOutcome(statistics: statistics, stepSize: 0, reason: reason)
        }
        let gradientStep = state.stepSize
        // With the curvature known the step is the minimiser along d, searched from twice the quasi-Newton length.
        let longest = objective.isPreconditioned ? 2 * first : first
        let sight = try look(first: longest, statistics: statistics, shrink: 1, lengthens: objective.isPreconditioned)
        // The gap was estimated with the metric's curvature: where the loss falls on past twice the step, that is not it.
        if let reason, (sight.step ?? 0) < longest {
            return IterationOutcome(statistics: statistics, stepSize: 0, reason: reason)
        }
        let found = take(sight, statistics: statistics)
        if let step = sight.step, step >= longest { state.fullIterations = 0 }
        if found.accepted || isFirst { return exhausting(found) }

        state.lbfgs.reset()
        state.stepSize = gradientStep
        writeGradientDirection()
        return try exhausting(search(first: firstStep(statistics, doubled: true), statistics: statistics))
    }

    /// α = 1/ν from the last two full-batch gradients, with a non-monotone search over the last ten objectives: a monotone
    /// one cripples Barzilai–Borwein.
    private func barzilaiBorweinStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        writeGradientDirection()
        var first = try firstStep(statistics, doubled: false)
        let found = state.lbfgs.observe(state.parameters, gradient: objective.gradient, metric: objective.metric)
        if let found {
            // In the metric's norm ν = ⟨Δx, Δg⟩/‖Δx‖² is taken as its dual form ‖Δg‖²_P/⟨Δx, Δg⟩, which needs no P⁻¹.
            first = BarzilaiBorwein().stepSize(
                after: first, curvature: found.squaredChange, squaredStep: found.product, statistics: statistics)
        }
        let reference = max(statistics.loss, state.recentObjectives.suffix(9).max() ?? statistics.loss)
        if let reason = convergence(statistics, length: first) {
            return IterationOutcome(statistics: statistics, stepSize: 0, reason: reason)
        }
        return try exhausting(
            search(first: first, statistics: statistics, reference: reference))
    }

    private func exhausting(_ found: (outcome: IterationOutcome, accepted: Bool)) -> IterationOutcome {
        var outcome = found.outcome
        if !found.accepted { outcome.reason = .lineSearchExhausted }
        return outcome
    }
}
