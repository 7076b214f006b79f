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

    /// Products a step, at most, those after which some of the residual r must be gone, and the share of ‖r‖²_P at which it is small.
    private static var mostProducts: Int { 24 }
    private static var patience: Int { 4 }
    private static var enough: Double { 0.02 }
    /// What the point of a product may change the objective by, in shares of it.
    private static var change: Double { 1e-6 }

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
        if let rows = batch.curvatureRows, let direction = try direction(batch, rows) {
            try batch.writeDirection { _ = $0.update(fromContentsOf: direction) }
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

    /// In parts, as the gradient is. Nil where conjugate gradients do not settle.
    private func direction(_ batch: any FullBatchView, _ rows: Int) throws -> [Float]? {
        let (x, products) = (batch.parameters, batch.products)
        let first = products.parts.own.lowerBound
        var origin = [Float](repeating: 0, count: batch.gradient.count)
        try batch.writeGradient(ofRows: rows, at: x, into: &origin)
        let preconditioner = try batch.preconditionerOfClasses()
        let scale = batch.scale(of: batch.statistics.loss)
        var direction = [Float](repeating: 0, count: origin.count)
        var residual = direction
        blend(-1, batch.gradient, keeping: 0, of: &residual)
        var preconditioned = direction
        preconditioner.apply(1, to: residual, into: &preconditioned, from: first)
        var conjugate = preconditioned
        var (point, product) = (x, conjugate)
        let whole = try products.dot(residual, preconditioned)
        // ‖r‖²_P, and pᵀP⁻¹p of the conjugate direction p: a residual is orthogonal to the one before.
        var (norm, length) = (whole, whole)
        for count in 1...Self.mostProducts {
            let step = (2 * Self.change * scale / length).squareRoot()
            guard step.isFinite, step > 0 else { return nil }
            move(x, along: conjugate, step: step, into: &point, from: first)
            try batch.gather(&point)
            try batch.writeGradient(ofRows: rows, at: point, into: &product)
            axpy(-1, origin, &product)
            let size = norm / (try products.dot(conjugate, product) / step)
            guard size.isFinite, size > 0 else { return nil }
            axpy(size, conjugate, &direction)
            axpy(-size / step, product, &residual)
            preconditioner.apply(1, to: residual, into: &preconditioned, from: first)
            let next = try products.dot(residual, preconditioned)
            if next <= Self.enough * whole { return direction }
            if count >= Self.patience, next >= whole { return nil }
            let kept = next / norm
            (norm, length) = (next, next + kept * kept * length)
            blend(1, preconditioned, keeping: kept, of: &conjugate)
        }
        return nil
    }
}
