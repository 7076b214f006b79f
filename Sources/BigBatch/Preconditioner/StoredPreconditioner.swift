import Models

/// A preconditioner as numbers: it is made from them anew, to the same bits.
struct StoredPreconditioner: Codable {
    /// Of a diagonal preconditioner.
    @Stored private var scale: [Float]? = nil
    private var classes = 1
    /// A of a dense preconditioner P = A⁻¹: its upper triangle, row by row.
    @Stored private var upper: [Double]? = nil
    private var dimension = 0
    private var hasIntercept = false

    init(_ preconditioner: Preconditioner) {
        switch preconditioner {
        case .identity: break
        case .diagonal(let scale, let classes):
            self.scale = scale
            self.classes = classes
        case .dense(let dense):
            upper = dense.upper
            classes = dense.classes
            dimension = dense.dimension
            hasIntercept = dense.hasIntercept
        }
    }

    /// Nil: the identity.
    func preconditioner() throws -> Preconditioner? {
        if let scale { return .diagonal(scale: scale, classes: classes) }
        guard let upper else { return nil }
        guard upper.count == dimension * (dimension + 1) / 2,
            let dense = DensePreconditioner(
                upper: upper, dimension: dimension, classes: classes, hasIntercept: hasIntercept)
        else { throw SnapshotMismatch(description: "the preconditioner of the snapshot is damaged") }
        return .dense(dense)
    }
}
