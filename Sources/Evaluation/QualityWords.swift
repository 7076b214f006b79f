import Platform

extension Quality {
    /// Whether the answers are better than any one answer for all rows; nil: there is nothing to compare.
    package var beatsBaseline: Bool? {
        if let accuracy, let nothing = baseline?.accuracy { return accuracy > nothing }
        if let rmse, let nothing = baseline?.rmse { return rmse < nothing }
        return nil
    }

    /// Whether it may be chance that they are: the lead is within 1.96 standard errors.
    package var mayBeChance: Bool {
        guard beatsBaseline == true, let lead else { return false }
        return lead.value < 1.96 * lead.standardError
    }

    /// What is to be said first of a model whose answers are worth nothing, or may be; nil: they are worth something.
    ///
    /// - Parameters:
    ///   - rows: what they are, as "test rows".
    ///   - classes: their names.
    package func verdict(rows name: String, classes: [String]) -> String? {
        guard let beatsBaseline, !beatsBaseline || mayBeChance, let baseline else { return nil }
        let rows = "the \(NumberFormat.count(rows)) \(name)"
        if let accuracy, let nothing = baseline.accuracy {
            let start =
                beatsBaseline
                ? "It cannot be told whether the model's answers are better than"
                : "The model's answers are no better than"
            var text =
                start + " always answering \(baseline.answer(classes)): it is right on "
                + "\(NumberFormat.share(accuracy, of: self.rows)) of \(rows), that answer on "
                + "\(NumberFormat.share(nothing, of: self.rows))"
                + (beatsBaseline ? ", a difference that so few rows may show by chance." : ".")
            if let logLoss, let shares = baseline.logLoss, logLoss < 0.99 * shares {
                text +=
                    " Its probabilities say something: log loss \(NumberFormat.significant(logLoss, 4)), of the classes' "
                    + "shares \(NumberFormat.significant(shares, 4))."
            }
            return text
        }
        guard let rmse, let nothing = baseline.rmse else { return nil }
        return
            (beatsBaseline
            ? "It cannot be told whether the model is better than always answering the mean"
            : "The model is no better than always answering the mean")
            + ": on \(rows) its root mean squared error is \(NumberFormat.significant(rmse, 4)), that of the mean "
            + NumberFormat.significant(nothing, 4)
            + (beatsBaseline ? ", a difference that so few rows may show by chance." : ".")
    }

    /// For the terminal: the figures, what doing nothing scores, and what is said of the class that is looked for.
    package func lines(_ name: String, classes: [String]) -> [(name: String, text: String)] {
        var lines = [(name: name, text: text + (isWeighted ? " (rows count by their weights)" : ""))]
        let intervals = Figure.all.compactMap { figure in
            figure.intervalText(of: self).map { "\(figure.name) \($0)" }
        }
        if !intervals.isEmpty {
            lines.append((name: "", text: "95 % intervals: " + intervals.prefix(4).joined(separator: ", ")))
        }
        if let baseline { lines.append((name: "", text: baseline.text(classes))) }
        if let positive {
            let name = classes.indices.contains(positive.index) ? classes[positive.index] : "class \(positive.index)"
            var parts = [
                "precision " + NumberFormat.fixed(positive.precision, 4),
                "recall " + NumberFormat.fixed(positive.recall, 4), "F1 " + NumberFormat.fixed(positive.f1, 4),
            ]
            if let area = positive.averagePrecision {
                parts.append("average precision " + NumberFormat.fixed(area, 4))
            }
            if let balancedAccuracy {
                parts.append("balanced accuracy " + NumberFormat.fixed(balancedAccuracy, 4))
            }
            lines.append((name: "", text: "of \(name): " + parts.joined(separator: ", ")))
        } else if let balancedAccuracy, let macro {
            lines.append(
                (
                    name: "",
                    text: "balanced accuracy \(NumberFormat.fixed(balancedAccuracy, 4)), macro F1 "
                        + NumberFormat.fixed(macro.f1, 4)
                ))
        }
        return lines
    }
}

extension Baseline {
    /// The answer itself.
    package func answer(_ classes: [String]) -> String {
        guard let commonest else { return "the mean" }
        return classes.indices.contains(commonest) ? classes[commonest] : "the commonest class"
    }

    fileprivate func text(_ classes: [String]) -> String {
        var parts: [String] = []
        if let accuracy { parts.append("accuracy " + NumberFormat.fixed(accuracy, 4)) }
        if let logLoss { parts.append("log loss of the classes' shares " + NumberFormat.significant(logLoss, 4)) }
        if let rmse { parts.append("RMSE " + NumberFormat.significant(rmse, 5)) }
        if let mae { parts.append("MAE " + NumberFormat.significant(mae, 5)) }
        return "always \(answer(classes)): " + parts.joined(separator: ", ")
    }
}
