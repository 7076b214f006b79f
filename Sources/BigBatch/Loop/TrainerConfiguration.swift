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

    /// The size is given, and no loss is looked at.
    public var isConstant: Bool { self == .fixed || self == .sgd }

    /// One of the paper's three algorithms.
    public var isPrinted: Bool { self == .fixed || self == .armijo || self == .bb }

    /// For people who choose one.
    public var meaning: String {
        switch self {
        case .auto: "found by the run itself, from the curvature or a trial"
        case .fixed: "the given size throughout"
        case .armijo: "backtracking"
        case .bb: "Barzilai–Borwein; armijo with adam and adadelta"
        case .sgd: "constant batch with step decay, the baseline"
        }
    }
}

/// Which way a step goes while batches are noisy. On all rows of a convex objective it is L-BFGS, but for `gradient` and for
/// steps of constant size.
public enum DirectionKind: String, Codable, Sendable, CaseIterable {
    /// The negative gradient; for models that are not convex `momentum`.
    case auto
    /// The negative gradient to the end.
    case gradient
    /// d = −g + β Δx_prev/α_prev, or −g where that does not descend.
    case momentum
    /// As `auto` until the batch is all rows.
    case lbfgs
    /// Moments of the gradient's elements (see `Adam`, `AdaDelta`).
    case adam
    case adadelta

    /// The step works in a norm of its own, learned from the gradients.
    public var isAdaptive: Bool { self == .adam || self == .adadelta }

    /// For people who choose one.
    public var meaning: String {
        switch self {
        case .auto: "the gradient; for networks momentum"
        case .gradient: "the gradient to the end"
        case .momentum: "a share of the last step is kept"
        case .lbfgs: "as auto until the batch is all rows"
        case .adam, .adadelta:
            "every parameter with a scale of its own; in networks λ shrinks the weights apart from the gradient"
        }
    }
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

    /// For people who choose one.
    public var meaning: String {
        switch self {
        case .jump: "at once to the size that the noise asks for"
        case .increment: "by a tenth while there is too much noise, as in the paper"
        case .geometric: "by a tenth after every step"
        case .none: "not at all"
        }
    }
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
    /// β of `momentum`.
    public var momentum = 0.9
    /// K at most; nil: N, or N/10 for models that are not convex, which then make at least ten steps a pass.
    public var largestBatchSize: Int?
    /// c of the backtracking search, 0 < c ≤ 0.5. Near 0.5 a step stays short of the minimum along its direction: better for
    /// plain gradient steps, but a Newton step of length 1 is refused.
    public var sufficientDecrease = 0.1
    /// λ. For models that are not convex, with `adam` and `adadelta`, not part of the objective: weights shrink by α λ a step
    /// (Loshchilov & Hutter, Decoupled Weight Decay Regularization, 2019).
    public var l2 = 0.0
    /// Relative accuracy asked for (see `StopRule`); 0: rounding or a budget ends the run.
    public var tolerance = 1e-3
    /// The run goes on to all rows and a bound on what is left to gain, also where a sample could have told.
    public var certify = false
    /// A run that has converged on all rows measures the duality gap where the loss has one: some reads of the rows more.
    public var measuresGap = true
    /// Limit of gradient passes; nil: none, and 1,000 for steps of constant size and for `gradient`, which may never get
    /// anywhere, where there is no other limit.
    public var maxEpochs: Double?
    public var maxIterations: Int?
    /// Evaluations on held-out rows without an improvement, and passes without one of the training loss on batches that are
    /// not all rows, after which the run ends.
    public var patience = 10
    /// What reported losses are multiplied by: where labels were divided by s, s² gives squared errors in their own units.
    public var lossUnit = 1.0
    /// Seconds.
    public var timeLimit: Double?
    public var seed: UInt64 = 0
    /// Whether rows move from slow ranks to fast ones. Nothing else changes, to the last bit.
    public var balance = BalanceKind.auto
    /// Bytes of rows that a rank may hold while they move; nil: what its node has, shared by its ranks.
    public var memoryLimit: Int?
    /// First place of the first batch in the order of the rows, for models that are convex: other batches of the same rows,
    /// as another seed of that order would bring.
    public var firstPosition = 0

    public init() {}

    /// Changes all that is ours back to the algorithms as printed: K₀ = 50, increments of a tenth, θ = 1, steps along the
    /// negative gradient in the Euclidean norm, doubled only when the batch grew. With Armijo c = 0.5, the largest that the
    /// paper allows: steps short of the minimum along the gradient do not zigzag.
    /// - Parameter step: `fixed` is Algorithm 1, `armijo` Algorithm 2, `bb` Algorithm 3.
    public mutating func usePrintedAlgorithm(_ step: StepKind) {
        self.step = step
        growth = .increment
        theta = 1
        initialBatchSize = 50
        direction = .gradient
        preconditioner = .none
        if step == .armijo { sufficientDecrease = 0.5 }
    }

    /// The defaults for a model that is not convex: a budget, because no test of the gradient ends the run; a small first
    /// batch that grows late (θ near 1), because many steps are worth more than precise ones.
    public static var nonConvex: TrainerConfiguration {
        var configuration = TrainerConfiguration()
        configuration.initialBatchSize = 64
        configuration.theta = 0.95
        configuration.maxEpochs = 40
        configuration.l2 = 1e-4
        return configuration
    }
}

extension TrainerConfiguration {
    /// K at most, of N rows.
    public func largestBatch(rows: Int, isConvex: Bool) -> Int {
        min(rows, max(2, largestBatchSize ?? (isConvex ? rows : max(initialBatchSize, rows / 10))))
    }
}
