/// Steps from all rows of a convex objective, where the gradient is exact.
///
/// `forget`: the run has converged, and what takes room and can be learned anew is left out of its last snapshot.
public protocol FullStepRule: StatefulRule {
    associatedtype State
    /// What it remembers before the first step.
    func start(parameterCount: Int) -> State
    /// Before the first batch of a run.
    /// - Returns: gradient passes after which noisy batches should make way for all rows; nil: as `Method.growth` has it.
    func prepare(_ rows: any FullBatchView, _ state: inout State) throws -> Double?
    /// Chooses direction and step, and moves; or finds that the run is done.
    func step(_ batch: any FullBatchView, _ state: inout State) throws -> StepOutcome
    /// Pairs of the last points, where it keeps any: the proof of a result goes on with them.
    func pairs(_ state: State) -> LBFGS?

    /// No step raises the objective for long: where it is flat, or no step is good enough, the run is done.
    var descends: Bool { get }
    /// A run need not be bounded, as steps along the gradient have to be.
    var isSuperlinear: Bool { get }
}

extension FullStepRule {
    public func prepare(_ rows: any FullBatchView, _ state: inout State) throws -> Double? { nil }
    public func pairs(_ state: State) -> LBFGS? { nil }
    public var descends: Bool { true }
    public var isSuperlinear: Bool { false }
}

extension FullStepRule where State == NoState {
    public func start(parameterCount: Int) -> NoState { NoState() }
}

extension FullStepRule where State == LBFGS {
    public func start(parameterCount: Int) -> LBFGS { LBFGS(parameterCount: parameterCount) }
    public func forget(_ pairs: inout LBFGS) { pairs = LBFGS(memory: pairs.memory) }
    public func pairs(_ pairs: LBFGS) -> LBFGS? { pairs }
}

/// Searched along −P g.
public struct GradientStep: FullStepRule {
    public init() {}

    public func step(_ batch: any FullBatchView, _ state: inout NoState) throws -> StepOutcome {
        try batch.renewPreconditionerIfDue()
        try batch.writeDirection(descending: true)
        let first = try batch.firstStep(doubled: true)
        if try batch.isConverged(length: first), batch.isSlowTailDone { return .done(.gradientNorm) }
        return try batch.searchAndMove(from: first)
    }
}
