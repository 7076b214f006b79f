/// A step rule beside its state.
protocol RunningStep {
    mutating func step(_ batch: any BatchView) throws -> StepOutcome
    mutating func forget()
    var kept: KeptState { get }
    mutating func restore(_ kept: KeptState) throws
}

extension StepRule {
    func running() -> any RunningStep { Running(rule: self, state: start) }
}

private struct Running<Rule: StepRule>: RunningStep {
    let rule: Rule
    var state: Rule.State

    mutating func step(_ batch: any BatchView) throws -> StepOutcome { try rule.step(batch, &state) }
    mutating func forget() { rule.forget(&state) }
    var kept: KeptState { KeptState(state, name: "step") }
    mutating func restore(_ kept: KeptState) throws { state = try kept.state(Rule.State.self, name: "step") }
}

/// A step rule for all rows beside its state.
protocol RunningFullStep {
    mutating func prepare(_ rows: any FullBatchView) throws -> Double?
    mutating func step(_ batch: any FullBatchView) throws -> FullStepOutcome
    mutating func forget()
    var pairs: LBFGS? { get }
    var kept: KeptState { get }
    mutating func restore(_ kept: KeptState) throws
}

extension FullStepRule {
    func running(parameterCount: Int) -> any RunningFullStep {
        RunningOnAll(rule: self, state: start(parameterCount: parameterCount))
    }
}

private struct RunningOnAll<Rule: FullStepRule>: RunningFullStep {
    let rule: Rule
    var state: Rule.State

    mutating func prepare(_ rows: any FullBatchView) throws -> Double? { try rule.prepare(rows, &state) }
    mutating func step(_ batch: any FullBatchView) throws -> FullStepOutcome { try rule.step(batch, &state) }
    mutating func forget() { rule.forget(&state) }
    var pairs: LBFGS? { rule.pairs(state) }
    var kept: KeptState { KeptState(state, name: "fullStep") }
    mutating func restore(_ kept: KeptState) throws { state = try kept.state(Rule.State.self, name: "fullStep") }
}

/// A direction beside its state.
protocol RunningDirection {
    var rule: any Direction { get }
    mutating func write(_ d: inout [Float], _ gradient: any BatchGradient, hasLastStep: Bool)
    func decay(_ weights: UnsafeMutableBufferPointer<Float>, rate: Float)
    mutating func forget()
    var norm: LearnedNorm? { get }
    var kept: KeptState { get }
    mutating func restore(_ kept: KeptState) throws
}

extension Direction {
    func running(parameterCount: Int) -> any RunningDirection {
        Directing(direction: self, state: start(parameterCount: parameterCount))
    }
}

private struct Directing<D: Direction>: RunningDirection {
    let direction: D
    var state: D.State

    var rule: any Direction { direction }
    mutating func write(_ d: inout [Float], _ gradient: any BatchGradient, hasLastStep: Bool) {
        direction.write(&d, gradient, hasLastStep: hasLastStep, &state)
    }
    func decay(_ weights: UnsafeMutableBufferPointer<Float>, rate: Float) {
        direction.decay(weights, rate: rate, state)
    }
    mutating func forget() { direction.forget(&state) }
    var norm: LearnedNorm? { direction.norm(state) }
    var kept: KeptState { KeptState(state, name: "direction") }
    mutating func restore(_ kept: KeptState) throws { state = try kept.state(D.State.self, name: "direction") }
}
