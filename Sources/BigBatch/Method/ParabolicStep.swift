/// α by a `ParabolaFit`, held to Armijo's condition on the batch, along −g: along −g + βv the best single step is short, as v
/// has used up that direction's descent. The step itself is along −g + βv.
public struct ParabolicStep: StepRule {
    public init() {}

    public var start: ParabolaFit { ParabolaFit() }

    public func step(_ batch: any BatchView, _ fit: inout ParabolaFit) throws -> StepOutcome {
        try batch.writeDescent()
        let (statistics, slope) = try (batch.statistics, batch.slope)
        let found = try batch.search(
            from: batch.firstStep(doubled: false), reference: nil, shrink: nil, lengthens: false)
        if found != nil { try batch.writeDirection(descending: false) }
        let outcome = batch.take(found)
        if let found {
            batch.stepSize = fit.next(
                after: found.step, loss: statistics.loss, trialLoss: found.loss, slope: slope, noise: batch.noise)
        }
        return outcome
    }
}

/// A step size from the parabola through what a trial step along d = −g_B shows anyway: ℓ_B(x), the slope p = ⟨g_B, d⟩ and
/// ℓ_B(x + αd).
///
/// κ = 2 (ℓ_B(x + αd) − ℓ_B(x) − αp)/α² is the curvature along d; parabolas fit the loss of networks along a line well
/// (Mutschler & Zell, Parabolic Approximation Line Search for DNNs, 2020). The batch made d, so its slope is steeper than
/// that of all samples, by E‖g_B − ∇ℓ‖²: of p only p + noise is worth anything. α* = −(p + noise)/κ is (8), the step that
/// wins the most on all samples. One batch knows little of either number: both are averaged, and α follows slowly. With
/// q = α*/α between 1/4 and 4: α ← α (1 − η + ηq) for q < 1, α ← α/(1 − η + η/q) for q ≥ 1.
///
/// LeNet on MNIST, 6 passes, momentum 0.9, test accuracy: α* 99.0 %, α*/2 98.8 %; with the noise left in 93.1 %; α* along
/// −g + βv instead 98.7 %.
public struct ParabolaFit: Codable, Sendable, Equatable {
    /// η.
    var rate = 0.2
    /// Weights of past iterations fall by this factor an iteration.
    var decay = 0.9
    private var slope = 0.0
    private var curvature = 0.0

    init() {}

    /// The α to begin the next search with. A step so short that its bend is lost in rounding becomes longer: what rounding
    /// would make of the curvature grows as 1/α², and would take α down without end.
    mutating func next(
        after step: Double, loss: Double, trialLoss: Double, slope p: Double, noise: Double
    ) -> Double {
        let deviation = trialLoss - loss - step * p
        let bend = 2 * deviation / (step * step)
        guard bend.isFinite, p.isFinite, noise.isFinite else { return step }
        let least = LineSearch.resolution * abs(loss)
        var wanted = 4.0
        if abs(deviation) > least {
            slope = decay * slope + (p + noise)
            curvature = decay * curvature + bend
            if curvature > 0 { wanted = min(max(-slope / (curvature * step), 0.25), 4) }
        }
        let next = wanted < 1 ? step * (1 - rate + rate * wanted) : step / (1 - rate + rate / wanted)
        return next.isFinite && next > 0 ? next : step
    }
}
