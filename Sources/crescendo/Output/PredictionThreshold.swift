import Cluster
import Datasets
import Models
import Platform

/// Of two classes: a row is called the positive one from a probability on, or from a margin where the model has no
/// probabilities.
struct PredictionThreshold {
    let bound: Float
    /// 0 or 1.
    let positive: Int

    /// - Parameter name: the positive class; nil: the second, where training puts the one that its `--positive` names.
    /// - Throws: `UsageError` where the model has no two classes, or none of that name.
    init(_ bound: Double, positive name: String?, _ file: ModelFile) throws {
        let classes = file.classLabels
        guard classes.count == 2 else {
            throw UsageError(
                description: "--threshold parts two classes, and the model predicts "
                    + "\(classes.isEmpty ? "values" : "\(classes.count) classes"): leave it out")
        }
        guard let place = name.map({ LabelEncoding.place(of: $0, in: classes) }) ?? 1 else {
            throw UsageError(
                description: "--positive \(name ?? ""): the model's classes are \(classes[0]) and \(classes[1])")
        }
        guard file.specification.kind == .squaredHinge || 0...1 ~= bound else {
            throw UsageError(
                description: "--threshold \(bound): it is a probability, from 0 to 1")
        }
        self.bound = Float(bound)
        positive = place
    }

    /// Compared as Floats: what is written as 0.7 is at least 0.7.
    func predictedClass(_ kind: ModelKind, _ outputs: UnsafeBufferPointer<Float>) -> Int {
        let score: Float =
            switch kind {
            case .softmax: outputs[positive]
            case .squaredHinge: positive == 1 ? outputs[0] : -outputs[0]
            default: positive == 1 ? outputs[0] : 1 - outputs[0]
            }
        return score >= bound ? positive : 1 - positive
    }

    /// For people, before the predictions.
    func note(_ file: ModelFile) -> String {
        let name = file.classLabels[positive]
        let isMargin = file.specification.kind == .squaredHinge
        let score = !isMargin ? "its probability" : positive == 1 ? "the margin" : "minus the margin"
        return "the label is \(name) where \(score) is at least \(bound)"
    }
}
