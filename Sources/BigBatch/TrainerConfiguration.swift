/// How step sizes are found.
public enum StepKind: String, Codable, Sendable, CaseIterable {
    /// Chosen by the run itself; needs no numbers.
    case auto
    /// Algorithm 1: a constant step.
    case fixed
    /// Algorithm 2: backtracking on the batch.
    case armijo
    /// Algorithm 3: Barzilai–Borwein.
    case bb
    /// Constant batch, step decay: the baseline.
    case sgd
}

/// Which way a step goes.
public enum DirectionKind: String, Codable, Sendable, CaseIterable {
    /// The negative gradient while the batch grows, L-BFGS once K = N.
    case auto
    case gradient
    case momentum
    case lbfgs
}

/// The norm the method works in.
public enum PreconditionerKind: String, Codable, Sendable, CaseIterable {
    /// From the curvature of the loss, dense or diagonal, for searched steps of models that know it.
    case auto
    /// The Euclidean norm, as in the paper.
    case none
}

/// When the batch grows.
public enum GrowthKind: String, Codable, Sendable, CaseIterable {
    /// One jump to the size the noise test asks for.
    case jump
    /// The paper's increments of 0.1 K.
    case increment
    /// K ← min(1.1 K + 1, N) after every iteration, whatever the noise: Friedlander & Schmidt, Hybrid Deterministic-Stochastic
    /// Methods for Data Fitting, SIAM J. Sci. Comput. 34(3), 2012. A baseline.
    case geometric
    /// Constant batch.
    case none
}

/// The options of a training run; every one has a default.
public struct TrainerConfiguration: Codable, Sendable, Equatable {
    public var step = StepKind.auto
    public var direction = DirectionKind.auto
    public var growth = GrowthKind.jump
    public var preconditioner = PreconditionerKind.auto
    /// θ of the noise test, 0 < θ ≤ 1.
    public var theta = 0.8
    /// K₀, over all ranks.
    public var initialBatchSize = 500
    /// α of `fixed` and `sgd`; first α of the others (nil: from a curvature estimate on the first batch).
    public var stepSize: Double?
    /// γ of `sgd`: α = stepSize / (1 + γ · gradient passes).
    public var stepDecay = 1.0
    /// c of the backtracking search, 0 < c ≤ 0.5. Near 0.5 a step stays short of the minimum along its direction: better for
    /// plain gradient steps, but a Newton step of length 1 is refused.
    public var sufficientDecrease = 0.1
    /// λ.
    public var l2 = 0.0
    /// Relative accuracy asked for (see `StopRule`); 0: only a budget ends the run.
    public var tolerance = 1e-3
    /// Limit of gradient passes; nil: none.
    public var maxEpochs: Double?
    public var maxIterations: Int?
    /// Seconds.
    public var timeLimit: Double?
    public var seed: UInt64 = 0

    public init() {}
}
