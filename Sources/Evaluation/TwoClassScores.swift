import Datasets
import Kernels
import Platform

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

    /// For the bootstrap, as seen by who looks for that class.
    func rows(lookingFor positive: Int) -> [Bootstrap.Row] {
        zip(scores, signedWeights).map { score, weight in
            let isOne = weight > 0
            // −log of the probability of the row's class.
            let margin = Double(isOne ? -score : score)
            let loss = margin > 0 ? margin + log1p(exp(-margin)) : log1p(exp(margin))
            return Bootstrap.Row(
                output: positive == 1 ? score : -score, label: isOne == (positive == 1) ? 1 : 0, loss: Float(loss),
                weight: weight.magnitude)
        }
    }
}
