/// A step size from the parabola through what a trial step shows anyway: ℓ_B(x), the slope p = ⟨g_B, d⟩ and ℓ_B(x + αd).
///
/// κ = 2 (ℓ_B(x + αd) − ℓ_B(x) − αp)/α², and α* = −p/κ minimises the loss of the batch along d. The batch was seen in the
/// making of d, so α* is too long for the other samples, and one batch knows it to a factor of two or so: the next α
/// follows the share r of α* slowly. With q = r α*/α between 1/4 and 4 (4 where κ ≤ 0): α ← α (1 − η + ηq) for q < 1,
/// α ← α/(1 − η + η/q) for q ≥ 1. Parabolas fit the loss of networks along a line well: Mutschler & Zell, Parabolic
/// Approximation Line Search for DNNs, 2020.
public struct ParabolicStep: Sendable, Equatable {
    /// r.
    public var share = 0.5
    /// η.
    public var rate = 0.2

    public init() {}

    /// The α to begin the next search with.
    public func next(after step: Double, loss: Double, trialLoss: Double, slope: Double) -> Double {
        let curvature = 2 * (trialLoss - loss - step * slope) / (step * step)
        var wanted = 4.0
        if curvature > 0, slope < 0 { wanted = min(max(share * -slope / (curvature * step), 0.25), 4) }
        let next = wanted < 1 ? step * (1 - rate + rate * wanted) : step / (1 - rate + rate / wanted)
        return next.isFinite && next > 0 ? next : step
    }
}
