import Datasets
import Kernels

/// Scores of this rank's rows where there are two classes: the higher, the likelier class 1.
struct TwoClassScores {
    private(set) var scores: [Float] = []
    /// The weight of a row of class 1, minus that of another.
    private(set) var signedWeights: [Float] = []
    /// Σ weight (p − y)².
    private(set) var squares = ExactSum()

    init(_ dataset: Dataset) {
        scores.reserveCapacity(dataset.order.localCount)
        signedWeights.reserveCapacity(dataset.order.localCount)
    }

    /// - Parameter probability: of class 1, where the model has one.
    mutating func add(_ score: Float, probability: Double?, _ label: Int, _ weight: Double) {
        scores.append(score)
        signedWeights.append(Float(label == 1 ? weight : -weight))
        guard let probability else { return }
        let error = probability - Double(label)
        squares.add(weight * error * error)
    }
}
