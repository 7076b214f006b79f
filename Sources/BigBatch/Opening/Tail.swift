import Models

/// After an opening: Newton steps on all rows, with a curvature from a weighted sample of them, each verified by the next gradient
/// alone. That gradient's ½‖g‖²_P is the gap, about, and ends the run. A sample's errors are its own: another one for each step
/// does better than what the last points tell, until steps contract so well that none is needed. What does not contract as such
/// steps must is left to `Method.fullStep`.
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
        let isFirst = opening.tailNorm == nil
        guard isFirst || statistics.squaredGradientNorm <= 0.8 * before else { return leave(&opening) }
        let isNew = isFirst || statistics.squaredGradientNorm > before / 30
        guard try !isNew || renewCurvature() else { return leave(&opening) }
        let goal = StopRule.shareOfGap * stopRule.tolerance * objectiveScale(statistics.loss)
        var norm = objective.preconditioner.squaredNorm(objective.gradient)
        // Steps were made to please this P: one from other rows has the last word.
        if norm / 2 <= goal, !isNew {
            guard try renewCurvature() else { return leave(&opening) }
            norm = objective.preconditioner.squaredNorm(objective.gradient)
        }
        if norm / 2 <= goal {
            norm = try flattenedNorm(norm, goal: goal, opening)
        } else {
            objective.writeDescent(into: &direction)
        }
        var told = statistics
        told.squaredGradientNorm = norm
        guard norm / 2 > goal else {
            opening.isProof = true
            return IterationOutcome(statistics: told, stepSize: 0, reason: .gradientNorm)
        }
        opening.tailNorm = norm
        opening.step = OpeningState.Pending(
            origin: state.parameters, direction: direction, length: 1, loss: statistics.loss, slope: -norm)
        state.lastGood = state.parameters
        state.stepSize = 1
        objective.walk = nil
        axpy(1, direction, &state.parameters)
        return IterationOutcome(statistics: told, stepSize: 1)
    }

    /// P = (∇²ℓ)⁻¹ at x, from rows that are drawn anew.
    private func renewCurvature() throws -> Bool {
        guard let made = try objective.curvatureOfAll(at: state.parameters, rendezvous: rendezvous()) else {
            return false
        }
        objective.adopt(made)
        return true
    }

    private func leave(_ opening: inout OpeningState) -> IterationOutcome? {
        opening.isTail = false
        return nil
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
