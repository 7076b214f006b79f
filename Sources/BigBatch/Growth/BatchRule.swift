/// When and how far the batch grows. A pure function of reduced numbers; K never shrinks and never exceeds its limit.
public protocol BatchRule: Sendable {
    /// The size the batch must have before a step is taken; K itself, `statistics.batchSize`, when it is large enough.
    /// - Parameters:
    ///   - limit: K at most, N or less.
    ///   - gradientsEvaluated: per-sample gradients so far, all ranks.
    func size(for statistics: GradientStatistics, limit: Int, gradientsEvaluated: Int) -> Int
    /// K at the start of an iteration.
    func openingSize(_ size: Int, limit: Int, gradientsEvaluated: Int) -> Int
    /// The size that the next iteration starts from.
    func sizeOfNext(after size: Int, limit: Int) -> Int
    /// Gradient passes that noisy batches may take before the rest of the run takes all rows; no limit for rules that do not
    /// know one.
    var noisyPasses: Double { get set }
    /// The rule wants no particular sizes, and the loop may help it: average the noise of models that are not convex over
    /// batches, and take all rows when a noisy batch sees nothing left to gain.
    var isFree: Bool { get }
}

extension BatchRule {
    public func openingSize(_ size: Int, limit: Int, gradientsEvaluated: Int) -> Int { size }
    public func sizeOfNext(after size: Int, limit: Int) -> Int { size }
    public var noisyPasses: Double {
        get { .infinity }
        set {}
    }
    public var isFree: Bool { false }
}

/// The batch is large enough when θ²‖g_B‖² > noise, noise = (V_B/K)(1 − K/N).
///
/// Else one jump to the size at which the test is expected to hold. With s = ‖g‖² − noise the unbiased signal,
/// 1/K* = 1/N + θ²s / ((1 − θ²) V), at least 1.1 K, at most `largestFactor` K; from K* > N/2 the rest is taken too.
public struct JumpGrowth: BatchRule, Equatable {
    /// θ, in (0, 1).
    public var theta: Double
    /// Growth in one jump is capped because s of a small batch is itself noisy.
    public var largestFactor: Double
    /// Where growth buys nothing more, the exact gradient does.
    public var noisyPasses: Double
    public var isFree: Bool { true }

    public init(theta: Double, largestFactor: Double = 3, noisyPasses: Double = 1) {
        self.theta = theta
        self.largestFactor = largestFactor
        self.noisyPasses = noisyPasses
    }

    /// The limit when another batch of K would go beyond `noisyPasses`.
    public func openingSize(_ size: Int, limit: Int, gradientsEvaluated: Int) -> Int {
        isSpent(gradientsEvaluated + size, limit) ? limit : size
    }

    private func isSpent(_ gradients: Int, _ population: Int) -> Bool {
        Double(gradients) > noisyPasses * Double(population)
    }

    public func size(for statistics: GradientStatistics, limit: Int, gradientsEvaluated: Int) -> Int {
        let size = statistics.batchSize
        guard size < limit, theta * theta * statistics.squaredGradientNorm <= statistics.noise else { return size }
        let target = min(limit, jump(statistics))
        return isSpent(gradientsEvaluated + target - size, limit) ? limit : target
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

/// The paper's: K ← K + ⌈0.1 K⌉ until θ²‖g_B‖² > V_B/K (Algorithm 1 with θ = 1).
public struct IncrementGrowth: BatchRule, Equatable {
    /// θ, in (0, 1].
    public var theta: Double

    public init(theta: Double = 1) { self.theta = theta }

    public func size(for statistics: GradientStatistics, limit: Int, gradientsEvaluated: Int) -> Int {
        let size = statistics.batchSize
        let noise = statistics.variance / Double(size)
        guard size < limit, theta * theta * statistics.squaredGradientNorm <= noise else { return size }
        return min(limit, size + max(1, (size + 9) / 10))
    }
}

/// K ← min(1.1 K + 1, N) after every iteration, whatever the noise: Friedlander & Schmidt, Hybrid Deterministic-Stochastic
/// Methods for Data Fitting, SIAM J. Sci. Comput. 34(3), 2012. A baseline.
public struct GeometricGrowth: BatchRule, Equatable {
    public init() {}

    public func size(for statistics: GradientStatistics, limit: Int, gradientsEvaluated: Int) -> Int {
        statistics.batchSize
    }

    public func sizeOfNext(after size: Int, limit: Int) -> Int { min(limit, size + (size + 9) / 10 + 1) }
}

/// The batch keeps its size.
public struct ConstantBatch: BatchRule, Equatable {
    public init() {}

    public func size(for statistics: GradientStatistics, limit: Int, gradientsEvaluated: Int) -> Int {
        statistics.batchSize
    }
}
