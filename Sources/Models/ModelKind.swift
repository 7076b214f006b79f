import Datasets

/// The models that have a name on the command line.
public enum ModelKind: String, Codable, Sendable, CaseIterable {
    case ridge
    case logistic
    case softmax
    case squaredHinge = "squared-hinge"
    case huber
    case poisson
    /// To be chosen from the labels (`choose`).
    case auto

    /// What the labels of a data set have to be; nil for `auto`.
    public var labels: LabelKind? {
        switch self {
        case .logistic, .softmax, .squaredHinge: .classes
        case .ridge, .huber, .poisson: .values
        case .auto: nil
        }
    }

    /// Margins per sample for labels of `classCount` classes.
    public func outputCount(classCount: Int) -> Int { self == .softmax ? classCount : 1 }
}

// MARK: - Choice

extension ModelKind {
    /// Distinct integers up to this number may be classes.
    static let mostClasses = 100
    /// Integers are classes when each occurs this often on average.
    static let rowsPerClass = 10

    /// The kind that suits the labels, and why, as a sentence.
    ///
    /// Names and two distinct numbers are classes. So are 3 to 100 distinct integers that each occur at least twice and
    /// ten times on average. Everything else is a number to predict.
    public static func choose(from labels: LabelSummary) -> (kind: ModelKind, reason: String) {
        let distinct = labels.values.count
        if labels.areText {
            return distinct == 2
                ? (.logistic, "The labels are two names: logistic.")
                : (.softmax, "The labels are names: softmax.")
        }
        if labels.isCapped || distinct > LabelSummary.cap {
            return (.ridge, "The labels have more than \(LabelSummary.cap) distinct values: ridge.")
        }
        if distinct == 2 { return (.logistic, "The labels have two distinct values: logistic.") }
        if distinct <= 1 { return (.ridge, "The labels are all the same: ridge.") }
        guard labels.allIntegers else {
            return (.ridge, "The labels are numbers with fractions: ridge.")
        }
        guard distinct <= mostClasses else {
            return (.ridge, "The labels have \(distinct) distinct integers, too many for classes: ridge.")
        }
        let rarest = labels.counts.min() ?? 0
        guard rarest >= 2, labels.count >= rowsPerClass * distinct else {
            return (
                .ridge, "The labels are \(distinct) distinct integers with few rows each, more like numbers: ridge."
            )
        }
        return (.softmax, "The labels are \(distinct) distinct integers, each with rows enough: softmax.")
    }

    /// Throws `ModelError` when the labels do not suit this kind.
    public func check(_ labels: LabelSummary) throws {
        let distinct = labels.values.count
        switch self {
        case .auto, .softmax:
            break
        case .logistic, .squaredHinge:
            guard !labels.isCapped, distinct == 2 else {
                let found = labels.isCapped ? "more than \(LabelSummary.cap)" : String(distinct)
                let remedy = labels.areText || labels.allIntegers ? "`model` softmax" : "`model` ridge"
                throw ModelError(
                    "`model` \(rawValue) needs two distinct labels, the data has \(found): use \(remedy), "
                        + "or check the label column")
            }
        case .ridge, .huber:
            break
        case .poisson:
            guard !(labels.minimum < 0) else {
                throw ModelError(
                    "`model` poisson needs labels that are counts, the smallest is \(labels.minimum): "
                        + "use `model` ridge, or check the label column")
            }
        }
    }
}

// MARK: - The model itself

/// What a model of a named kind is built from.
public struct ModelSpecification: Codable, Sendable, Equatable {
    /// Not `auto`.
    public var kind: ModelKind
    /// D.
    public var featureCount: Int
    /// C of the labels; 0 for values.
    public var classCount: Int
    public var hasIntercept: Bool
    /// δ of the Huber loss, in units of the label.
    public var huberDelta: Double
    /// The layers before the last; nil: a linear model. `kind` is then softmax or ridge and tells the loss.
    public var network: NetworkDescription?
    /// How a network sees the features; nil: as a table.
    public var input: SampleShape?

    public init(
        kind: ModelKind, featureCount: Int, classCount: Int, hasIntercept: Bool = true, huberDelta: Double = 1.35,
        network: NetworkDescription? = nil, input: SampleShape? = nil
    ) {
        self.network = network
        self.input = input
        self.kind = kind
        self.featureCount = featureCount
        self.classCount = classCount
        self.hasIntercept = hasIntercept
        self.huberDelta = huberDelta
    }

    public var outputCount: Int { kind.outputCount(classCount: classCount) }

    /// Throws `ModelError` for `auto`, for a class count that does not suit the kind, and for δ ≤ 0.
    /// - Parameters:
    ///   - labelScale: what stored labels are divided by (see `LabelScale`); δ is in the units before.
    ///   - labelSmoothing: see `SmoothedSoftmaxLoss`.
    ///   - microBatch: see `Network`.
    public func makeModel(
        threads: Int = 1, labelScale: Double = 1, seed: UInt64 = 0, labelSmoothing: Double = 0,
        microBatch: Int? = nil
    ) throws -> any Model {
        if kind.labels == .classes, kind == .softmax ? classCount < 2 : classCount != 2 {
            throw ModelError("a \(kind.rawValue) model cannot have \(classCount) classes")
        }
        if labelSmoothing > 0, kind != .softmax {
            throw ModelError(
                "label smoothing is for the probabilities of several classes, not for \(kind.rawValue): leave "
                    + "`labelSmoothing` out, or use `model` softmax")
        }
        if let network {
            let input = try networkInput()
            func build(_ loss: some MarginLoss) throws -> any Model {
                try Network(network, input: input, loss: loss, threads: threads, seed: seed, microBatch: microBatch)
            }
            switch kind {
            case .softmax where labelSmoothing > 0:
                return try build(SmoothedSoftmaxLoss(classes: classCount, smoothing: labelSmoothing))
            case .softmax: return try build(SoftmaxLoss(classes: classCount))
            case .ridge: return try build(SquaredError())
            default: throw ModelError("a network ends in softmax or ridge, not in \(kind.rawValue)")
            }
        }
        switch kind {
        case .ridge: return linear(SquaredError(), threads)
        case .logistic: return linear(LogisticLoss(), threads)
        case .softmax where labelSmoothing > 0:
            return linear(SmoothedSoftmaxLoss(classes: classCount, smoothing: labelSmoothing), threads)
        case .softmax: return linear(SoftmaxLoss(classes: classCount), threads)
        case .squaredHinge: return linear(SquaredHinge(), threads)
        case .huber:
            guard huberDelta > 0, huberDelta.isFinite else { throw ModelError("the Huber δ \(huberDelta) is not > 0") }
            return linear(HuberLoss(delta: huberDelta / labelScale), threads)
        case .poisson: return linear(PoissonLoss(), threads)
        case .auto: throw ModelError("the model kind is still open: choose it from the labels first")
        }
    }

    private func networkInput() throws -> SampleShape {
        let input = input ?? .features(featureCount)
        guard input.count == featureCount else {
            throw ModelError(
                "an input of \(input.channels) × \(input.height) × \(input.width) is not \(featureCount) features")
        }
        return input
    }

    private func linear<Loss: MarginLoss>(_ loss: Loss, _ threads: Int) -> LinearModel<Loss> {
        LinearModel(loss, featureCount: featureCount, hasIntercept: hasIntercept, threads: threads)
    }

    /// The class that one sample's outputs of `Model.predict` stand for; nil for values.
    public func predictedClass(_ outputs: UnsafeBufferPointer<Float>) -> Int? {
        switch kind {
        case .logistic: outputs[0] > 0.5 ? 1 : 0
        case .squaredHinge: outputs[0] > 0 ? 1 : 0
        case .softmax: outputs.indices.max { outputs[$0] < outputs[$1] }
        case .ridge, .huber, .poisson, .auto: nil
        }
    }
}
