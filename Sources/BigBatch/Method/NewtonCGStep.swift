/// Newton steps with the curvature of a sample of the rows, where rows are sparse and too wide for a matrix, or classes too many for
/// one of all their parameters (Byrd, Chin, Neveitt & Nocedal, 2011).
///
/// d solves ∇²ℓ_S d = −∇ℓ by conjugate gradients, preconditioned by P. A product with ∇²ℓ_S is the difference of two gradients of
/// the sample S, so a step takes a few tenths of a read beside its gradient and its search. ½⟨∇ℓ, −d⟩ is then ℓ(x) − ℓ*, about:
/// directions that S has not seen count as nearly flat, and more seems to be left than is. Where the conjugate gradients do not
/// settle within a few products, or a step is too long, S knows too little, and the run goes on with `rest`.
public struct NewtonCGStep<Rest: FullStepRule>: FullStepRule {
    /// Makes the steps where these do not pay.
    public var rest: Rest

    public init(otherwise rest: Rest) { self.rest = rest }

    public struct State: Codable {
        /// Refused for the rest of the run.
        var isOver = false
        var rest: Rest.State
    }

    public func start(parameterCount: Int) -> State { State(rest: rest.start(parameterCount: parameterCount)) }
    public func forget(_ state: inout State) { rest.forget(&state.rest) }
    public func pairs(_ state: State) -> LBFGS? { rest.pairs(state.rest) }
    public var descends: Bool { rest.descends }
    public var isSuperlinear: Bool { rest.isSuperlinear }

    public func prepare(_ rows: any FullBatchView, _ state: inout State) throws -> Double? {
        try rest.prepare(rows, &state.rest)
    }

    public func step(_ batch: any FullBatchView, _ state: inout State) throws -> StepOutcome {
        guard !state.isOver else { return try rest.step(batch, &state.rest) }
        try batch.renewPreconditionerIfDue()
        if let rows = batch.curvatureRows,
            case let found = try SampledNewton.direction(batch, rows: rows, forStep: true),
            found.hasSettled
        {
            try batch.writeDirection { _ = $0.update(fromContentsOf: found.d) }
            let goal = StopRule.shareOfGap * batch.stopRule.tolerance * batch.scale(of: batch.statistics.loss)
            if try -batch.slope / 2 <= goal { return .done(.gradientNorm) }
            if let found = try batch.search(from: 1, reference: nil, shrink: nil, lengthens: false) {
                state.isOver = found.step < 1
                return batch.take(found)
            }
        }
        state.isOver = true
        return try rest.step(batch, &state.rest)
    }
}
