/// When a run has converged. A pure function of reduced numbers.
///
/// On the full batch, in the norm of the metric: ½‖g‖²_P estimates ℓ(x) − ℓ* when P is close to the inverse Hessian, so
/// the run stops when ½‖g‖²_P and the decrease that the search direction promises, −½⟨g, d⟩, are both at most
/// `tolerance`·|ℓ(x)|, or when `plateau` full-batch iterations together gained less than 1e-3·tolerance·|ℓ(x)|.
public struct StopRule: Sendable, Equatable {
    public var tolerance: Double
    public var plateau = 10

    public init(configuration: TrainerConfiguration) {
        tolerance = configuration.tolerance
    }

    /// Why a run on the full batch is done, or nil.
    /// - Parameter recent: the objectives of the full-batch iterations before this one.
    func reason(_ statistics: GradientStatistics, recent: [Double]) -> StopReason? {
        let bound = tolerance * abs(statistics.loss)
        if statistics.squaredGradientNorm / 2 <= bound { return .gradientNorm }
        if recent.count >= plateau {
            let gained = recent[recent.count - plateau] - statistics.loss
            if gained <= 1e-3 * bound { return .objectivePlateau }
        }
        return nil
    }
}
