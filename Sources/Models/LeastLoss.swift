import Datasets

/// A model whose loss can be below 0, or cannot come near it: how far a run has come is measured from the least value that
/// the loss of its labels has.
public protocol LeastLossModel: Model {
    /// Σ min_m f(m; y_i) over this rank's part of the batch.
    func leastLoss(_ batch: Batch) -> Double
}

extension LinearModel: LeastLossModel where Loss == PoissonLoss {
    /// Σ ω (y − y log y): the rate is the count itself.
    public func leastLoss(_ batch: Batch) -> Double {
        batch.rows.reduce(0.0) { sum, row in
            let y = Double(batch.dataset.labels[row])
            return sum + (batch.dataset.weights.map { Double($0[row]) } ?? 1) * (y - entropyTerm(y))
        }
    }
}
