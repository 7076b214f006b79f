/// What one reduction yields: global sums over a batch, from which every rank derives the same numbers.
///
/// Sums may be added: the sums of a batch and of its extension are the sums of the grown batch.
struct BatchSums: Sendable {
    /// n, samples over all ranks.
    var count = 0
    /// Σ f(x; z_i).
    var loss = 0.0
    /// S = Σ ‖∇f(x; z_i)‖² of the data term, in the norm of the preconditioner; estimated where a row's norm is costly
    /// (dense preconditioners, see `writeNorms`).
    var squaredNorms = 0.0
}

/// The scalars of one batch gradient on which all decisions rest. Means over the batch, never sums.
public struct GradientStatistics: Sendable, Equatable {
    /// K, samples in the batch.
    public var batchSize: Int
    /// N, samples in the data set.
    public var population: Int
    /// ℓ_B(x): mean loss plus regulariser.
    public var loss: Double
    /// ‖g_B‖², regulariser included, in the norm of the preconditioner.
    public var squaredGradientNorm: Double
    /// V_B = (S − n‖ḡ‖²)/(n − 1) (6), ḡ the mean gradient of the data term: the regulariser adds the same vector to
    /// every sample and so moves ‖g_B‖² but not V_B.
    public var variance: Double
    /// A sample has one gradient only, so that N samples know it all. False with random masks or augmentation.
    public var isFinitePopulation = true

    public init(batchSize: Int, population: Int, loss: Double, squaredGradientNorm: Double, variance: Double) {
        self.batchSize = batchSize
        self.population = population
        self.loss = loss
        self.squaredGradientNorm = squaredGradientNorm
        self.variance = variance
    }

    /// V_B from the reduced sums; exact for any split of the batch over ranks. Clamped to ≥ 0; NaN stays NaN.
    /// - Parameter squaredMeanNorm: ‖ḡ‖² of the data term.
    public static func variance(count: Int, squaredNorms: Double, squaredMeanNorm: Double) -> Double {
        guard count > 1 else { return 0 }
        let variance = (squaredNorms - Double(count) * squaredMeanNorm) / Double(count - 1)
        return variance < 0 ? 0 : variance
    }

    /// E‖g_B − ∇ℓ‖² = (V_B/K)(1 − K/N): a batch drawn without replacement; 0 at K = N. With noise inside a sample V_B/K.
    public var noise: Double {
        variance / Double(batchSize) * (isFinitePopulation ? 1 - Double(batchSize) / Double(population) : 1)
    }

    /// s = ‖g_B‖² − noise, the unbiased estimate of ‖∇ℓ‖². May be negative.
    public var signal: Double { squaredGradientNorm - noise }

    /// ‖g_B‖² / noise; infinite on the full batch.
    public var signalToNoise: Double { noise > 0 ? squaredGradientNorm / noise : .infinity }

    public var isFullBatch: Bool { batchSize >= population }

    public var isFinite: Bool { loss.isFinite && squaredGradientNorm.isFinite && variance.isFinite }
}
