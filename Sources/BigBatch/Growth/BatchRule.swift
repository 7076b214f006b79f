/// When and how far the batch grows. A pure function of reduced numbers; K never shrinks and never exceeds N.
///
/// Noise test: the batch is large enough when θ²‖g_B‖² > noise, noise = (V_B/K)(1 − K/N) (`jump`, finite population),
/// or ‖g_B‖² > V_B/K (`increment`, Algorithm 1 with θ = 1).
///
/// - `increment`: K ← K + ⌈0.1 K⌉, as in the paper.
/// - `jump`: one jump to the size at which the test is expected to hold. With s = ‖g‖² − noise the unbiased signal,
///   1/K* = 1/N + θ²s / ((1 − θ²) V), at least 1.1 K, at most `largestFactor` K; from K* > N/2 the rest is taken too.
/// - `geometric`: no test; `sizeOfNext` grows the batch between iterations.
public struct BatchRule: Sendable, Equatable {
    public var growth: GrowthKind
    /// θ, in (0, 1).
    public var theta: Double
    /// Growth in one jump is capped because s of a small batch is itself noisy.
    public var largestFactor = 3.0
    /// Once this many gradient passes went into noisy batches the rest of the run takes all rows: where growth buys
    /// nothing more, the exact gradient does.
    public var noisyPasses = 1.0
    /// K at most; nil: N.
    public var largestSize: Int?

    public init(growth: GrowthKind, theta: Double) {
        self.growth = growth
        self.theta = theta
    }

    /// K at the start of an iteration: N when another batch of K would go beyond `noisyPasses`.
    public func openingSize(_ size: Int, population: Int, gradientsEvaluated: Int) -> Int {
        growth == .jump && isSpent(gradientsEvaluated + size, population) ? population : size
    }

    private func isSpent(_ gradients: Int, _ population: Int) -> Bool {
        Double(gradients) > noisyPasses * Double(population)
    }

    /// The size the batch must have before a step is taken; `statistics.batchSize` when it is large enough.
    /// - Parameter gradientsEvaluated: per-sample gradients so far, all ranks.
    public func size(for statistics: GradientStatistics, gradientsEvaluated: Int = 0) -> Int {
        let size = statistics.batchSize
        let population = min(statistics.population, largestSize ?? statistics.population)
        guard size < population else { return size }
        switch growth {
        case .none, .geometric:
            return size
        case .increment:
            let noise = statistics.variance / Double(size)
            guard theta * theta * statistics.squaredGradientNorm <= noise else { return size }
            return min(population, size + max(1, (size + 9) / 10))
        case .jump:
            guard theta * theta * statistics.squaredGradientNorm <= statistics.noise else { return size }
            let target = min(population, jump(statistics))
            return isSpent(gradientsEvaluated + target - size, population) ? population : target
        }
    }

    /// The size that the next iteration starts from: `size`, except for growth by schedule (`geometric`).
    public func sizeOfNext(after size: Int, population: Int) -> Int {
        growth == .geometric ? min(population, size + (size + 9) / 10 + 1) : size
    }

    private func jump(_ statistics: GradientStatistics) -> Int {
        let size = Double(statistics.batchSize)
        let target = max(min(size * largestFactor, wanted(statistics)), 1.1 * size, size + 1)
        let unit = Self.unit(target)
        let rounded = Int((target / unit).rounded(.up) * unit)
        return rounded > statistics.population / 2 ? statistics.population : rounded
    }

    /// Sizes that a jump may land on: multiples of 1/64 to 1/128 of themselves. Sums that differ in their last digits, on another
    /// kind of processor say, then nearly always lead to the same K, and with it the same samples.
    private static func unit(_ size: Double) -> Double { max(1, size.binade / 64) }

    /// K*.
    private func wanted(_ statistics: GradientStatistics) -> Double {
        guard statistics.signal > 0, statistics.variance > 0 else { return .infinity }
        let slack = max(1 - theta * theta, 0.01)
        return 1
            / (1 / Double(statistics.population)
                + theta * theta * statistics.signal / (slack * statistics.variance))
    }
}
