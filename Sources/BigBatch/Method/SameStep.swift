/// As from any batch, by `Method.step`, which may look at no loss.
///
/// Such a run is done when the rest of its gains is within the tolerance or the objective is flat, and the curvature of the
/// loss at this point agrees: a step far too short gains as little as one at the optimum. Asking the curvature takes a few
/// passes, so it is asked again only after twice as many iterations.
public struct SameStep: FullStepRule {
    public struct State: Codable {
        var iterations = 0
        var askedAgainAt = 0
    }

    public init() {}

    public func start(parameterCount: Int) -> State { State() }
    public var descends: Bool { false }

    public func step(_ batch: any FullBatchView, _ state: inout State) throws -> StepOutcome {
        state.iterations += 1
        let bound = batch.stopRule.tolerance / 5
        let scale = batch.scale(of: batch.statistics.loss)
        let isFlat = batch.objectives.isFlat(for: batch.stopRule.plateau)
        let isDone = isFlat || (batch.objectives.remainder.map { $0 / scale <= bound } ?? false)
        if isDone, state.iterations >= state.askedAgainAt {
            state.askedAgainAt = 2 * state.iterations
            let gap = try batch.gapByCurvature()
            if gap.map({ $0 <= max(bound, StopRule.resolution) * scale }) ?? true {
                return .done(isFlat ? .objectivePlateau : .gradientNorm)
            }
        }
        return try batch.stepAsFromAnyBatch()
    }
}
