/// All rows of a convex objective as a step rule sees them: the gradient is exact.
public protocol FullBatchView: BatchView {
    /// x.
    var parameters: [Float] { get }
    /// ∇ℓ(x), or the part of it that this rank works on (see `Parts`).
    var gradient: [Float] { get }
    /// Products of vectors that are in parts as the gradient is.
    var products: Products { get }
    /// P.
    var preconditioner: Preconditioner { get }
    /// Writes a d of the rule's own, in parts; on entry it is any.
    func writeDirection(_ write: (UnsafeMutableBufferPointer<Float>) throws -> Void) throws
    /// Makes a vector whole of which every rank has written its own part. One exchange where they have parts.
    func gather(_ whole: inout [Float]) throws
    /// The step that `Method.step` makes from any batch.
    func stepAsFromAnyBatch() throws -> StepOutcome

    // MARK: - The norm

    /// For rules that go down in the norm of the curvature, once an iteration: makes P at x where it has served ten iterations
    /// or the objective has halved since it was made. A norm that the direction learned from noisy batches ends here.
    /// `statistics` and `stepSize` are then those of the new P.
    func renewPreconditionerIfDue() throws
    /// P is due at the next iteration.
    func expirePreconditioner()
    /// What forming ∇²ℓ costs; nil where it is not the same everywhere.
    func hessianCost() throws -> HessianCost?
    /// Makes P = (∇²ℓ)⁻¹, and `statistics` those in its norm. One read of the rows and two reductions.
    /// - Returns: false where ∇²ℓ is not constant, not finite or singular; P is then what it was.
    func adoptHessian() throws -> Bool
    /// ½ gᵀPg with a P made at x alone, an estimate of ℓ(x) − ℓ*; nil where that costs too much. A few passes.
    func gapByCurvature() throws -> Double?

    // MARK: - A sample

    /// Rows of a sample that knows the curvature along any direction: ten for each that the data hold, and not λ. Nil where a tenth of
    /// all rows are fewer, or a matrix knows it better.
    var curvatureRows: Int? { get }
    /// Writes the gradient of about that many rows, the same ones throughout an iteration, in parts, at any point; the batch stays as it is.
    /// One reduction.
    func writeGradient(ofRows count: Int, at point: [Float], into gradient: inout [Float]) throws

    /// P with a scale of its own for every class, at x: for products with vectors only. One reduction where there are classes.
    func preconditionerOfClasses() throws -> Preconditioner

    // MARK: - The end

    var stopRule: StopRule { get }
    /// ℓ of the iterations on all rows, that at x last.
    var objectives: ObjectiveHistory { get }
    /// What accuracy is relative to at this loss (see `StopRule.scale`).
    func scale(of loss: Double) -> Double
    /// Whether the estimates of ℓ(x) − ℓ* of the last iterations are within the tolerance. Once an iteration, with d written.
    /// - Parameter length: α of the minimiser along d, about.
    func isConverged(length: Double) throws -> Bool
    /// Whether a curvature made at x alone finds that too, where it can be had at the cost of a few passes; else a P made there may be in
    /// use, and the estimates begin anew. One that has served, that keeps some curvature for the sake of steps, or that classes share may
    /// see little of a gradient.
    func confirmation() throws -> Confirmation
    /// Steps along the gradient may gain little each and much together: whether these have nothing left to gain either.
    var isSlowTailDone: Bool { get }
}

/// What a curvature made at x alone says of an end.
public enum Confirmation {
    case confirmed
    /// More is left to gain; along `direction`, in parts, where that was found out.
    case refuted(direction: [Float]?)
}
