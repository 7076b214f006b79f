/// How far to go along the direction from one batch.
///
/// A rule is a value; what it remembers from step to step is its `State`, which checkpoints keep.
public protocol StepRule: Sendable {
    associatedtype State: Codable
    /// What it remembers before the first step.
    var start: State { get }
    /// Writes a direction, chooses α and moves, once or more often.
    func step(_ batch: any BatchView, _ state: inout State) throws -> StepOutcome
    /// After a return to earlier parameters: what was learned where the run went astray is of no use.
    func forget(_ state: inout State)
}

extension StepRule {
    public func forget(_ state: inout State) { state = start }
}

/// Of rules and directions that remember nothing.
public struct NoState: Codable, Sendable {
    public init() {}
}

extension StepRule where State == NoState {
    public var start: NoState { NoState() }
}
