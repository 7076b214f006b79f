/// Newton's direction with the curvature of a sample.
enum SampledNewton {
    /// Products of a step, at most, and those after which some of the residual r must be gone.
    private static let (mostOfStep, patience) = (24, 4)
    /// Products where the decrement is asked for.
    private static let most = 60
    /// The share of ‖r‖²_P at which the residual is small.
    private static let enough = 0.02
    /// What the point of a product may change the objective by, in shares of it.
    private static let change = 1e-6

    /// d with ∇²ℓ_S d = −∇ℓ by conjugate gradients, S about `rows` rows, in parts, as the gradient is.
    /// - Parameter forStep: given up where they do not soon settle.
    /// - Returns: also whether they have: ½⟨∇ℓ, −d⟩ is then the gap, about, else less.
    static func direction(_ batch: any FullBatchView, rows: Int, forStep: Bool) throws -> (d: [Float], hasSettled: Bool)
    {
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
        for count in 1...(forStep ? mostOfStep : most) {
            let step = (2 * change * scale / length).squareRoot()
            guard step.isFinite, step > 0 else { break }
            move(x, along: conjugate, step: step, into: &point, from: first)
            try batch.gather(&point)
            try batch.writeGradient(ofRows: rows, at: point, into: &product)
            axpy(-1, origin, &product)
            let size = norm / (try products.dot(conjugate, product) / step)
            guard size.isFinite, size > 0 else { break }
            axpy(size, conjugate, &direction)
            axpy(-size / step, product, &residual)
            preconditioner.apply(1, to: residual, into: &preconditioned, from: first)
            let next = try products.dot(residual, preconditioned)
            if next <= enough * whole { return (direction, true) }
            if forStep, count >= patience, next >= whole { break }
            let kept = next / norm
            (norm, length) = (next, next + kept * kept * length)
            blend(1, preconditioned, keeping: kept, of: &conjugate)
        }
        return (direction, false)
    }
}
