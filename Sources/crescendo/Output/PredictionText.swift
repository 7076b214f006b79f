import Datasets
import Models
import Platform

/// Predictions as CSV: the identifying columns, then label and probabilities, or the value, then what the label is.
struct PredictionText: PredictionForm {
    private let prediction: Prediction
    private let rows: PredictedRows
    private let idCount: Int
    /// The names of the classes as fields, one behind the other: class c from classStarts[c] to classStarts[c + 1].
    private let classBytes: [UInt8]
    private let classStarts: [Int]
    private let fixedSize: Int

    init(_ prediction: Prediction, _ rows: PredictedRows) {
        self.prediction = prediction
        self.rows = rows
        let fields = prediction.classes.map { Array(CSVText.field($0).utf8) }
        classBytes = fields.flatMap { $0 }
        classStarts = fields.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        idCount = rows.identifiers.isEmpty ? 0 : rows.identifierNames.count
        let longest = fields.map(\.count).max() ?? 0
        let numbers = max(2, prediction.specification.outputCount) + 2
        fixedSize = 2 * (longest + 1) + numbers * (NumberText.longest + 1) + 1
    }

    func head(rows count: Int) -> [UInt8] {
        var names = rows.identifierNames
        switch prediction.specification.kind {
        case .logistic, .softmax: names += ["label"] + prediction.classes.map { "probability_" + $0 }
        case .squaredHinge: names += ["label", "margin"]
        case .ridge, .huber, .poisson, .auto: names.append("value")
        }
        if rows.labels != nil { names += prediction.classes.isEmpty ? ["actual", "residual"] : ["actual"] }
        return Array(names.map(CSVText.field).joined(separator: ",").utf8) + [UInt8(ascii: "\n")]
    }

    func size(ofRow row: Int) -> Int {
        var size = fixedSize
        for index in row * idCount..<(row + 1) * idCount { size += 2 * rows.identifiers[index].utf8.count + 3 }
        if let labels = rows.labels, !prediction.classes.isEmpty, labels.place(row) == nil {
            size += 2 * (labels.name(row)?.utf8.count ?? 0) + 2
        }
        return size
    }

    func write(_ row: Int, _ outputs: UnsafeBufferPointer<Float>, to place: UnsafeMutablePointer<UInt8>) -> Int {
        var end = place
        for index in row * idCount..<(row + 1) * idCount {
            PredictionText.write(CSVText.field(rows.identifiers[index]), to: &end)
            PredictionText.comma(&end)
        }
        if let predicted = prediction.predictedClass(outputs) {
            writeClass(predicted, to: &end)
            PredictionText.comma(&end)
        }
        if prediction.specification.kind == .logistic {
            end += NumberText.write(1 - outputs[0], to: end)
            PredictionText.comma(&end)
        }
        for (index, output) in outputs.enumerated() {
            if index > 0 { PredictionText.comma(&end) }
            if prediction.labels == .none {
                end += NumberText.write(output, to: end)
            } else {
                end += NumberText.write(prediction.value(output), steps: prediction.steps, to: end)
            }
        }
        if let labels = rows.labels { writeActual(labels, row, outputs, to: &end) }
        end.pointee = UInt8(ascii: "\n")
        return end + 1 - place
    }

    /// Empty where the row has no label.
    private func writeActual(
        _ labels: PredictedRows.Labels, _ row: Int, _ outputs: UnsafeBufferPointer<Float>,
        to end: inout UnsafeMutablePointer<UInt8>
    ) {
        PredictionText.comma(&end)
        guard prediction.classes.isEmpty else {
            if let place = labels.place(row) {
                writeClass(place, to: &end)
            } else if let name = labels.name(row) {
                PredictionText.write(CSVText.field(name), to: &end)
            }
            return
        }
        let actual = labels.number(row)
        if !actual.isNaN { end += NumberText.write(actual, steps: prediction.steps, to: end) }
        PredictionText.comma(&end)
        guard !actual.isNaN else { return }
        end += NumberText.write(prediction.residual(actual, outputs[0]), steps: prediction.steps, to: end)
    }

    @inline(__always)
    private static func comma(_ end: inout UnsafeMutablePointer<UInt8>) {
        end.pointee = UInt8(ascii: ",")
        end += 1
    }

    @inline(__always)
    private func writeClass(_ index: Int, to end: inout UnsafeMutablePointer<UInt8>) {
        for place in classStarts[index]..<classStarts[index + 1] {
            end.pointee = classBytes[place]
            end += 1
        }
    }

    private static func write(_ text: String, to end: inout UnsafeMutablePointer<UInt8>) {
        for byte in text.utf8 {
            end.pointee = byte
            end += 1
        }
    }
}
