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
    /// √ of the mean squared error, in units of the label.
    package var rmse: Double?
    /// 1 − squared error / squared deviation of the labels from their mean.
    package var r2: Double?
    /// For classes.
    package var confusion: ConfusionMatrix?
    /// For values, where details were asked for.
    package var residuals: ResidualMap?
    /// Whether the confusion matrix, the ROC curve or the map of the residuals is stored.
    package var isDetailed = false

    private init() {}

    /// Collective. Judges the model on all rows of `dataset`.
    /// - Parameter detailed: finds and stores what the report draws too.
    package static func measure(
        _ trained: TrainedModel, on dataset: Dataset, detailed: Bool = false, communicator: any Communicator
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
            try quality.judgeBinary(trained.margins, parameters, dataset, weights, communicator)
        } else {
            try quality.judgeClasses(trained, dataset, weights, communicator)
        }
        return quality
    }

    /// By margins, not probabilities: those near 1 are all alike in Float.
    private mutating func judgeBinary(
        _ margins: some Model, _ parameters: [Float], _ dataset: Dataset, _ weights: Double,
        _ communicator: any Communicator
    ) throws {
        var right = [Bool](repeating: false, count: dataset.order.localCount)
        var scores: [Float] = []
        var signedWeights: [Float] = []
        scores.reserveCapacity(dataset.order.localCount)
        signedWeights.reserveCapacity(dataset.order.localCount)
        confusion = isDetailed ? ConfusionMatrix(classes: 2) : nil
        forEachPrediction(margins, parameters, dataset) { row, output in
            let isPositive = dataset.labels[row] == 1
            let weight = Quality.weight(row, dataset)
            confusion?.add(label: isPositive ? 1 : 0, predicted: output[0] > 0 ? 1 : 0, weight: weight)
            right[row] = (output[0] > 0) == isPositive
            scores.append(output[0])
            signedWeights.append(Float(isPositive ? weight : -weight))
        }
        accuracy = try communicator.sum(dataset, { right[$0] ? Quality.weight($0, dataset) : 0 }) / weights
        try confusion?.reduce(communicator)
        auc = try AreaUnderCurve.measure(scores: scores, signedWeights: signedWeights, communicator: communicator)
    }

    private mutating func judgeClasses(
        _ trained: TrainedModel, _ dataset: Dataset, _ weights: Double, _ communicator: any Communicator
    ) throws {
        var right = [Bool](repeating: false, count: dataset.order.localCount)
        confusion = isDetailed ? ConfusionMatrix(classes: trained.specification.outputCount) : nil
        forEachPrediction(trained.model, trained.parameters, dataset) { row, output in
            let label = Int(dataset.labels[row])
            let predicted = trained.specification.predictedClass(output)
            let weight = Quality.weight(row, dataset)
            right[row] = predicted == label
            if let predicted { confusion?.add(label: label, predicted: predicted, weight: weight) }
        }
        accuracy = try communicator.sum(dataset, { right[$0] ? Quality.weight($0, dataset) : 0 }) / weights
        try confusion?.reduce(communicator)
    }

    /// Sums in the units that labels are stored in, which leave the rounding of large labels out.
    private mutating func judgeValues(
        _ trained: TrainedModel, _ dataset: Dataset, _ weights: Double, _ communicator: any Communicator
    ) throws {
        let mean = try communicator.sum(dataset, { Quality.weight($0, dataset) * Double(dataset.labels[$0]) }) / weights
        var sums = (errors: ExactSum(), deviations: ExactSum())
        var values: [ResidualMap.Value] = []
        if isDetailed { values.reserveCapacity(dataset.order.localCount) }
        forEachPrediction(trained.model, trained.parameters, dataset) { row, output in
            let label = Double(dataset.labels[row])
            let error = label - Double(output[0])
            let weight = Quality.weight(row, dataset)
            sums.errors.add(weight * error * error)
            sums.deviations.add(weight * (label - mean) * (label - mean))
            if isDetailed {
                values.append(
                    ResidualMap.Value(
                        prediction: trained.labels.value(Double(output[0])),
                        residual: trained.labels.scale * error, weight: Float(weight)))
            }
        }
        let squares = try communicator.sum([sums.errors, sums.deviations])
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

    // MARK: - In result.json

    package var json: JSON {
        var members: [(key: String, value: JSON)] = [("rows", .integer(rows)), ("loss", .number(loss))]
        if let accuracy { members.append(("accuracy", .number(accuracy))) }
        if let logLoss { members.append(("logLoss", .number(logLoss))) }
        if let auc {
            members.append(("auc", auc.value.map { .number($0) } ?? .null))
            if let bins = auc.bins { members.append(("aucBins", .integer(bins))) }
        }
        if let rmse { members.append(("rmse", .number(rmse))) }
        if rmse != nil { members.append(("r2", r2.map { .number($0) } ?? .null)) }
        if isDetailed {
            members += confusion?.members ?? []
            if let curve = auc?.curve { members.append(("roc", curve.json)) }
            if let residuals { members.append(("residuals", residuals.json)) }
        }
        return .object(members)
    }

    /// What `json` wrote; nil: no object. Members of another kind than they should be are left out.
    package init?(json: JSON) {
        guard json.members != nil else { return nil }
        rows = json["rows"]?.integer ?? 0
        loss = json["loss"]?.double ?? .nan
        accuracy = json["accuracy"]?.double
        logLoss = json["logLoss"]?.double
        if let area = json["auc"] {
            auc = AreaUnderCurve(
                value: area.double, bins: json["aucBins"]?.integer, curve: json["roc"].flatMap { ROCCurve(json: $0) })
        }
        rmse = json["rmse"]?.double
        r2 = json["r2"]?.double
        confusion = ConfusionMatrix(quality: json)
        residuals = json["residuals"].flatMap { ResidualMap(json: $0) }
        isDetailed = confusion != nil || auc?.curve != nil || residuals != nil
    }

    /// One line for people.
    package var text: String {
        var parts: [String] = []
        if let accuracy { parts.append("accuracy " + NumberFormat.fixed(accuracy, 4)) }
        if let logLoss { parts.append("log loss " + NumberFormat.significant(logLoss, 4)) }
        if let auc {
            let bins = auc.bins.map { " (from \(NumberFormat.count($0)) bins)" } ?? ""
            parts.append("AUC " + (auc.value.map { NumberFormat.fixed($0, 4) } ?? "undefined: one class only") + bins)
        }
        if let rmse { parts.append("RMSE " + NumberFormat.significant(rmse, 5)) }
        if rmse != nil { parts.append("R² " + (r2.map { NumberFormat.fixed($0, 4) } ?? "undefined: equal labels")) }
        return parts.joined(separator: ", ")
    }
}
