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
            if let ranking = ranking(classes) { text += " It does tell rows apart: " + ranking }
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

    /// How well scores order the rows of two classes; nil: no better than chance, as far as is known.
    package func ranking(_ classes: [String]) -> String? {
        guard let area = auc?.value, let positive, intervals["auc"].map({ $0.low > 0.5 }) ?? (area > 0.55) else {
            return nil
        }
        let name = classes.className(positive.index)
        let tenth = auc?.operation?.points.first { $0.called >= 0.09 && $0.called <= 0.12 }
        let found = tenth.map {
            "; the \(NumberFormat.percent($0.called)) of the rows with the highest scores hold "
                + "\(NumberFormat.percent($0.recall)) of all \(name)"
        }
        return
            "of a row of \(name) and one that is not it scores the first higher \(NumberFormat.percent(area)) of the times "
            + "(area under the ROC curve; 50 % is guessing)\(found ?? "")."
    }

    /// Where it is worst.
    package func weakness(_ classes: [String]) -> String? {
        let name = classes.className
        if let perClass, let index = positive?.index {
            let (all, found) = (perClass.labelled[index], perClass.right[index])
            guard all > 0 else { return nil }
            let rows =
                "\(NumberFormat.count(Int(saturating: found.rounded()))) of \(NumberFormat.count(Int(saturating: all.rounded())))"
            guard perClass.predicted[index] > 0 else {
                return
                    "It never answers \(name(index)): none of the \(NumberFormat.count(Int(saturating: all.rounded()))) rows is found."
            }
            let called = NumberFormat.count(Int(saturating: perClass.predicted[index].rounded()))
            let right = NumberFormat.count(Int(saturating: found.rounded()))
            return "Of \(name(index)) it finds \(rows) rows; \(right) of the \(called) rows that it calls "
                + "\(name(index)) are."
        }
        if let perClass {
            let present = (0..<perClass.classes).filter { perClass.labelled[$0] > 0 }
            guard let worst = present.min(by: { perClass.recall($0) < perClass.recall($1) }) else { return nil }
            return "It is least good at \(name(worst)): it finds \(NumberFormat.percent(perClass.recall(worst))) of "
                + "\(NumberFormat.count(Int(saturating: perClass.labelled[worst].rounded()))) rows."
        }
        guard let rmse, let row = worst.first, rows > 0 else { return nil }
        let error = row.label - row.prediction
        let share = error * error / (rmse * rmse * Double(rows))
        let usual = mae.map { "It is off by \(NumberFormat.significant($0, 3)) on average" } ?? "It is off"
        guard share >= 0.1, share < 1, !isWeighted, let number = row.row else { return usual + "." }
        let others = (rmse * rmse * Double(rows) - error * error) / Double(max(1, rows - 1))
        return usual
            + "; row \(NumberFormat.count(number)) alone makes \(NumberFormat.percent(share)) of the squared error: without it "
            + "the root mean squared error is \(NumberFormat.significant(max(0, others).squareRoot(), 4))."
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
            let name = classes.className(positive.index)
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

extension [String] {
    /// Of names of classes: what one of them is called, with or without a name.
    package func className(_ index: Int) -> String { indices.contains(index) ? self[index] : "class \(index)" }
}
