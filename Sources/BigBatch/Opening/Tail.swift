import Models

/// After an opening: Newton steps on all rows, with a curvature from a weighted sample of them, each verified by the next gradient
/// alone. That gradient's ½‖g‖²_P is the gap, about, and ends the run. What does not contract as such steps must is left to
/// `Method.fullStep`.
extension Trainer {
    /// Nil: there is no such step to make.
    func tailStep(_ statistics: GradientStatistics) throws -> IterationOutcome? {
        guard var opening = state.opening, opening.isOver else { return nil }
        defer { state.opening = opening }
        if let step = opening.step {
            opening.step = nil
            state.lastGood = nil
            if statistics.loss > opening.bound(on: step, lineSearch.sufficientDecrease) {
                opening.isTail = false
                state.parameters = step.origin
                return IterationOutcome(statistics: statistics, stepSize: 0)
            }
        }
        guard opening.isTail, !configuration.certify, stopRule.tolerance > 0 else { return nil }
        let before = opening.tailNorm ?? .infinity
        if opening.tailNorm == nil || statistics.squaredGradientNorm > before / 30 {
            guard statistics.squaredGradientNorm <= 0.8 * before,
                let made = try objective.curvatureOfAll(at: state.parameters, rendezvous: rendezvous())
            else {
                opening.isTail = false
                return nil
            }
            objective.adopt(made)
        }
        let norm = objective.preconditioner.squaredNorm(objective.gradient)
        let goal = StopRule.shareOfGap * stopRule.tolerance * objectiveScale(statistics.loss)
        var told = statistics
        told.squaredGradientNorm = norm
        guard norm / 2 > goal else {
            opening.isProof = true
            return IterationOutcome(statistics: told, stepSize: 0, reason: .gradientNorm)
        }
        objective.writeDescent(into: &direction)
        opening.tailNorm = norm
        opening.step = OpeningState.Pending(
            origin: state.parameters, direction: direction, length: 1, loss: statistics.loss, slope: -norm)
        state.lastGood = state.parameters
        state.stepSize = 1
        objective.walk = nil
        axpy(1, direction, &state.parameters)
        return IterationOutcome(statistics: told, stepSize: 1)
    }
}

extension OpeningState {
    /// What the loss of all rows must not exceed after a step. One that was made from a sample may differ by the sample's noise.
    fileprivate func bound(on step: Pending, _ sufficientDecrease: Double) -> Double {
        tailNorm == nil
            ? step.loss + 0.1 * abs(step.loss)
            : step.loss + sufficientDecrease * step.slope + StopRule.resolution * abs(step.loss)
    }
}
