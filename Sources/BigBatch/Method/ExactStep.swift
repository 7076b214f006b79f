/// The exact minimiser, where the objective is a quadratic and its Hessian is cheap to form.
///
/// ∇²ℓ = A = c Σ ω x̂x̂ᵀ/N + λI (the intercept not penalised) takes one read of the rows and one reduction of n(n + 1)/2
/// numbers, n = D or D + 1. From a full-batch gradient g the step −A⁻¹g, α = 1, then ends at the minimiser but for
/// rounding. The next gradient verifies: ½ gᵀA⁻¹g is now the gap itself, not an estimate, and where rounding left some of
/// it the same matrix takes it away (iterative refinement).
///
/// A short noisy phase comes first: it wins two to three digits in a fraction of one read of the rows.
public struct ExactStep<Rest: FullStepRule>: FullStepRule {
    /// Makes the steps where the exact one does not pay or has nothing more to give.
    public var rest: Rest

    public init(otherwise rest: Rest) { self.rest = rest }

    public struct State: Codable {
        enum Solution: Codable, Equatable {
            /// To come once K = N.
            case chosen
            /// P = A⁻¹; ½ gᵀA⁻¹g before the last step.
            case stepped(gap: Double)
            /// Not chosen, no Cholesky factor, or steps that gain too little: the rest is left to `rest`.
            case refused
        }

        var solution = Solution.refused
        var rest: Rest.State
    }

    public func start(parameterCount: Int) -> State { State(rest: rest.start(parameterCount: parameterCount)) }
    public func forget(_ state: inout State) { rest.forget(&state.rest) }
    public func pairs(_ state: State) -> LBFGS? { rest.pairs(state.rest) }
    public var descends: Bool { rest.descends }
    public var isSuperlinear: Bool { rest.isSuperlinear }

    /// Chooses the exact step where the work pays: known to all ranks alike.
    public func prepare(_ rows: any FullBatchView, _ state: inout State) throws -> Double? {
        let passes = try rest.prepare(rows, &state.rest)
        guard let cost = try rows.hessianCost(), cost.isWorthwhile else { return passes }
        state.solution = .chosen
        return cost.noisyPasses
    }

    public func step(_ batch: any FullBatchView, _ state: inout State) throws -> StepOutcome {
        switch state.solution {
        case .refused: break
        case .chosen: if try !batch.adoptHessian() { state.solution = .refused }
        case .stepped(let before):
            let gap = batch.statistics.squaredGradientNorm / 2
            let goal = batch.stopRule.tolerance / 5 * batch.scale(of: batch.statistics.loss)
            if gap <= goal { return .done(.gradientNorm) }
            if !(gap <= before / 4) { state.solution = .refused }
        }
        guard state.solution != .refused else { return try rest.step(batch, &state.rest) }
        state.solution = .stepped(gap: batch.statistics.squaredGradientNorm / 2)
        batch.stepSize = 1
        try batch.writeDescent()
        batch.move(by: 1)
        return .moved(by: 1)
    }
}
