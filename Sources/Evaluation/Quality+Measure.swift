import Datasets
import Kernels
import MPI
import Models
import Platform

extension Quality {
    /// Collective. Judges the model on all rows of `dataset`.
    /// - Parameters:
    ///   - detailed: finds and stores what the report draws too.
    ///   - isUnseen: the model was not trained on these rows: figures get intervals, where there are few rows.
    ///   - positive: of two classes the one that is looked for; nil: that of fewer rows.
    package static func measure(
        _ trained: TrainedModel, on dataset: Dataset, detailed: Bool = false, isUnseen: Bool = false,
        positive: Int? = nil, communicator: any Communicator
    ) throws -> Quality {
        let parameters = trained.parameters
        var quality = Quality()
        quality.rows = dataset.order.count
        quality.isDetailed = detailed
        quality.isWeighted = dataset.weights != nil
        let isDrawn = isUnseen && quality.rows <= Bootstrap.largest
        let weights = try communicator.sum(dataset, { weight($0, dataset) })
        if trained.hasProbabilities { quality.logLoss = .nan }
        let grid = lossGrid(dataset)
        let own =
            if trained.specification.kind.labels == .values {
                try quality.judgeValues(trained, dataset, weights, isDrawn, grid, communicator)
            } else if trained.specification.outputCount == 2 || trained.specification.outputCount == 1 {
                try quality.judgeTwo(trained, dataset, weights, positive, isDrawn, grid, communicator)
            } else {
                try quality.judgeClasses(trained, dataset, weights, isDrawn, grid, communicator)
            }
        let loss = try totalLoss(own, trained.model, parameters, dataset, communicator)
        quality.loss = loss / weights * trained.labels.lossUnit
        if trained.hasProbabilities { quality.logLoss = quality.loss }
        return quality
    }

    /// By margins, not probabilities: those near 1 are all alike in Float.
    private mutating func judgeTwo(
        _ trained: TrainedModel, _ dataset: Dataset, _ weights: Double, _ positive: Int?, _ isDrawn: Bool,
        _ grid: SumGrid, _ communicator: any Communicator
    ) throws -> Double {
        var scores = TwoClassScores(dataset)
        var tally = ClassFigures.Tally(classes: 2, isWeighted: isWeighted)
        confusion = isDetailed ? ConfusionMatrix(classes: 2) : nil
        // So that weights sum to the number of rows.
        let unit = Double(rows) / weights
        func add(_ row: Int, _ score: Float, _ predicted: Int?, _ probability: Double) {
            let label = dataset.labels[row] == 1 ? 1 : 0
            let weight = Quality.weight(row, dataset)
            if let predicted { confusion?.add(label: label, predicted: predicted, weight: weight * unit) }
            tally.add(label: label, predicted: predicted, weight: weight)
            scores.add(score, probability: trained.hasProbabilities ? probability : nil, label, weight)
        }
        let own: Double
        if trained.specification.outputCount == 1 {
            own = trained.parameters.withUnsafeBufferPointer { trained.model.loss(dataset.all, at: $0, on: grid) }
            forEachPrediction(trained.margins, trained.parameters, dataset) { row, output in
                add(row, output[0], output[0] > 0 ? 1 : 0, 1 / (1 + exp(-Double(output[0]))))
            }
        } else {
            own = forEachPrediction(trained.model, trained.parameters, dataset, lossOn: grid) { row, output in
                // Of two probabilities one is small, and tells rows apart.
                let score = log(output[1]) - log(output[0])
                add(row, score, trained.specification.predictedClass(output), Double(output[1]))
            }
        }
        try take(tally, weights, communicator)
        try take(scores, weights, positive ?? perClass?.rarest ?? 1, isDrawn, communicator)
        return own
    }

    private mutating func judgeClasses(
        _ trained: TrainedModel, _ dataset: Dataset, _ weights: Double, _ isDrawn: Bool, _ grid: SumGrid,
        _ communicator: any Communicator
    ) throws -> Double {
        let classes = trained.specification.outputCount
        var tally = ClassFigures.Tally(classes: classes, isWeighted: isWeighted)
        var drawn: [Bootstrap.Row] = []
        confusion = isDetailed ? ConfusionMatrix(classes: classes) : nil
        let unit = Double(rows) / weights
        let own = forEachPrediction(trained.model, trained.parameters, dataset, lossOn: grid) { row, output in
            let label = Int(dataset.labels[row])
            let predicted = trained.specification.predictedClass(output)
            let weight = Quality.weight(row, dataset)
            tally.add(label: label, predicted: predicted, weight: weight)
            if let predicted { confusion?.add(label: label, predicted: predicted, weight: weight * unit) }
            guard isDrawn else { return }
            drawn.append(
                Bootstrap.Row(
                    output: Float(predicted ?? -1), label: Float(label), loss: -log(output[label]),
                    weight: Float(weight)))
        }
        try take(tally, weights, communicator)
        if isDrawn {
            try draw(.classes(count: classes, hasProbabilities: trained.hasProbabilities), drawn, communicator)
        }
        return own
    }

    private mutating func draw(
        _ kind: Bootstrap.Kind, _ own: [Bootstrap.Row], _ communicator: any Communicator
    ) throws {
        let bootstrap = try Bootstrap(kind, own, count: rows, communicator: communicator)
        intervals = try bootstrap?.intervals(communicator) ?? [:]
    }

    private mutating func take(
        _ tally: ClassFigures.Tally, _ weights: Double, _ communicator: any Communicator
    ) throws {
        let figures = try tally.total(communicator)
        perClass = isWeighted ? figures.scaled(by: Double(rows) / weights) : figures
        accuracy = figures.right.reduce(0, +) / weights
        balancedAccuracy = figures.balancedAccuracy
        if figures.classes > 2 { (macro, weighted) = (figures.macro, figures.weighted) }
        baseline = figures.baseline
        if !isWeighted { lead = figures.lead }
        if logLoss == nil { baseline?.logLoss = nil }
        try confusion?.reduce(communicator)
    }

    private mutating func take(
        _ scores: TwoClassScores, _ weights: Double, _ positive: Int, _ isDrawn: Bool, _ communicator: any Communicator
    ) throws {
        let hasProbabilities = logLoss != nil
        auc = try AreaUnderCurve.measure(
            scores: scores.scores, signedWeights: scores.signedWeights,
            for: isDetailed
                ? OperatingPoints.Builder(
                    looksForOne: positive == 1, hasProbabilities: hasProbabilities, rowsOfWeight: Double(rows) / weights
                )
                : nil,
            communicator: communicator)
        if hasProbabilities { brier = try communicator.sum([scores.squares])[0] / weights }
        if let perClass {
            self.positive = PositiveFigures(
                index: positive, precision: perClass.precision(positive), recall: perClass.recall(positive),
                f1: perClass.f1(positive), averagePrecision: auc?.averagePrecisions?[positive])
        }
        guard isDrawn else { return }
        try draw(
            .twoClasses(hasProbabilities: hasProbabilities, callsTies: positive == 0),
            scores.rows(lookingFor: positive), communicator)
    }

    /// Sums in the units that labels are stored in, which leave the rounding of large labels out.
    private mutating func judgeValues(
        _ trained: TrainedModel, _ dataset: Dataset, _ weights: Double, _ isDrawn: Bool, _ grid: SumGrid,
        _ communicator: any Communicator
    ) throws -> Double {
        let mean = try communicator.sum(dataset, { Quality.weight($0, dataset) * Double(dataset.labels[$0]) }) / weights
        var sums = (errors: ExactSum(), deviations: ExactSum(), sizes: ExactSum(), spreads: ExactSum())
        var leads = ExactSum()
        var rows: [Bootstrap.Row] = []
        var worst = WorstRows()
        var values: [ResidualMap.Value] = []
        if isDetailed { values.reserveCapacity(dataset.order.localCount) }
        let own = forEachPrediction(trained.model, trained.parameters, dataset, lossOn: grid) { row, output in
            let label = Double(dataset.labels[row])
            let error = label - Double(output[0])
            let weight = Quality.weight(row, dataset)
            sums.errors.add(weight * error * error)
            sums.deviations.add(weight * (label - mean) * (label - mean))
            sums.sizes.add(weight * abs(error))
            sums.spreads.add(weight * abs(label - mean))
            let lead = (label - mean) * (label - mean) - error * error
            leads.add(lead * lead)
            if isDrawn {
                rows.append(
                    Bootstrap.Row(output: output[0], label: dataset.labels[row], loss: 0, weight: Float(weight)))
            }
            if isDetailed {
                worst.add(row, label: label, prediction: Double(output[0]))
                values.append(
                    ResidualMap.Value(
                        prediction: trained.labels.value(Double(output[0])),
                        residual: trained.labels.scale * error, weight: Float(weight)))
            }
        }
        let squares = try communicator.sum([sums.errors, sums.deviations, sums.sizes, sums.spreads, leads])
        mae = trained.labels.scale * squares[2] / weights
        baseline = Baseline(
            rmse: trained.labels.scale * (squares[1] / weights).squareRoot(),
            mae: trained.labels.scale * squares[3] / weights)
        let deviation = trained.labels.scale * (squares[0] / weights).squareRoot()
        rmse = deviation
        r2 = squares[1] > 0 ? 1 - squares[0] / squares[1] : nil
        if squares[1] > 0, !isWeighted {
            // Of a mean of differences, by their mean square: a little too large rather than too small.
            lead = Lead(value: 1 - squares[0] / squares[1], standardError: squares[4].squareRoot() / squares[1])
        }
        if isDrawn { try draw(.values(scale: trained.labels.scale), rows, communicator) }
        if isDetailed {
            self.worst = try worst.worst(of: dataset, trained.labels, communicator)
            residuals = try ResidualMap(values, rmse: deviation, communicator: communicator)
        }
        return own
    }

    /// On which the loss is tried first.
    private static func lossGrid(_ dataset: Dataset) -> SumGrid {
        SumGrid(exponent: SumGrid.exponent(above: Double(max(1, dataset.order.count))) + 3)
    }

    /// Σ ω f over all ranks, the same bits at any number of them.
    static func totalLoss(
        _ model: some Model, _ parameters: [Float], _ dataset: Dataset, _ communicator: any Communicator
    ) throws -> Double {
        let grid = lossGrid(dataset)
        let own = parameters.withUnsafeBufferPointer { model.loss(dataset.all, at: $0, on: grid) }
        return try totalLoss(own, model, parameters, dataset, communicator)
    }

    /// - Parameter first: this rank's on `lossGrid`.
    private static func totalLoss(
        _ first: Double, _ model: some Model, _ parameters: [Float], _ dataset: Dataset,
        _ communicator: any Communicator
    ) throws -> Double {
        var (own, grid) = (first, lossGrid(dataset))
        for attempt in 0... {
            let sum = try communicator.allreduce(own, .sum)
            guard let next = grid.next(after: sum, attempt: attempt) else { return sum }
            grid = next
            own = parameters.withUnsafeBufferPointer { model.loss(dataset.all, at: $0, on: grid) }
        }
        return .nan
    }

    private static func weight(_ row: Int, _ dataset: Dataset) -> Double {
        dataset.weights.map { Double($0[row]) } ?? 1
    }
}
