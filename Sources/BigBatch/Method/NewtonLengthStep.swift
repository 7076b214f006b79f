/// α = (‖g‖²_P/κ)·(s/‖g‖²_P), κ = dᵀ∇²ℓ_B d: (8) with the exact curvature of the same batch, and with a step no longer
/// than the signal in it. Found inside an Armijo ladder, so that one reduction brings both; models that do not know
/// κ carry α over as in Algorithm 2.
public struct NewtonLengthStep: StepRule {
    public init() {}

    public func step(_ batch: any BatchView, _ state: inout NoState) throws -> StepOutcome {
        try batch.writeDirection(descending: true)
        var first = try batch.firstStep(doubled: true)
        // One bad batch must not make the steps of all that follow short.
        if batch.knowsLength { first = max(first, 0.5) }
        let statistics = batch.statistics
        let shrink = max(statistics.signal / statistics.squaredGradientNorm, 0.1)
        return try batch.searchAndMove(from: first, shrink: shrink)
    }
}
