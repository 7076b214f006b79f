import Models

/// Steps from all N rows, where the gradient is exact.
extension Trainer {
    func fullBatchStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        state.objectives.note(statistics.loss)
        if let reason = settled() {
            return IterationOutcome(statistics: statistics, stepSize: 0, reason: reason)
        }
        if let outcome = try directStep(statistics) { return outcome }
        if method.fullStep == .same { return try unsearchedFullStep(statistics) }
        let isNewMetric = try endAdaptation() || renewMetricIfDue(statistics)
        return try searchedFullStep(isNewMetric ? inMetric(statistics) : statistics)
    }

    private func searchedFullStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        state.fullIterations += 1
        let batch = batch.begin(statistics)
        switch method.fullStep {
        case .quasiNewton: return try quasiNewtonStep(statistics)
        case .barzilaiBorwein: return try barzilaiBorweinStep(statistics)
        case .gradient, .same: break
        }
        batch.writeDirection(descending: true)
        let first = try batch.firstStep(doubled: true)
        if try convergence(statistics, length: first), isSlowTailDone(statistics) {
            return IterationOutcome(statistics: statistics, stepSize: 0, reason: .gradientNorm)
        }
        return exhausting(try batch.searchAndMove(from: first))
    }

    /// Why no step can lower the objective any more, whatever the step rule; nil: one may.
    private func settled() -> StopReason? {
        if objective.gradientNorm == 0 { return .gradientNorm }
        // A step of constant size that is too short looks the same: see `unsearchedFullStep`.
        guard method.fullStep != .same else { return nil }
        return state.objectives.isFlat(for: stopRule.plateau) ? .objectivePlateau : nil
    }

    /// An objective this low is within the tolerance of every other: it cannot fall below its least value.
    var nothingLeft: Double {
        guard isConvex, let start = state.progress.first else { return -.infinity }
        let scale = stopRule.scale(objective.leastLoss, least: objective.leastLoss, start: start)
        return objective.leastLoss + max(stopRule.tolerance, StopRule.resolution) * scale
    }

    /// The objective that accuracy is relative to.
    func objectiveScale(_ loss: Double) -> Double {
        stopRule.scale(loss, least: objective.leastLoss, start: state.progress.first)
    }

    /// Full-batch iterations that a dense metric serves.
    private static var metricLifetime: Int { 10 }

    /// Makes a metric at the current point where the one in use has served its time, or the objective has halved since.
    private func renewMetricIfDue(_ statistics: GradientStatistics) throws -> Bool {
        let isWornOut = objective.metricSampleSize > 0 && state.fullIterations % Self.metricLifetime == 0
        guard objective.isPreconditioned, isWornOut || hasFallen(by: 0.5, statistics) else { return false }
        return try renewMetric(statistics)
    }

    private func renewMetric(_ statistics: GradientStatistics) throws -> Bool {
        guard state.metricRenewedAt != state.iteration else { return false }
        state.metricRenewedAt = state.iteration
        state.objectiveOfMetric = statistics.loss
        try objective.renewMetric(at: state.parameters, decision: decision())
        state.stepSize = 1
        return true
    }

    /// Whether the objective, above its least value, is lower by this share than where the metric was made.
    private func hasFallen(by share: Double, _ statistics: GradientStatistics) -> Bool {
        guard let before = state.objectiveOfMetric ?? state.progress.first else { return false }
        return before - statistics.loss > share * (before - objective.leastLoss)
    }

    /// Directions that learn a scale of every parameter do so from noisy batches. On all rows the curvature is at hand.
    private func endAdaptation() throws -> Bool {
        guard objective.norm != nil else { return false }
        endAim()
        state.stepSize = nil
        state.lastGood = nil
        guard mayBePreconditioned else { return false }
        try objective.adoptInitialMetric(at: state.parameters, decision: decision())
        return true
    }

    private func inMetric(_ statistics: GradientStatistics) -> GradientStatistics {
        var statistics = statistics
        statistics.squaredGradientNorm = objective.metric.squaredNorm(objective.gradient)
        return statistics
    }

    /// Notes this iteration's gap estimate and says whether the run is done: by a metric that was made about here.
    private func convergence(_ statistics: GradientStatistics, length: Double) throws -> Bool {
        let estimate = stopRule.gapEstimate(
            statistics, slope: length * dot(objective.gradient, direction),
            metricNorm: statistics.squaredGradientNorm * (objective.isPreconditioned ? 1 : length),
            previousLoss: state.objectives.previous)
        if let estimate {
            state.gapEstimates = state.gapEstimates.suffix(4) + [estimate / objectiveScale(statistics.loss)]
        }
        guard stopRule.isConverged(estimates: state.gapEstimates, metric: objective.metric) else { return false }
        guard objective.isPreconditioned, hasFallen(by: 0.1, statistics), try renewMetric(statistics) else {
            return true
        }
        let renewed = objective.metric.squaredNorm(objective.gradient) / 2 / objectiveScale(statistics.loss)
        if renewed <= stopRule.requirement(objective.metric).bound { return true }
        state.gapEstimates = []
        return false
    }

    /// Steps along the gradient may gain little each and much together.
    private func isSlowTailDone(_ statistics: GradientStatistics) -> Bool {
        let bound = stopRule.requirement(objective.metric).bound
        if let last = state.gapEstimates.last, last <= bound / 100 { return true }
        return state.objectives.remainder.map { $0 <= bound * objectiveScale(statistics.loss) } ?? false
    }

    /// L-BFGS with a backtracking search from α = 1, whatever the direction of noisy steps was, but for the plain gradient;
    /// without pairs the preconditioned gradient.
    private func quasiNewtonStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        state.lbfgs.observe(state.parameters, gradient: objective.gradient, metric: objective.metric)
        state.lbfgs.writeDirection(gradient: objective.gradient, metric: objective.metric, into: &direction)
        if !(batch.slope < 0) {
            state.lbfgs.reset()
            batch.writeDirection(descending: true)
        }
        let isFirst = state.lbfgs.isEmpty
        let first = isFirst ? try batch.firstStep(doubled: true) : 1
        let isConverged = try convergence(statistics, length: isFirst ? first / 2 : 1)
        if isConverged, !objective.isPreconditioned {
            return IterationOutcome(statistics: statistics, stepSize: 0, reason: .gradientNorm)
        }
        let gradientStep = state.stepSize
        // With the curvature known the step is the minimiser along d, searched from twice the quasi-Newton length.
        let longest = objective.isPreconditioned ? 2 * first : first
        let trial = try batch.search(
            from: longest, reference: nil, shrink: 1, lengthens: objective.isPreconditioned)
        // The gap was estimated with the metric's curvature: where the loss falls on past twice the step, that is not it.
        let gain = trial.map { statistics.loss - $0.loss } ?? 0
        let negligible = max(LineSearch.visible, stopRule.requirement(objective.metric).bound / 10)
        if isConverged, (trial?.step ?? 0) < longest || gain <= negligible * objectiveScale(statistics.loss) {
            return IterationOutcome(statistics: statistics, stepSize: 0, reason: .gradientNorm)
        }
        let stepped = batch.take(trial)
        if let trial, trial.step >= longest { state.fullIterations = 0 }
        if trial != nil || isFirst { return exhausting(stepped) }

        state.lbfgs.reset()
        state.stepSize = gradientStep
        batch.begin(statistics).writeDirection(descending: true)
        return exhausting(try batch.searchAndMove(from: batch.firstStep(doubled: true)))
    }

    /// α = 1/ν from the last two full-batch gradients, with a non-monotone search over the last ten objectives: a monotone
    /// one cripples Barzilai–Borwein.
    private func barzilaiBorweinStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        batch.writeDirection(descending: true)
        var first = try batch.firstStep(doubled: false)
        let found = state.lbfgs.observe(state.parameters, gradient: objective.gradient, metric: objective.metric)
        if let found {
            // In the metric's norm ν = ⟨Δx, Δg⟩/‖Δx‖² is taken as its dual form ‖Δg‖²_P/⟨Δx, Δg⟩, which needs no P⁻¹.
            first = BarzilaiBorweinSize().stepSize(
                after: first, curvature: found.squaredChange, squaredStep: found.product, statistics: statistics)
        }
        // It may rise, but not lose what was won.
        let best = state.objectives.best
        let highest = state.objectives.recent.suffix(10).max() ?? statistics.loss
        let reference = max(statistics.loss, min(highest, best + 0.1 * objectiveScale(best)))
        if try convergence(statistics, length: first), isSlowTailDone(statistics) {
            return IterationOutcome(statistics: statistics, stepSize: 0, reason: .gradientNorm)
        }
        let trial = try batch.search(from: first, reference: reference, shrink: nil, lengthens: false)
        return exhausting(batch.take(trial))
    }

    private func exhausting(_ stepped: StepOutcome) -> IterationOutcome {
        IterationOutcome(
            statistics: batch.statistics, stepSize: stepped.size,
            reason: stepped == .stayed ? .lineSearchExhausted : nil)
    }
}
