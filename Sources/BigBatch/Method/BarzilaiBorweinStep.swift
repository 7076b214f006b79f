/// Algorithm 3: search and step; the gradient at the new point on the same batch; Barzilai–Borwein α from the accepted step
/// and the statistics of the first gradient; search and step. Searches leave their α in `batch.stepSize`.
public struct BarzilaiBorweinStep: StepRule {
    public var formula = BarzilaiBorweinSize()

    public init() {}

    public func step(_ batch: any BatchView, _ state: inout NoState) throws -> StepOutcome {
        try batch.writeDirection(descending: true)
        let first = try batch.firstStep(doubled: false)
        let (statistics, slope, squaredDirection) = try (batch.statistics, batch.slope, batch.squaredDirection)
        let opening = try batch.searchAndMove(from: first)
        guard case .moved(let step) = opening, try batch.evaluateAgain() else { return opening }

        // Δx = αd, so ⟨Δx, Δg⟩ = α⟨d, Δg⟩. With d = −Pg, ‖Δx‖² in the dual norm is α²‖g‖²_P.
        let size = try formula.stepSize(
            after: step, curvature: step * (batch.slope - slope), squaredStep: step * step * squaredDirection,
            statistics: statistics)
        try batch.writeDirection(descending: true)
        let closing = try batch.searchAndMove(from: size)
        return closing == .stayed ? opening : closing
    }
}

/// α = 1/ν along −P g from the last two full-batch gradients, with a non-monotone search over the last ten objectives: a
/// monotone one cripples Barzilai–Borwein.
public struct FullBarzilaiBorweinStep: FullStepRule {
    public init() {}

    public func step(_ batch: any FullBatchView, _ pairs: inout LBFGS) throws -> StepOutcome {
        try batch.renewPreconditionerIfDue()
        try batch.writeDirection(descending: true)
        var first = try batch.firstStep(doubled: false)
        let found = try pairs.observe(
            batch.parameters, gradient: batch.gradient, preconditioner: batch.preconditioner,
            products: batch.products)
        if let found {
            // In the preconditioner's norm ν = ⟨Δx, Δg⟩/‖Δx‖² is taken as its dual form ‖Δg‖²_P/⟨Δx, Δg⟩, which needs
            // no P⁻¹.
            first = BarzilaiBorweinSize().stepSize(
                after: first, curvature: found.squaredChange, squaredStep: found.product,
                statistics: batch.statistics)
        }
        // It may rise, but not lose what was won.
        let (loss, best) = (batch.statistics.loss, batch.objectives.best)
        let highest = batch.objectives.recent.suffix(10).max() ?? loss
        let reference = max(loss, min(highest, best + 0.1 * batch.scale(of: best)))
        if try batch.isConverged(length: first), batch.isSlowTailDone { return .done(.gradientNorm) }
        let trial = try batch.search(from: first, reference: reference, shrink: nil, lengthens: false)
        return batch.take(trial)
    }
}

/// The Barzilai–Borwein step size on a noisy batch (Algorithm 3).
///
/// ν = ⟨Δx, Δg_B⟩ / ‖Δx‖² (9), both gradients on the same batch; α̃ = (1/ν)(1 − V_B/(K‖g_B‖²)) (8), its factor clamped to
/// [0, 1] and 1 at K = N; smoothed: α ← (1 − K/N) α + (K/N) α̃.
///
/// The printed rule ends in NaN on real data; ours: ν ≤ 0 or not finite keeps α, and α̃ stays within a factor of
/// `largestChange` of α.
public struct BarzilaiBorweinSize: Sendable, Equatable {
    public var largestChange = 10.0

    public init() {}

    /// - Parameters:
    ///   - curvature: ⟨Δx, Δg_B⟩.
    ///   - squaredStep: ‖Δx‖², in the norm dual to the gradient's.
    public func stepSize(
        after step: Double, curvature: Double, squaredStep: Double, statistics: GradientStatistics
    ) -> Double {
        let nu = curvature / squaredStep
        guard nu.isFinite, nu > 0 else { return step }
        let fraction = Double(statistics.batchSize) / Double(statistics.population)
        let noiseShare = statistics.variance / (Double(statistics.batchSize) * statistics.squaredGradientNorm)
        let factor = statistics.isFullBatch ? 1 : min(max(1 - noiseShare, 0), 1)
        let estimate = min(max(factor / nu, step / largestChange), step * largestChange)
        guard estimate.isFinite, estimate > 0 else { return step }
        return (1 - fraction) * step + fraction * estimate
    }
}
