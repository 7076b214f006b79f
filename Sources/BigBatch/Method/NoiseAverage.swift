/// Signal and noise of the last batches, for models that take many noisy steps between two sizes of the batch.
///
/// ‖g_B‖² of one batch scatters by tens of percent, and a batch never shrinks: a test of single batches ratchets K up by
/// chance. Both s = ‖g_B‖² − noise and V_B are unbiased at any K, so averages over batches of different sizes are too.
/// Weights fall by `decay` an iteration and grow with K, as precision does (McCandlish et al., An Empirical Model of
/// Large-Batch Training, 2018, appendix A.1, average the same two numbers).
struct NoiseAverage: Codable, Sendable, Equatable {
    var decay = 0.9
    private var weight = 0.0
    private var signal = 0.0
    private var variance = 0.0

    init() {}

    /// `statistics` with signal and V averaged over it and the batches before.
    func smoothed(_ statistics: GradientStatistics) -> GradientStatistics {
        guard statistics.isFinite else { return statistics }
        let total = including(statistics)
        var result = statistics
        result.variance = total.variance / total.weight
        result.squaredGradientNorm = max(total.signal / total.weight + result.noise, 0)
        return result
    }

    /// Takes in the batch that a step was made from.
    mutating func add(_ statistics: GradientStatistics) {
        if statistics.isFinite { self = including(statistics) }
    }

    /// Averaged E‖g_B − ∇ℓ‖² of batches like this one.
    func noise(like statistics: GradientStatistics) -> Double {
        guard weight > 0 else { return statistics.noise }
        var average = statistics
        average.variance = variance / weight
        return average.noise
    }

    private func including(_ statistics: GradientStatistics) -> NoiseAverage {
        let own = Double(statistics.batchSize)
        var result = self
        result.weight = decay * weight + own
        result.signal = decay * signal + own * statistics.signal
        result.variance = decay * variance + own * statistics.variance
        return result
    }
}
