import Platform

/// A number that tells how good a model is.
package struct Figure: Sendable {
    package let name: String
    /// In result.json.
    package let key: String
    package let explanation: String
    package let higherIsBetter: Bool
    private let text: @Sendable (Double, Quality) -> String
    /// Of the best single answer for all rows.
    private let nothing: @Sendable (Baseline) -> Double?
    private let read: @Sendable (Quality) -> Double??

    private init(
        _ name: String, key: String, _ explanation: String, higherIsBetter: Bool,
        text: (@Sendable (Double, Quality) -> String)? = nil,
        nothing: @escaping @Sendable (Baseline) -> Double? = { _ in nil },
        _ read: @escaping @Sendable (Quality) -> Double??
    ) {
        self.nothing = nothing
        self.name = name
        self.key = key
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

    /// Between which values it lies, 95 % of the times; nil: not known.
    package func intervalText(of quality: Quality) -> String? {
        quality.intervals[key].map { interval in
            let ends = (text(interval.low, quality), text(interval.high, quality))
            // One per cent sign is enough.
            return (ends.0.hasSuffix(" %") ? String(ends.0.dropLast(2)) : ends.0) + " to " + ends.1
        }
    }

    /// The same of the best single answer for all rows; nil: that has none.
    package func baselineText(of quality: Quality) -> String? {
        quality.baseline.flatMap(nothing).map { text($0, quality) }
    }

    /// Those that people ask for first come first.
    package static let all = [
        Figure(
            "accuracy", key: "accuracy", "share of the rows whose class is right", higherIsBetter: true,
            text: { NumberFormat.share($0, of: $1.rows) }, nothing: \.accuracy, { $0.accuracy.map { $0 } }),
        Figure(
            "balanced accuracy", key: "balancedAccuracy",
            "the mean over the classes of the share of their rows that are found",
            higherIsBetter: true,
            text: { NumberFormat.share($0, of: $1.rows) },
            nothing: { $0.accuracy == nil ? nil : $0.classes.map { 1 / Double($0) } },
            { $0.balancedAccuracy.map { $0 } }),
        Figure(
            "area under the ROC curve", key: "auc",
            "the chance that a row of the class that is looked for scores higher than another one",
            higherIsBetter: true, nothing: { $0.classes == nil ? nil : 0.5 }, { $0.auc.map(\.value) }),
        Figure(
            "log loss", key: "logLoss",
            "how surprised the probabilities are by the right class, mean of −ln p; lower is better",
            higherIsBetter: false,
            nothing: \.logLoss, { $0.logLoss.map { $0 } }),
        Figure(
            "precision", key: "precision", "of the rows called the class that is looked for, the share that are",
            higherIsBetter: true,
            text: { value, quality in
                guard let index = quality.positive?.index, quality.perClass?.predicted[index] == 0 else {
                    return NumberFormat.share(value, of: quality.rows)
                }
                return "none called so"
            }, { ($0.positive?.precision).map { $0 } }),
        Figure(
            "recall", key: "recall", "of the rows of that class, the share that are called so", higherIsBetter: true,
            text: { NumberFormat.share($0, of: $1.rows) }, { ($0.positive?.recall).map { $0 } }),
        Figure(
            "F1", key: "f1", "one number for precision and recall, their harmonic mean", higherIsBetter: true,
            { ($0.positive?.f1).map { $0 } }),
        Figure(
            "average precision", key: "averagePrecision",
            "the mean precision over all thresholds",
            higherIsBetter: true, { $0.positive.map(\.averagePrecision) }),
        Figure(
            "Brier score", key: "brier", "mean squared error of the probability; lower is better",
            higherIsBetter: false,
            { $0.brier.map { $0 } }),
        Figure(
            "macro F1", key: "macroF1", "the mean of F1 over the classes", higherIsBetter: true,
            { ($0.macro?.f1).map { $0 } }),
        Figure(
            "root mean squared error", key: "rmse", "in units of the label, large errors count most; lower is better",
            higherIsBetter: false, nothing: \.rmse,
            { $0.rmse.map { $0 } }),
        Figure(
            "mean absolute error", key: "mae", "in units of the label; lower is better", higherIsBetter: false,
            nothing: \.mae,
            { $0.mae.map { $0 } }),
        Figure(
            "R²", key: "r2", "share of the label's variance that the model explains", higherIsBetter: true,
            nothing: { $0.rmse == nil ? nil : 0 },
            { $0.rmse == nil ? nil : .some($0.r2) }),
        // The log loss is the mean loss.
        Figure(
            "mean loss", key: "loss", "as in training, without the penalty", higherIsBetter: false,
            { $0.logLoss == nil && $0.loss.isFinite ? .some($0.loss) : nil }),
    ]
}

extension NumberFormat {
    /// A share of so many rows as a percentage, with the digits that they bear: 0.965 of 200 rows is 96.5 %.
    package static func share(_ share: Double, of rows: Int) -> String {
        share == 1 ? "100 %" : fixed(100 * share, rows < 2000 ? 1 : 2) + " %"
    }
}
