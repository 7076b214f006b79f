import Datasets
import Kernels
import Models

/// Predictions as bytes, a row at a time, straight into memory.
protocol PredictionForm {
    /// What stands before all rows, `rows` over all ranks.
    func head(rows: Int) -> [UInt8]
    /// The row takes no more bytes.
    func size(ofRow row: Int) -> Int
    /// Returns how many bytes it wrote.
    func write(_ row: Int, _ outputs: UnsafeBufferPointer<Float>, to place: UnsafeMutablePointer<UInt8>) -> Int
}

/// What all forms write: what a model says of a row, and what the row's label says.
struct Prediction {
    let specification: ModelSpecification
    let classes: [String]
    let threshold: PredictionThreshold?
    let labels: LabelScale
    let steps: DecimalSteps

    init(_ file: ModelFile, threshold: PredictionThreshold?) {
        specification = file.specification
        classes = file.classLabels
        self.threshold = threshold
        labels = file.preprocessing.labels.scale
        steps = DecimalSteps(scale: labels.scale)
    }

    /// nil: values.
    func predictedClass(_ outputs: UnsafeBufferPointer<Float>) -> Int? {
        threshold?.predictedClass(specification.kind, outputs) ?? specification.predictedClass(outputs)
    }

    /// In the units of the labels, rounded where a Float of their deviation ends.
    func value(_ output: Float) -> Double {
        labels == .none ? Double(output) : steps.rounded(labels.value(Double(output)))
    }

    /// What the value lacks to the label, rounded alike: the digits behind are noise of the difference.
    func residual(_ actual: Double, _ output: Float) -> Double { steps.rounded(actual - value(output)) }
}

/// What the files say of this rank's rows.
struct PredictedRows {
    let identifierNames: [String]
    /// Row by row.
    let identifiers: [String]
    /// nil: not asked for.
    let labels: Labels?

    struct Labels {
        let table: DistributedTable
        /// Of the class, NaN where it is none of the model's.
        let places: AlignedBuffer<Float>
    }

    init(_ table: DistributedTable, _ dataset: Dataset, withLabels: Bool) {
        identifierNames = table.identifierNames
        identifiers = table.identifiers
        labels = withLabels ? Labels(table: table, places: dataset.labels) : nil
    }
}

extension PredictedRows.Labels {
    func number(_ row: Int) -> Double { table.number(ofLabel: table.labelsAsRead[row]) }

    /// nil: the row has none, or one that training never saw.
    func place(_ row: Int) -> Int? {
        let place = places[row]
        return place.isNaN ? nil : Int(place)
    }

    /// Of a label that training never saw; nil: there is none.
    func name(_ row: Int) -> String? {
        let label = table.labelsAsRead[row]
        return label.isNaN ? nil : table.name(ofLabel: label)
    }
}
