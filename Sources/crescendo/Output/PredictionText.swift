import Datasets
import Models

/// Predictions as CSV: the identifying columns, then label and probabilities, or the value.
struct PredictionText {
    private let specification: ModelSpecification
    private let classes: [String]
    private let identifierNames: [String]
    private let labels: LabelScale
    /// A power of ten.
    private let stepsPerUnit: Double

    init(_ file: ModelFile, identifierNames: [String]) {
        specification = file.specification
        classes = file.classLabels.map(PredictionText.field)
        self.identifierNames = identifierNames
        labels = file.preprocessing.labels.scale
        var steps = 1.0
        while steps * labels.scale < 1e8, steps < 1e200 { steps *= 10 }
        while steps * labels.scale > 1e9, steps > 1e-200 { steps /= 10 }
        stepsPerUnit = steps
    }

    /// The first line.
    var header: String {
        var names = identifierNames.map(PredictionText.field)
        switch specification.kind {
        case .logistic, .softmax: names += ["label"] + classes.map { PredictionText.field("probability_" + $0) }
        case .squaredHinge: names += ["label", "margin"]
        case .ridge, .huber, .poisson, .auto: names.append("value")
        }
        return names.joined(separator: ",") + "\n"
    }

    /// Appends the line of one row.
    func append(_ identifiers: ArraySlice<String>, _ outputs: UnsafeBufferPointer<Float>, to text: inout String) {
        for identifier in identifiers {
            text += PredictionText.field(identifier)
            text += ","
        }
        if let predicted = specification.predictedClass(outputs) {
            text += classes[predicted]
            text += ","
        }
        if specification.kind == .logistic {
            text += (1 - outputs[0]).description
            text += ","
        }
        for (index, output) in outputs.enumerated() {
            if index > 0 { text += "," }
            text += labels == .none ? output.description : value(output)
        }
        text += "\n"
    }

    /// In the units of the labels, rounded where a Float of their deviation ends.
    private func value(_ output: Float) -> String {
        let value = labels.value(Double(output))
        let steps = value * stepsPerUnit
        return (steps.magnitude < 0x1p52 ? steps.rounded() / stepsPerUnit : value).description
    }

    /// Quoted where a reader of CSV would otherwise split or change it.
    static func field(_ text: String) -> String {
        let special = text.utf8.contains { [UInt8(ascii: ","), UInt8(ascii: "\""), 10, 13].contains($0) }
        guard special || text.first == " " || text.last == " " else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
