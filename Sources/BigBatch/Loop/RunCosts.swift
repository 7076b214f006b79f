/// What a run has cost so far.
public struct RunCosts: Codable, Sendable, Equatable {
    /// Since the start of training, over all attempts.
    public var seconds = 0.0
    /// Per-sample gradients evaluated / N, growth included.
    public var gradientPasses = 0.0
    /// Reads of feature rows / N, line search and evaluation included.
    public var featurePasses = 0.0
    /// Reductions.
    public var allreduces = 0
    /// Bytes that each rank has put into reductions and broadcasts; 0 for a rank alone.
    public var communicatedBytes = 0
    /// Seconds this rank spent in kernels and in communication, waiting for other ranks included.
    public var computeSeconds = 0.0
    public var communicationSeconds = 0.0
    /// Of `communicationSeconds`, what the reductions took once all ranks were there; the rest was waiting.
    public var transferSeconds = 0.0
    /// Non-finite batches and trials met.
    public var nonFinite = 0

    public init() {}
}

/// Has costs, and each of them as if it were its own.
@dynamicMemberLookup
public protocol CostBearing {
    var costs: RunCosts { get set }
}

extension CostBearing {
    @inlinable
    public subscript<Value>(dynamicMember cost: WritableKeyPath<RunCosts, Value>) -> Value {
        get { costs[keyPath: cost] }
        set { costs[keyPath: cost] = newValue }
    }
}
