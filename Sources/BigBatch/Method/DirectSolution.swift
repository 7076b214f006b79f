import Datasets
import Kernels
import Models

/// The exact minimiser, where the objective is a quadratic and its Hessian is cheap to form.
///
/// ∇²ℓ = A = c Σ ω x̂x̂ᵀ/N + λI (the intercept not penalised) takes one read of the rows and one reduction of n(n + 1)/2
/// numbers, n = D or D + 1. From a full-batch gradient g the step −A⁻¹g, α = 1, then ends at the minimiser but for
/// rounding. The next gradient verifies: ½ gᵀA⁻¹g is now the gap itself, not an estimate, and where rounding left some of
/// it the same matrix takes it away (iterative refinement).
///
/// A short noisy phase comes first: it wins two to three digits in a fraction of one read of the rows.
enum DirectSolution: Codable, Equatable {
    /// To come once K = N.
    case chosen
    /// The metric is A⁻¹; ½ gᵀA⁻¹g before the last step.
    case stepped(gap: Double)
    /// Not chosen, no Cholesky factor, or steps that gain too little: the full-batch method does the rest.
    case refused
}

/// What forming the Hessian costs, and when it is worth that: a function of the data alone, so that asking for less accuracy
/// never takes longer. Measured on one core at n = 54 … 500, N·D = 3e7.
struct DirectCost {
    /// n.
    let dimension: Int
    /// Mean number of stored values of a row.
    let valuesPerRow: Double
    /// N.
    let rows: Int

    /// Multiply-adds of the Gram kernel in the time in which a stored value is read.
    private static let operationsPerValue = 7.0
    /// Reads of all rows that the full-batch method makes, gradients and searches: 10 to 1e-3, 4 more for each further digit,
    /// nine of which Float allows. This is what it takes to 1e-5.
    private static let readsSaved = 18.0
    /// Multiply-adds that nobody waits for: a twentieth of a second.
    private static let smallWork = 1e9

    /// n²/2 multiply-adds a row, in reads of all rows: about 4 for 54 dense features.
    var reads: Double {
        let dimension = Double(dimension)
        return dimension * dimension / 2 / (Self.operationsPerValue * max(valuesPerRow, 1))
    }

    /// Multiply-adds: the matrix, and its factor.
    private var work: Double {
        let dimension = Double(dimension)
        return dimension * dimension * (Double(rows) / 2 + dimension / 3)
    }

    var isWorthwhile: Bool { reads <= Self.readsSaved || work <= Self.smallWork }

    /// Gradient passes into noisy batches before the direct step: a tenth of its own work, and a fifth of a pass for the
    /// first digits.
    var noisyPasses: Double { min(1, max(0.2, reads / 10)) }
}
