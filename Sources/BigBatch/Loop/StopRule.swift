/// When a run on all rows has converged. A pure function of reduced numbers.
///
/// Three numbers estimate what is left to gain, ℓ(x) − ℓ*: the decrease that the search direction promises, −½⟨g, d⟩ (half
/// the Newton decrement when d is a Newton step), the same of the preconditioner's gradient step, ½‖g‖²_P, and what the
/// last step gained. They are held against `tolerance` times the objective, so neither the scale of the features nor
/// the size of the data matters. They are smaller than the gap, the more so the less the preconditioner knows of the
/// Hessian: the run stops when all three have been at most `tolerance`/5 of it at two successive iterations with a
/// dense preconditioner, `tolerance`/10 with a diagonal one, and `tolerance`/10 at five without (it takes some before
/// L-BFGS has seen the flat directions). With a preconditioner, the quasi-Newton stop also needs the search along d to
/// end within twice the step (`QuasiNewtonStep`): past that the curvature in the estimates is not the loss's. A P made at
/// x alone has the last word where it can be had (`FullBatchView.confirmation`). Along the gradient gains fall slowly, and
/// the rest of their series has to be within the tolerance too (`ObjectiveHistory.remainder`), as for steps that nobody
/// searches (`SameStep`).
///
/// Whatever the step, a gradient of 0 ends the run, and so does an objective that `plateau` steps have not changed by more
/// than rounding, also with `tolerance` 0.
public struct StopRule: Sendable, Equatable {
    public var tolerance: Double
    public var plateau = 5

    /// The share of itself that an objective is known to.
    static let resolution = 1e-9
    /// Of the tolerance, what an estimate of the gap by a curvature that a sample of rows told may be, where it stands alone.
    static let shareOfGap = 0.5
    /// An optimum of 0 has no relative accuracy: what is left of the loss counts as at least this share of what there was
    /// at the start.
    static let leastShare = 1e-6

    public init(configuration: TrainerConfiguration) {
        tolerance = configuration.tolerance
    }

    /// What accuracy is relative to: the objective above the least value its loss can have, or a millionth of that at the
    /// start.
    /// - Parameters:
    ///   - least: the infimum of the loss over all margins, 0 for most.
    ///   - start: the objective of the first batch.
    func scale(_ loss: Double, least: Double, start: Double?) -> Double {
        max(abs(loss - least), Self.leastShare * abs((start ?? loss) - least), .leastNormalMagnitude)
    }

    /// The estimate of ℓ(x) − ℓ* from one iteration on all rows; nil at the first one.
    /// - Parameters:
    ///   - slope: ⟨g, d⟩ of the search direction at a step of length 1 (times α where the step has another length).
    ///   - previousLoss: ℓ before the last step, if there was one on the full batch.
    func gapEstimate(_ statistics: GradientStatistics, slope: Double, preconditionedNorm: Double, previousLoss: Double?)
        -> Double?
    {
        guard let previousLoss else { return nil }
        return max(-slope / 2, preconditionedNorm / 2, previousLoss - statistics.loss)
    }

    /// What relative estimates are held against, and over how many successive iterations.
    func requirement(_ preconditioner: Preconditioner) -> (bound: Double, successive: Int) {
        switch preconditioner {
        case .dense: (tolerance / 5, 2)
        case .diagonal: (tolerance / 10, 2)
        case .identity: (tolerance / 10, 5)
        }
    }

    /// Whether estimates are small enough.
    /// - Parameter estimates: those of the iterations on all rows, relative to `scale`, this one last.
    func isConverged(estimates: [Double], preconditioner: Preconditioner) -> Bool {
        guard tolerance > 0 else { return false }
        let (bound, successive) = requirement(preconditioner)
        let last = estimates.suffix(successive)
        return last.count == successive && last.allSatisfy { $0 <= bound }
    }
}
