/// What a method is made of. A rule is a value; what it remembers from step to step is its `State`, which checkpoints keep.
public protocol StatefulRule: Sendable {
    associatedtype State: Codable
    /// After a return to earlier parameters: what was learned where the run went astray is of no use.
    func forget(_ state: inout State)
}

extension StatefulRule {
    public func forget(_ state: inout State) {}
}

/// Of rules that remember nothing.
public struct NoState: Codable, Sendable {
    public init() {}
}

/// How far to go along the direction from one batch.
public protocol StepRule: StatefulRule {
    associatedtype State
    /// What it remembers before the first step.
    var start: State { get }
    /// Writes a direction, chooses α and moves, once or more often.
    func step(_ batch: any BatchView, _ state: inout State) throws -> StepOutcome
}

extension StepRule {
    public func forget(_ state: inout State) { state = start }
}

extension StepRule where State == NoState {
    public var start: NoState { NoState() }
}
