import Models

/// Steps that nobody searches, from all rows.
extension Trainer {
    /// Such a run is done when the rest of its gains is within the tolerance or the objective is flat, and the curvature of the
    /// loss at this point agrees: a step far too short gains as little as one at the optimum. Asking the curvature takes a few
    /// passes, so it is asked again only after twice as many iterations.
    func unsearchedFullStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        state.fullIterations += 1
        let bound = stopRule.tolerance / 5
        let scale = objectiveScale(statistics.loss)
        let rest = state.objectives.remainder.map { $0 / scale }
        let isFlat = state.objectives.isFlat(for: stopRule.plateau)
        let isDone = isFlat || (rest.map { $0 <= bound } ?? false)
        if isDone, state.fullIterations >= state.curvatureAskedAgainAt {
            state.curvatureAskedAgainAt = 2 * state.fullIterations
            let gap = try objective.gapByCurvature(at: state.parameters, decision: decision())
            if gap.map({ $0 <= max(bound, StopRule.resolution) * scale }) ?? true {
                return IterationOutcome(
                    statistics: statistics, stepSize: 0, reason: isFlat ? .objectivePlateau : .gradientNorm)
            }
        }
        return try noisyStep(statistics)
    }
}
