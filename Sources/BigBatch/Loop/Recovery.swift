import Models

/// Batches that no step may be made from.
extension Trainer {
    /// Iterations from one copy of sound parameters to the next.
    private static var copyInterval: Int { 32 }
    /// Returns to earlier parameters before the run gives up.
    private static var mostReturns: Int { 20 }

    /// What to do instead of a step where the loss or the gradient is not finite, or the run has gone astray; nil where all
    /// is well. A non-finite gradient never enters the parameters.
    func recover(_ statistics: GradientStatistics) -> IterationOutcome? {
        guard !statistics.isFinite || isAstray(statistics) else {
            state.consecutiveNonFinite = 0
            return nil
        }
        if !statistics.isFinite { state.nonFinite += 1 }
        state.consecutiveNonFinite += 1
        if isConvex {
            if statistics.isFinite {
                // One noisy batch may hold an outlier.
                let isCertain = statistics.isFullBatch || state.consecutiveNonFinite >= 10
                return isCertain
                    ? IterationOutcome(statistics: statistics, stepSize: 0, reason: .divergence) : nil
            }
            returnOrSkip()
        } else {
            // One bad batch may hold a bad row; two in a row, or a loss out of all bounds, speak of the parameters.
            passBatch()
            if statistics.isFinite || state.consecutiveNonFinite > 1 { returnToSound() }
        }
        let isHopeless = state.consecutiveNonFinite >= 20 || state.returns > Self.mostReturns
        return IterationOutcome(statistics: statistics, stepSize: 0, reason: isHopeless ? .divergence : nil)
    }

    /// The loss is out of all bounds. A convex objective that is searched cannot get there; a constant step that gets there
    /// stays there.
    private func isAstray(_ statistics: GradientStatistics) -> Bool {
        (!isConvex || !method.fullStep.descends) && state.progress.isAstray(statistics.loss)
    }

    /// What was found is no better than the start. (A bad row alone makes the objective of all rows no number, too.)
    var hasGoneAstray: Bool {
        guard state.progress.isSound, let first = state.progress.first else { return true }
        return (validation?.state.bestLoss ?? first) - first > 9 * abs(first)
    }

    /// A run of constant steps on a convex objective has ended higher than it began.
    func isAboveStart(_ loss: Double) -> Bool {
        guard isConvex, !method.fullStep.descends, loss.isFinite, let first = state.progress.first else {
            return false
        }
        return loss - first > 0.1 * objectiveScale(first)
    }

    /// An unsearched step that led here is taken back and shortened; otherwise the batch is skipped.
    private func returnOrSkip() {
        guard let good = state.lastGood else { return passBatch() }
        state.parameters = good
        objective.walk = nil
        // Where the batch itself is bad, the next attempt must skip it.
        state.lastGood = nil
        state.stepSize = state.stepSize.map { $0 / 10 }
    }

    /// Goes back to the last sound parameters with a step ten times shorter, a hundred times where that was tried just now.
    private func returnToSound() {
        state.returns += 1
        if let good = state.lastGood { copy(good, to: &state.parameters) }
        let isRepeated = state.iteration - state.returnedAt <= Self.copyInterval
        state.stepSize = state.stepSize.map { $0 / (isRepeated ? 100 : 10) }
        state.returnedAt = state.iteration
        state.hasLastStep = false
        stepRule.forget()
        aim.forget()
        state.progress.startAnew()
    }

    /// Takes note of the loss before this step, and ends the run where the training loss no longer falls. On all rows of a
    /// convex objective `StopRule` says that better.
    func noteProgress(_ outcome: IterationOutcome) -> StopReason? {
        state.progress.note(outcome.statistics)
        // Held-out rows, where there are any, say it better.
        guard validation == nil, configuration.tolerance > 0, !(isConvex && outcome.statistics.isFullBatch),
            state.progress.passesSinceBest >= configuration.patience
        else { return nil }
        // A plateau well above the loss at the start speaks of the step, and is no end.
        if !isConvex, !state.progress.isSound, state.lastGood != nil, state.returns < Self.mostReturns {
            returnToSound()
            return nil
        }
        return .objectivePlateau
    }

    /// Before the step of this iteration.
    func keepSoundParameters() {
        if state.lastGood == nil {
            state.lastGood = [Float](state.parameters)
            state.keptAt = state.iteration
        } else if state.iteration - state.keptAt >= Self.copyInterval, state.progress.isSound {
            copyToLastGood()
            state.keptAt = state.iteration
        }
    }

    private func copyToLastGood() {
        guard var kept = state.lastGood else { return }
        state.lastGood = nil
        copy(state.parameters, to: &kept)
        state.lastGood = kept
    }

    private func copy(_ values: [Float], to target: inout [Float]) {
        target.withUnsafeMutableBufferPointer { target in
            values.withUnsafeBufferPointer { _ = target.update(fromContentsOf: $0) }
        }
    }
}
