/// x ← x + αd with no look at the loss: Algorithm 1, and with a decay the baseline of SGD, α/(1 + γ · gradient passes).
public struct DecayingStep: StepRule {
    /// α; nil: the direction's.
    public var size: Double?
    /// γ.
    public var decay: Double

    public init(size: Double? = nil, decay: Double = 0) {
        self.size = size
        self.decay = decay
    }

    public func step(_ batch: any BatchView, _ state: inout NoState) throws -> StepOutcome {
        let standard = batch.standardStep
        let wanted = (size ?? standard.size) / (1 + decay * batch.gradientPasses)
        // Where the run went astray, what is carried has become shorter.
        let base = min(wanted, batch.stepSize ?? wanted)
        batch.stepSize = base
        try batch.writeDirection(descending: false)
        let step = size == nil ? base * standard.stretch : base
        batch.move(by: step)
        return .moved(by: step)
    }
}
