import Models

/// A metric as numbers: it is made from them anew, to the same bits.
struct StoredMetric: Codable {
    /// Of a diagonal metric.
    @Stored private var scale: [Float]? = nil
    private var classes = 1
    /// A of a dense metric P = A⁻¹: its upper triangle, row by row.
    @Stored private var upper: [Double]? = nil
    private var dimension = 0
    private var hasIntercept = false

    init(_ metric: Metric) {
        switch metric {
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
    func metric() throws -> Metric? {
        if let scale { return .diagonal(scale: scale, classes: classes) }
        guard let upper else { return nil }
        guard upper.count == dimension * (dimension + 1) / 2,
            let dense = DenseMetric(upper: upper, dimension: dimension, classes: classes, hasIntercept: hasIntercept)
        else { throw SnapshotMismatch(description: "the metric of the snapshot is damaged") }
        return .dense(dense)
    }
}
