/// Steps from all rows of a convex objective, where the gradient is exact.
///
/// A rule is a value; what it remembers from step to step is its `State`, which checkpoints keep.
public protocol FullStepRule: Sendable {
    associatedtype State: Codable
    /// What it remembers before the first step.
    func start(parameterCount: Int) -> State
    /// Before the first batch of a run.
    /// - Returns: gradient passes after which noisy batches should make way for all rows; nil: as `Method.growth` has it.
    func prepare(_ rows: any FullBatchView, _ state: inout State) throws -> Double?
    /// Chooses direction and step, and moves; or finds that the run is done.
    func step(_ batch: any FullBatchView, _ state: inout State) throws -> FullStepOutcome
    /// The run has converged: what takes room and can be learned anew is left out of its last snapshot.
    func forget(_ state: inout State)
    /// Pairs of the last points, where it keeps any: the proof of a result goes on with them.
    func pairs(_ state: State) -> LBFGS?

    /// No step raises the objective for long: where it is flat the run is done.
    var descends: Bool { get }
    /// A run need not be bounded, as steps along the gradient have to be.
    var isSuperlinear: Bool { get }
}

extension FullStepRule {
    public func prepare(_ rows: any FullBatchView, _ state: inout State) throws -> Double? { nil }
    public func forget(_ state: inout State) {}
    public func pairs(_ state: State) -> LBFGS? { nil }
    public var descends: Bool { true }
    public var isSuperlinear: Bool { false }
}

extension FullStepRule where State == NoState {
    public func start(parameterCount: Int) -> NoState { NoState() }
}

/// What came of all rows.
public enum FullStepOutcome: Sendable, Equatable {
    case stepped(StepOutcome)
    case done(StopReason)

    /// A search on all rows that found no step would find none again.
    public static func searched(_ outcome: StepOutcome) -> FullStepOutcome {
        outcome == .stayed ? .done(.lineSearchExhausted) : .stepped(outcome)
    }

    var size: Double { if case .stepped(let outcome) = self { outcome.size } else { 0 } }
    var reason: StopReason? { if case .done(let reason) = self { reason } else { nil } }
}

/// Searched along −P g.
public struct GradientStep: FullStepRule {
    public init() {}

    public func step(_ batch: any FullBatchView, _ state: inout NoState) throws -> FullStepOutcome {
        try batch.renewPreconditionerIfDue()
        batch.writeDirection(descending: true)
        let first = try batch.firstStep(doubled: true)
        if try batch.isConverged(length: first), batch.isSlowTailDone { return .done(.gradientNorm) }
        return .searched(try batch.searchAndMove(from: first))
    }
}
