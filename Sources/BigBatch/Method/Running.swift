/// A rule beside its state.
struct Running<Rule: StatefulRule> {
    let own: Rule
    var state: Rule.State
    /// In snapshots.
    let name: String
}

/// What the loop asks of any rule.
protocol RunningRule {
    mutating func forget()
    var kept: KeptState { get }
    mutating func restore(_ kept: KeptState) throws
}

extension Running: RunningRule {
    mutating func forget() { own.forget(&state) }
    var kept: KeptState { KeptState(state, name: name) }
    mutating func restore(_ kept: KeptState) throws { state = try kept.state(Rule.State.self, name: name) }
}

protocol RunningStep: RunningRule {
    mutating func step(_ batch: any BatchView) throws -> StepOutcome
}

extension Running: RunningStep where Rule: StepRule {
    mutating func step(_ batch: any BatchView) throws -> StepOutcome { try own.step(batch, &state) }
}

extension StepRule {
    func running() -> any RunningStep { Running(own: self, state: start, name: "step") }
}

protocol RunningFullStep: RunningRule {
    mutating func prepare(_ rows: any FullBatchView) throws -> Double?
    mutating func step(_ batch: any FullBatchView) throws -> StepOutcome
    var pairs: LBFGS? { get }
}

extension Running: RunningFullStep where Rule: FullStepRule {
    mutating func prepare(_ rows: any FullBatchView) throws -> Double? { try own.prepare(rows, &state) }
    mutating func step(_ batch: any FullBatchView) throws -> StepOutcome { try own.step(batch, &state) }
    var pairs: LBFGS? { own.pairs(state) }
}

extension FullStepRule {
    func running(parameterCount: Int) -> any RunningFullStep {
        Running(own: self, state: start(parameterCount: parameterCount), name: "fullStep")
    }
}

protocol RunningDirection: RunningRule {
    var rule: any Direction { get }
    mutating func write(_ d: inout [Float], _ gradient: any BatchGradient, hasLastStep: Bool)
    func decay(_ weights: UnsafeMutableBufferPointer<Float>, rate: Float)
    var norm: LearnedNorm? { get }
}

extension Running: RunningDirection where Rule: Direction {
    var rule: any Direction { own }
    mutating func write(_ d: inout [Float], _ gradient: any BatchGradient, hasLastStep: Bool) {
        own.write(&d, gradient, hasLastStep: hasLastStep, &state)
    }
    func decay(_ weights: UnsafeMutableBufferPointer<Float>, rate: Float) { own.decay(weights, rate: rate, state) }
    var norm: LearnedNorm? { own.norm(state) }
}

extension Direction {
    func running(parameterCount: Int) -> any RunningDirection {
        Running(own: self, state: start(parameterCount: parameterCount), name: "direction")
    }
}
