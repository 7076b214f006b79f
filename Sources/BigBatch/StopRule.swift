/// When a run has converged. A pure function of reduced numbers.
///
/// On the full batch three numbers estimate the relative gap (ℓ(x) − ℓ*)/|ℓ(x)|: the decrease that the search direction
/// promises, −½⟨g, d⟩ (half the Newton decrement when d is a Newton step), the same of the metric's gradient step,
/// ½‖g‖²_P, and what the last step gained. All scale with the objective alone, so neither the scale of the features nor
/// the size of the data matters. The run stops when all three have been at most `tolerance`/5 at two successive
/// iterations (five without a preconditioner: it takes some before L-BFGS has seen the flat directions; the estimates
/// are several times smaller than the gap on ill-conditioned problems), or when the objective has not fallen by more
/// than rounding for `plateau` iterations. With `tolerance` 0 it never does.
public struct StopRule: Sendable, Equatable {
    public var tolerance: Double
    public var plateau = 5
    /// How much smaller than the tolerance an estimate must be.
    public var safety = 5.0

    public init(configuration: TrainerConfiguration) {
        tolerance = configuration.tolerance
    }

    /// The estimate of (ℓ(x) − ℓ*)/|ℓ(x)| from one full-batch iteration.
    /// - Parameters:
    ///   - slope: ⟨g, d⟩ of the search direction at a step of length 1 (times α where the step has another length).
    ///   - previousLoss: ℓ before the last step, if there was one on the full batch.
    func gapEstimate(_ statistics: GradientStatistics, slope: Double, metricNorm: Double, previousLoss: Double?)
        -> Double?
    {
        guard let previousLoss else { return nil }
        let scale = max(abs(statistics.loss), .leastNormalMagnitude)
        return max(-slope / 2, metricNorm / 2, previousLoss - statistics.loss) / scale
    }

    /// How close `reason` came to another answer.
    func margin(estimates: [Double], losses: [Double]) -> DecisionMargin {
        var margin = DecisionMargin()
        for estimate in estimates { margin.note(estimate, threshold: tolerance / safety) }
        if losses.count > plateau, let last = losses.last, let best = losses.dropLast(plateau).min() {
            margin.note(last, threshold: best - 1e-9 * abs(best))
        }
        return margin
    }

    /// Why a run on the full batch is done, or nil.
    /// - Parameters:
    ///   - estimates: gap estimates of the full-batch iterations, this one last.
    ///   - losses: objectives of the full-batch iterations, this one last.
    func reason(estimates: [Double], losses: [Double], isPreconditioned: Bool) -> StopReason? {
        guard tolerance > 0 else { return nil }
        let successive = isPreconditioned ? 2 : 5
        let last = estimates.suffix(successive)
        if last.count == successive, last.allSatisfy({ $0 <= tolerance / safety }) {
            return .gradientNorm
        }
        if losses.count > plateau, let last = losses.last, let best = losses.dropLast(plateau).min() {
            if last >= best - 1e-9 * abs(best) { return .objectivePlateau }
        }
        return nil
    }
}
