import Datasets
import Models

/// What a model predicts, which decides how it is judged and what `predict` writes.
enum PredictionTask: Equatable {
    /// Class 0 or 1 from one output: the probability of class 1, or a score whose sign decides.
    case binary(hasProbabilities: Bool)
    /// One probability per class.
    case classes
    case value
}

/// A linear model of one of the kinds that `--model` names, with its shape.
struct LinearModelKind {
    let choice: ModelChoice
    let featureCount: Int
    let hasIntercept: Bool
    let threads: Int
    let task: PredictionTask
    /// The loss that is trained.
    let model: any Model
    /// The margins as outputs, for one-output models: the same parameters, another prediction.
    let margins: LinearModel<SquaredHinge>

    /// - Parameter classes: C for softmax.
    init(_ choice: ModelChoice, featureCount: Int, classes: Int, hasIntercept: Bool, threads: Int) {
        self.choice = choice
        self.featureCount = featureCount
        self.hasIntercept = hasIntercept
        self.threads = threads
        func linear(_ loss: some MarginLoss) -> any Model {
            LinearModel(loss, featureCount: featureCount, hasIntercept: hasIntercept, threads: threads)
        }
        margins = LinearModel(
            SquaredHinge(), featureCount: featureCount, hasIntercept: hasIntercept, threads: threads)
        switch choice {
        case .logistic: (model, task) = (linear(LogisticLoss()), .binary(hasProbabilities: true))
        case .squaredHinge: (model, task) = (linear(SquaredHinge()), .binary(hasProbabilities: false))
        case .softmax: (model, task) = (linear(SoftmaxLoss(classes: max(2, classes))), .classes)
        case .ridge, .auto: (model, task) = (linear(SquaredError()), .value)
        case .huber: (model, task) = (linear(HuberLoss()), .value)
        case .poisson: (model, task) = (linear(PoissonLoss()), .value)
        }
    }
}

extension ModelChoice {
    /// Whether the labels are classes or numbers.
    var labelKind: LabelKind {
        switch self {
        case .logistic, .softmax, .squaredHinge: .classes
        case .auto, .ridge, .huber, .poisson: .values
        }
    }

    /// The kind that suits the labels, with the reason in words.
    static func automatic(for labels: LabelSummary) -> (choice: ModelChoice, reason: String) {
        let distinct = labels.values.count
        if labels.areText || (labels.allIntegers && !labels.isCapped && distinct <= 64 && labels.count >= 3 * distinct)
            || (distinct == 2 && !labels.isCapped)
        {
            if distinct == 2 { return (.logistic, "the labels are two classes") }
            return (.softmax, "the labels are \(distinct) classes")
        }
        return (.ridge, "the labels are numbers")
    }

    /// Refuses labels that do not suit the kind. nil: they do.
    func complaint(about labels: LabelSummary) -> String? {
        switch self {
        case .logistic, .squaredHinge:
            if labels.isCapped || labels.values.count > 2 {
                let count = labels.isCapped ? "more than \(LabelSummary.cap)" : "\(labels.values.count)"
                let remedy = labels.allIntegers && !labels.isCapped ? "softmax" : "ridge"
                return "--model \(rawValue) needs two distinct labels, the data has \(count); try --model \(remedy)"
            }
        case .poisson:
            if labels.minimum < 0 {
                return "--model poisson needs counts, 0 or above; the smallest label is \(labels.minimum)"
            }
        default: break
        }
        return nil
    }
}
