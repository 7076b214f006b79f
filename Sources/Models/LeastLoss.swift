import Datasets
import Kernels

/// A model whose loss can be below 0, or cannot come near it: how far a run has come is measured from the least value that
/// the loss of its labels has.
public protocol LeastLossModel: Model {
    /// Σ min_m f(m; y_i) over this rank's part of the batch, and the least of them.
    func leastLoss(_ batch: Batch) -> (sum: ExactSum, least: Double)
}

extension LinearModel: LeastLossModel where Loss == PoissonLoss {
    /// Σ ω (y − y log y): the rate is the count itself.
    public func leastLoss(_ batch: Batch) -> (sum: ExactSum, least: Double) {
        var sum = ExactSum()
        var least = 0.0
        for row in batch.rows {
            let y = Double(batch.dataset.labels[row])
            let value = (batch.dataset.weights.map { Double($0[row]) } ?? 1) * (y - entropyTerm(y))
            sum.add(value)
            least = min(least, value)
        }
        return (sum, least)
    }
}
