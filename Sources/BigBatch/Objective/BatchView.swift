/// One batch as a step rule sees it: what is known of it, and what may be done about it.
///
/// All that it tells is the same on every rank. Calls that throw make reductions: a rule makes the same ones on every rank,
/// which it does by itself where it decides by what it sees here alone.
public protocol BatchView: AnyObject {
    /// Of the gradient g_B at x, regulariser included; norms are those of the method.
    var statistics: GradientStatistics { get }
    /// E‖g_B − ∇ℓ‖² of batches like this one: of models that are not convex averaged over the last ones.
    var noise: Double { get }
    /// The infimum of ℓ over all margins: 0, but for losses that say another (see `LeastLossModel`).
    var leastLoss: Double { get }
    /// The batch grew in this iteration before it was large enough.
    var hasGrown: Bool { get }
    /// Per-sample gradients so far over N.
    var gradientPasses: Double { get }
    /// α to go on from: what the last step left here, shorter where the run has gone astray since; nil at the start.
    var stepSize: Double? { get set }
    /// α where nobody gives one and no loss is looked at, as the direction knows it, and how much longer a step from this
    /// batch may be.
    var standardStep: (size: Double, stretch: Double) { get }
    /// The preconditioner is an inverse Hessian, about: the length of d means something.
    var knowsLength: Bool { get }

    /// Writes d by the direction of the method.
    /// - Parameter descending: d = −P g_B where it would not go down on this batch.
    func writeDirection(descending: Bool) throws
    /// Writes d = −P g_B.
    func writeDescent() throws
    /// ⟨g_B, d⟩. One reduction where the gradient is in parts.
    var slope: Double { get throws }
    /// dᵀP⁻¹d, the norm dual to the gradient's; ‖g_B‖²_P for d = −P g_B.
    var squaredDirection: Double { get }

    /// α to try first: the carried one, doubled if asked, or at the start the one that was given, 2 where the length of d is
    /// known, or an estimate.
    func firstStep(doubled: Bool) throws -> Double
    /// ℓ_B(x + αd) for every α and, where the model knows it, dᵀ∇²ℓ_B d. One reduction for twelve α.
    func losses(at steps: [Double]) throws -> (losses: [Double], curvature: Double?)
    /// Backtracks along d by the rule of Armijo, and stays at x (see `LineSearch.search`).
    /// `searchAndMove` searches and steps.
    /// - Returns: nil where no α was good enough.
    func search(from first: Double, reference: Double?, shrink: Double?, lengthens: Bool) throws -> Trial?
    /// x ← x + αd.
    func move(by step: Double)
    /// Makes the step that a search found and leaves its α in `stepSize`; none where it found none.
    func take(_ trial: Trial?) -> StepOutcome
    /// g_B of the same batch at x as it is now. One reduction.
    /// - Returns: false where it is not finite; `statistics` are then those from before.
    func evaluateAgain() throws -> Bool
}

/// A step that a search found good enough.
public struct Trial: Sendable, Equatable {
    /// α.
    public var step: Double
    /// ℓ_B of the trial that was good enough; α may be shorter where the curvature is known.
    public var loss: Double
}

/// What came of one batch.
public enum StepOutcome: Sendable, Equatable {
    /// The last α.
    case moved(by: Double)
    /// No step was good enough.
    case stayed
    /// No step was made, and the run ends.
    case done(StopReason)

    var size: Double { if case .moved(let step) = self { step } else { 0 } }
    var reason: StopReason? { if case .done(let reason) = self { reason } else { nil } }
}

extension BatchView {
    /// Backtracks from `first` and steps.
    public func searchAndMove(from first: Double, shrink: Double? = nil) throws -> StepOutcome {
        take(try search(from: first, reference: nil, shrink: shrink, lengthens: false))
    }
}
