import Platform

/// A number that tells how good a model is.
package struct Figure: Sendable {
    package let name: String
    package let explanation: String
    package let higherIsBetter: Bool
    private let text: @Sendable (Double, Quality) -> String
    private let read: @Sendable (Quality) -> Double??

    private init(
        _ name: String, _ explanation: String, higherIsBetter: Bool,
        text: (@Sendable (Double, Quality) -> String)? = nil, _ read: @escaping @Sendable (Quality) -> Double??
    ) {
        self.name = name
        self.explanation = explanation
        self.higherIsBetter = higherIsBetter
        self.text =
            text ?? { value, _ in higherIsBetter ? NumberFormat.fixed(value, 4) : NumberFormat.significant(value, 4) }
        self.read = read
    }

    /// Whether models of this kind have it.
    package func isPart(of quality: Quality) -> Bool { read(quality) != nil }
    /// nil: there is none, or it is undefined on these rows.
    package func value(of quality: Quality) -> Double? { read(quality) ?? nil }

    package func text(of quality: Quality) -> String {
        guard let value = read(quality) else { return "–" }
        return value.map { text($0, quality) } ?? "undefined"
    }

    /// Those that people ask for first come first.
    package static let all = [
        Figure(
            "accuracy", "share of the rows whose class is right", higherIsBetter: true,
            text: { NumberFormat.share($0, of: $1.rows) }, { $0.accuracy.map { $0 } }),
        Figure(
            "area under the ROC curve", "the chance that a positive row gets a higher score than another one",
            higherIsBetter: true, { $0.auc.map(\.value) }),
        Figure(
            "log loss", "mean of −ln of the probability that the model gives to the right class", higherIsBetter: false,
            { $0.logLoss.map { $0 } }),
        Figure("root mean squared error", "in units of the label", higherIsBetter: false, { $0.rmse.map { $0 } }),
        Figure(
            "R²", "share of the label's variance that the model explains", higherIsBetter: true,
            { $0.rmse == nil ? nil : .some($0.r2) }),
        // The log loss is the mean loss.
        Figure(
            "mean loss", "as in training, without the penalty", higherIsBetter: false,
            { $0.logLoss == nil && $0.loss.isFinite ? .some($0.loss) : nil }),
    ]
}

extension NumberFormat {
    /// A share of so many rows as a percentage, with the digits that they bear: 0.965 of 200 rows is 96.5 %.
    package static func share(_ share: Double, of rows: Int) -> String {
        share == 1 ? "100 %" : fixed(100 * share, rows < 2000 ? 1 : 2) + " %"
    }
}
