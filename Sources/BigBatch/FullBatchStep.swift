import Models

/// Steps from all N rows, where the gradient is exact.
extension Trainer {
    func fullBatchStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        if let reason = stopRule.reason(statistics, recent: state.recentObjectives) {
            return IterationOutcome(statistics: statistics, stepSize: 0, reason: reason)
        }
        defer { remember(statistics.loss) }
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
            return try exhausting(search(along: direction, first: first, statistics: statistics))
        }
    }

    /// L-BFGS with a backtracking search from α = 1; without pairs the preconditioned gradient.
    private func quasiNewtonStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        learnCurvature()
        var direction = state.lbfgs.direction(gradient: objective.gradient, metric: objective.metric)
        let slope = dot(objective.gradient, direction)
        if !(slope < 0) {
            state.lbfgs.reset()
            direction = gradientDirection()
        }
        let isFirst = state.lbfgs.isEmpty
        let first = isFirst ? try firstStep(along: direction, statistics: statistics, doubled: true) : 1
        let gradientStep = state.stepSize
        let found = try search(along: direction, first: first, statistics: statistics)
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
        return try exhausting(
            search(along: direction, first: first, statistics: statistics, reference: reference))
    }

    private func exhausting(_ found: (outcome: IterationOutcome, accepted: Bool)) -> IterationOutcome {
        var outcome = found.outcome
        if !found.accepted { outcome.reason = .lineSearchExhausted }
        return outcome
    }

    private func remember(_ loss: Double) {
        state.recentObjectives.append(loss)
        if state.recentObjectives.count > 16 { state.recentObjectives.removeFirst() }
    }
}

/// a − b.
func difference(_ a: [Float], _ b: [Float]) -> [Float] {
    var result = a
    axpy(-1, b, &result)
    return result
}
