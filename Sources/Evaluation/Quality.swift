import Datasets
import Kernels
import MPI
import Models
import Platform

/// How good a model is on labelled rows. Means are weighted when the rows are.
package struct Quality: Equatable {
    package var rows = 0
    /// Mean loss, without the penalty.
    package var loss = 0.0
    /// Share of the rows whose most likely class is theirs.
    package var accuracy: Double?
    /// Mean of −log(probability of the row's class).
    package var logLoss: Double?
    /// Two classes only.
    package var auc: AreaUnderCurve?
    /// Two classes: the one that is looked for, and what is said of it.
    package var positive: PositiveFigures?
    /// Two classes with probabilities: mean of (p − y)², p the probability of class 1, y 1 for its rows and else 0.
    package var brier: Double?
    package var balancedAccuracy: Double?
    /// Over classes.
    package var macro: ClassFigures.Means?
    /// Over rows.
    package var weighted: ClassFigures.Means?
    package var perClass: ClassFigures?
    /// What any one answer for all rows scores.
    package var baseline: Baseline?
    /// √ of the mean squared error, in units of the label.
    package var rmse: Double?
    /// Mean of |error|, in units of the label.
    package var mae: Double?
    /// 1 − squared error / squared deviation of the labels from their mean.
    package var r2: Double?
    /// For classes.
    package var confusion: ConfusionMatrix?
    /// For values, where details were asked for.
    package var residuals: ResidualMap?
    /// Whether the confusion matrix, the ROC curve or the map of the residuals is stored.
    package var isDetailed = false

    private init() {}

    /// Of the class that is looked for.
    package struct PositiveFigures: Equatable {
        package var index: Int
        package var precision: Double
        package var recall: Double
        package var f1: Double
        /// nil: rows of one class only.
        package var averagePrecision: Double?
    }

    /// Collective. Judges the model on all rows of `dataset`.
    /// - Parameters:
    ///   - detailed: finds and stores what the report draws too.
    ///   - positive: of two classes the one that is looked for; nil: that of fewer rows.
    package static func measure(
        _ trained: TrainedModel, on dataset: Dataset, detailed: Bool = false, positive: Int? = nil,
        communicator: any Communicator
    ) throws -> Quality {
        let parameters = trained.parameters
        var quality = Quality()
        quality.rows = dataset.order.count
        quality.isDetailed = detailed
        let weights = try communicator.sum(dataset, { weight($0, dataset) })
        let loss = try totalLoss(trained.model, parameters, dataset, communicator)
        quality.loss = loss / weights * trained.labels.lossUnit
        if trained.hasProbabilities { quality.logLoss = quality.loss }
        if trained.specification.kind.labels == .values {
            try quality.judgeValues(trained, dataset, weights, communicator)
        } else if trained.specification.outputCount == 1 {
            try quality.judgeBinary(trained, dataset, weights, communicator)
        } else {
            try quality.judgeClasses(trained, dataset, weights, communicator)
        }
        quality.take(positive: positive)
        return quality
    }

    /// By margins, not probabilities: those near 1 are all alike in Float.
    private mutating func judgeBinary(
        _ trained: TrainedModel, _ dataset: Dataset, _ weights: Double, _ communicator: any Communicator
    ) throws {
        var scores = TwoClassScores(dataset)
        var tally = ClassFigures.Tally(classes: 2, isWeighted: dataset.weights != nil)
        confusion = isDetailed ? ConfusionMatrix(classes: 2) : nil
        forEachPrediction(trained.margins, trained.parameters, dataset) { row, output in
            let label = dataset.labels[row] == 1 ? 1 : 0
            let predicted = output[0] > 0 ? 1 : 0
            let weight = Quality.weight(row, dataset)
            confusion?.add(label: label, predicted: predicted, weight: weight)
            tally.add(label: label, predicted: predicted, weight: weight)
            let probability = 1 / (1 + exp(-Double(output[0])))
            scores.add(output[0], probability: trained.hasProbabilities ? probability : nil, label, weight)
        }
        try take(tally, weights, communicator)
        try take(scores, weights, communicator)
    }

    private mutating func judgeClasses(
        _ trained: TrainedModel, _ dataset: Dataset, _ weights: Double, _ communicator: any Communicator
    ) throws {
        let classes = trained.specification.outputCount
        var scores = classes == 2 ? TwoClassScores(dataset) : nil
        var tally = ClassFigures.Tally(classes: classes, isWeighted: dataset.weights != nil)
        confusion = isDetailed ? ConfusionMatrix(classes: classes) : nil
        forEachPrediction(trained.model, trained.parameters, dataset) { row, output in
            let label = Int(dataset.labels[row])
            let predicted = trained.specification.predictedClass(output)
            let weight = Quality.weight(row, dataset)
            tally.add(label: label, predicted: predicted, weight: weight)
            if let predicted { confusion?.add(label: label, predicted: predicted, weight: weight) }
            // Of two probabilities one is small, and tells rows apart.
            scores?.add(log(output[1]) - log(output[0]), probability: Double(output[1]), label, weight)
        }
        try take(tally, weights, communicator)
        if let scores { try take(scores, weights, communicator) }
    }

    private mutating func take(
        _ tally: ClassFigures.Tally, _ weights: Double, _ communicator: any Communicator
    ) throws {
        let figures = try tally.total(communicator)
        perClass = figures
        accuracy = figures.right.reduce(0, +) / weights
        balancedAccuracy = figures.balancedAccuracy
        if figures.classes > 2 { (macro, weighted) = (figures.macro, figures.weighted) }
        baseline = figures.baseline
        if logLoss == nil { baseline?.logLoss = nil }
        try confusion?.reduce(communicator)
    }

    private mutating func take(_ scores: TwoClassScores, _ weights: Double, _ communicator: any Communicator) throws {
        auc = try AreaUnderCurve.measure(
            scores: scores.scores, signedWeights: scores.signedWeights, communicator: communicator)
        if logLoss != nil { brier = try communicator.sum([scores.squares])[0] / weights }
    }

    private mutating func take(positive: Int?) {
        guard let perClass, perClass.classes == 2 else { return }
        let index = positive ?? perClass.rarest
        self.positive = PositiveFigures(
            index: index, precision: perClass.precision(index), recall: perClass.recall(index), f1: perClass.f1(index),
            averagePrecision: auc?.averagePrecisions?[index])
    }

    /// Sums in the units that labels are stored in, which leave the rounding of large labels out.
    private mutating func judgeValues(
        _ trained: TrainedModel, _ dataset: Dataset, _ weights: Double, _ communicator: any Communicator
    ) throws {
        let mean = try communicator.sum(dataset, { Quality.weight($0, dataset) * Double(dataset.labels[$0]) }) / weights
        var sums = (errors: ExactSum(), deviations: ExactSum(), sizes: ExactSum(), spreads: ExactSum())
        var values: [ResidualMap.Value] = []
        if isDetailed { values.reserveCapacity(dataset.order.localCount) }
        forEachPrediction(trained.model, trained.parameters, dataset) { row, output in
            let label = Double(dataset.labels[row])
            let error = label - Double(output[0])
            let weight = Quality.weight(row, dataset)
            sums.errors.add(weight * error * error)
            sums.deviations.add(weight * (label - mean) * (label - mean))
            sums.sizes.add(weight * abs(error))
            sums.spreads.add(weight * abs(label - mean))
            if isDetailed {
                values.append(
                    ResidualMap.Value(
                        prediction: trained.labels.value(Double(output[0])),
                        residual: trained.labels.scale * error, weight: Float(weight)))
            }
        }
        let squares = try communicator.sum([sums.errors, sums.deviations, sums.sizes, sums.spreads])
        mae = trained.labels.scale * squares[2] / weights
        baseline = Baseline(
            rmse: trained.labels.scale * (squares[1] / weights).squareRoot(),
            mae: trained.labels.scale * squares[3] / weights)
        let deviation = trained.labels.scale * (squares[0] / weights).squareRoot()
        rmse = deviation
        r2 = squares[1] > 0 ? 1 - squares[0] / squares[1] : nil
        if isDetailed { residuals = try ResidualMap(values, rmse: deviation, communicator: communicator) }
    }

    /// Σ ω f over all ranks, the same bits at any number of them.
    private static func totalLoss(
        _ model: some Model, _ parameters: [Float], _ dataset: Dataset, _ communicator: any Communicator
    ) throws -> Double {
        var grid = SumGrid(exponent: SumGrid.exponent(above: Double(max(1, dataset.order.count))) + 3)
        for attempt in 0... {
            let own = parameters.withUnsafeBufferPointer { model.loss(dataset.all, at: $0, on: grid) }
            let sum = try communicator.allreduce(own, .sum)
            guard let next = grid.next(after: sum, attempt: attempt) else { return sum }
            grid = next
        }
        return .nan
    }

    private static func weight(_ row: Int, _ dataset: Dataset) -> Double {
        dataset.weights.map { Double($0[row]) } ?? 1
    }
}
