/// One iteration as it is reported. Loss, gradient norm and batch size are global means and sizes.
public struct IterationRecord: CostBearing, Codable, Sendable, Equatable {
    public var iteration = 0
    /// Up to the end of the iteration.
    public var costs = RunCosts()
    /// K, over all ranks.
    public var batchSize = 0
    /// ℓ_B(x) with the regulariser where the last step of the iteration began.
    public var loss = 0.0
    /// ‖g_B‖ with the regulariser.
    public var gradientNorm = 0.0
    /// ‖g_B‖² / (V_B/K · (1 − K/N)); infinite at K = N.
    public var signalToNoise = 0.0
    public var stepSize = 0.0
    /// Trial steps the line search evaluated in this iteration.
    public var trials = 0
    /// Validation loss, when it was evaluated in this iteration.
    public var validationLoss: Double?

    public init() {}
}

/// What a finished run knows about itself.
public struct TrainingResult: CostBearing, Sendable, Codable {
    /// In the space trained in: weights, then intercepts.
    public var parameters: [Float] = []
    public var stopReason = StopReason.iterationLimit
    /// Mean loss over all training rows at `parameters` plus (λ/2)‖w‖²; with `sampleTest` an estimate from its rows.
    public var objective = 0.0
    /// ‖∇(objective)‖ at `parameters` over all training rows; NaN where they were not all asked.
    public var gradientNorm = 0.0
    /// (objective − dual objective), where the loss has a dual, K = N was reached and it is at most ten times the tolerance.
    public var dualityGap: Double?
    /// What ended the run before it had seen all rows; nil where it saw them.
    public var sampleTest: SampleTest?
    /// Reads of all rows that the gap took, in none of the passes and allreduces of `costs`.
    public var certificatePasses = 0.0
    public var iterations = 0
    public var costs = RunCosts()

    public init() {}

    /// All but the parameters, which a snapshot has.
    private enum CodingKeys: CodingKey {
        case stopReason, objective, gradientNorm, dualityGap, sampleTest, certificatePasses, iterations, costs
    }
}

/// Listens to a run. Called on every rank, outside the timed kernels; must return at once (format elsewhere).
public protocol TrainingObserver: AnyObject {
    func iterationDidEnd(_ record: IterationRecord)
    /// The parameters after an iteration, for those who follow them. Does nothing by default.
    func parametersDidChange(_ parameters: [Float])
    /// Does nothing by default.
    func eventDidOccur(_ event: TrainingEvent)
}

extension TrainingObserver {
    public func parametersDidChange(_ parameters: [Float]) {}
    public func eventDidOccur(_ event: TrainingEvent) {}
}

/// What happens now and then in a run, and no record of an iteration shows.
public struct TrainingEvent: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// Back to earlier parameters, with a shorter step.
        case recovery
        /// A batch or a trial whose loss or gradient is not finite; no step was made from it.
        case nonFinite
        /// What every rank did since the last event of this kind.
        case ranks(RankTimes)
        /// A rank is persistently slow: told once, and again should it recover and slow down anew.
        case straggler(Straggler)
        case stragglerIsOver(rank: Int)
        /// Rows have moved from slow ranks to fast ones.
        case rebalance(Rebalance)
    }

    public var kind: Kind
    /// Iterations done.
    public var iteration: Int
    /// Training time, as in `IterationRecord`.
    public var seconds: Double

    public init(_ kind: Kind, iteration: Int, seconds: Double) {
        self.kind = kind
        self.iteration = iteration
        self.seconds = seconds
    }
}

/// A move of rows to other ranks.
public struct Rebalance: Sendable, Equatable {
    /// What each rank owns now, in units of an equal share.
    public var weights: [Double]
    /// Share of the time of an iteration that it was made to win.
    public var gain: Double
    /// What it took, on this rank.
    public var seconds: Double

    public init(weights: [Double], gain: Double, seconds: Double) {
        self.weights = weights
        self.gain = gain
        self.seconds = seconds
    }
}
