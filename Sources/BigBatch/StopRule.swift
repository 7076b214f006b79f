/// When a run has converged. A pure function of reduced numbers.
///
/// On the full batch three numbers estimate the relative gap (ℓ(x) − ℓ*)/|ℓ(x)|: the decrease that the search direction
/// promises, −½⟨g, d⟩ (half the Newton decrement when d is a Newton step), the same of the metric's gradient step,
/// ½‖g‖²_P, and what the last step gained. All scale with the objective alone, so neither the scale of the features nor
/// the size of the data matters. The estimates are smaller than the gap, the more so the less the metric knows of the
/// Hessian: the run stops when all three have been at most `tolerance`/5 at two successive iterations with a dense
/// metric, `tolerance`/10 with a diagonal one, and `tolerance`/10 at five without (it takes some before L-BFGS has seen
/// the flat directions); or when the objective has not fallen by more than rounding for `plateau` iterations. With
/// `tolerance` 0 it never does. With a metric, the quasi-Newton stop by estimates also needs the search along d to end
/// within twice the step (`Trainer.quasiNewtonStep`): past that the curvature in the estimates is not the loss's.
public struct StopRule: Sendable, Equatable {
    public var tolerance: Double
    public var plateau = 5

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

    /// What estimates are held against, and over how many successive iterations.
    private func requirement(_ metric: Metric) -> (bound: Double, successive: Int) {
        switch metric {
        case .dense: (tolerance / 5, 2)
        case .diagonal: (tolerance / 10, 2)
        case .identity: (tolerance / 10, 5)
        }
    }

    /// How close `reason` came to another answer.
    func margin(estimates: [Double], losses: [Double], metric: Metric) -> DecisionMargin {
        var margin = DecisionMargin()
        let bound = requirement(metric).bound
        for estimate in estimates { margin.note(estimate, threshold: bound) }
        if losses.count > plateau, let last = losses.last, let best = losses.dropLast(plateau).min() {
            margin.note(last, threshold: best - 1e-9 * abs(best))
        }
        return margin
    }

    /// Why a run on the full batch is done, or nil.
    /// - Parameters:
    ///   - estimates: gap estimates of the full-batch iterations, this one last.
    ///   - losses: objectives of the full-batch iterations, this one last.
    func reason(estimates: [Double], losses: [Double], metric: Metric) -> StopReason? {
        guard tolerance > 0 else { return nil }
        let (bound, successive) = requirement(metric)
        let last = estimates.suffix(successive)
        if last.count == successive, last.allSatisfy({ $0 <= bound }) {
            return .gradientNorm
        }
        if losses.count > plateau, let last = losses.last, let best = losses.dropLast(plateau).min() {
            if last >= best - 1e-9 * abs(best) { return .objectivePlateau }
        }
        return nil
    }
}
