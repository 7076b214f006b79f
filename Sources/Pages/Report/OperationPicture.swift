import Evaluation
import Platform

/// What other thresholds would find, and whether the probabilities are to be believed, for two classes.
package struct OperationPicture {
    package let run: ReportedRun

    package var html: HTML {
        guard let judged = run.judged, let quality = run.judged?.quality, let operation = quality.auc?.operation,
            let positive = quality.positive
        else { return .empty }
        let name = run.classes.className(positive.index)
        var body = HTML.empty
        if !operation.calibration.isEmpty { body += calibration(operation, name, judged.name) }
        if !operation.points.isEmpty { body += thresholds(operation, name, judged.name) }
        return body
    }

    private func thresholds(_ operation: OperatingPoints, _ name: String, _ rows: String) -> HTML {
        var points = operation.points.map { (point: $0, note: "") }
        if var usual = operation.usual {
            usual.threshold = operation.calibration.isEmpty ? 0 : 0.5
            points.append((usual, "as the model decides"))
        }
        if let best = operation.best { points.append((best, "highest F1 on these rows")) }
        points.sort { $0.point.called < $1.point.called }
        let hasProbabilities = !operation.calibration.isEmpty
        let cells = points.map { point, note -> [HTML] in
            [
                .escaped(text(threshold: point.threshold)), .escaped(NumberFormat.percent(point.called)),
                .escaped(NumberFormat.percent(point.precision)), .escaped(NumberFormat.percent(point.recall)),
                .escaped(NumberFormat.fixed(point.f1, 3)), .escaped(note),
            ]
        }
        return """
            <div><h3>What to expect at other thresholds\(run.chip)</h3>
            <p class="note">Rows with \(hasProbabilities ? "a probability" : "an output") of at least the threshold are called \
            \(name). Precision: the share of those that are. Recall: the share of all \(name) rows that are found. On the \
            \(rows).\(operation.usual == nil ? " As the model decides, none is called so." : "")</p>
            \(Page.openTable(
                label: "Thresholds",
                head: ["threshold", "share called so", "precision", "recall", "F1", ""], rows: cells))</div>

            """
    }

    /// Probabilities near 1 are told apart too.
    private func text(threshold: Double) -> String {
        guard threshold > 0.99, threshold < 1 else { return NumberFormat.significant(threshold, 3) }
        let digits = min(6, 1 - Int(log10(1 - threshold).rounded(.down)))
        return NumberFormat.fixed(threshold, digits)
    }

    private func calibration(_ operation: OperatingPoints, _ name: String, _ rows: String) -> HTML {
        let isTrained = run.qualities.first?.part == "train" ? " But these are rows that it was trained on." : ""
        let points = operation.calibration.map { (x: $0.predicted, y: $0.observed) }
        let (error, chance) = (operation.calibrationError ?? 0, operation.calibrationErrorByChance ?? 0)
        let verdict =
            error <= 1.5 * chance
            ? "They are, as far as so many rows can tell: the mean distance is \(NumberFormat.percent(error)), about what chance "
                + "alone makes (\(NumberFormat.percent(chance)))."
            : "Not quite: the mean distance is \(NumberFormat.percent(error)), where chance alone makes "
                + "\(NumberFormat.percent(chance))."
        let end = max(0.05, min(1, 1.1 * (points.flatMap { [$0.x, $0.y] }.max() ?? 1)))
        var chart = Chart(
            description: "Calibration. The table below has the numbers.", xLabel: "probability that the model gives",
            yLabel: "share that is \(name)",
            curves: [Chart.Curve(letter: nil, index: run.index, points: points, hasDots: true)])
        chart.reference = [(0, 0), (end, end)]
        chart.yRange = 0...end
        chart.xEnd = end
        let cells = operation.calibration.map { tenth -> [HTML] in
            [
                .escaped(NumberFormat.percent(tenth.predicted)), .escaped(NumberFormat.percent(tenth.observed)),
                .escaped(NumberFormat.significant(tenth.rows, 6)),
            ]
        }
        return """
            <div class="half"><h3>Are the probabilities to be believed?\(run.chip)</h3>
            <p class="note">\(verdict)\(isTrained) The rows in ten parts, fewer where many are alike, by the probability of \(name) that \
            the model gives: what it says, and what came true. On the dashed line both agree. On the \(rows).</p>
            <figure>\(ChartDrawing(chart).svg)</figure>
            \(Page.table(
                summary: "Calibration as a table", head: ["probability given", "share that is", "rows"], rows: cells))</div>

            """
    }
}

/// How the rows of every class fare, for more than two.
package struct ClassTable {
    package let run: ReportedRun

    package var html: HTML {
        guard let judged = run.judged, let figures = run.judged?.quality.perClass, figures.classes > 2 else {
            return .empty
        }
        func cells(_ name: String, _ rows: Double, _ shares: [Double]) -> [HTML] {
            [.escaped(name), .escaped(NumberFormat.significant(rows, 7))]
                + shares.map { .escaped(NumberFormat.fixed($0, 3)) }
        }
        var rows = (0..<figures.classes).map { index in
            cells(
                run.classes.className(index), figures.labelled[index],
                [figures.precision(index), figures.recall(index), figures.f1(index)])
        }
        let all = figures.labelled.reduce(0, +)
        if let macro = judged.quality.macro {
            rows.append(cells("mean over classes", all, [macro.precision, macro.recall, macro.f1]))
        }
        if let weighted = judged.quality.weighted {
            rows.append(cells("mean over rows", all, [weighted.precision, weighted.recall, weighted.f1]))
        }
        return """
            <h3>Class by class\(run.chip)</h3>
            <p class="note">Precision: of the rows taken for the class, the share that are of it. Recall: of its rows, the share \
            that are found. F1: the harmonic mean of both. On the \(judged.name).</p>
            \(Page.table(
                summary: "\(figures.classes) classes", head: ["class", "rows", "precision", "recall", "F1"], rows: rows,
                textColumns: 1, isOpen: figures.classes <= 20))

            """
    }
}

/// The rows that a regression is furthest off at.
package struct WorstTable {
    package let run: ReportedRun

    package var html: HTML {
        guard let judged = run.judged, !judged.quality.worst.isEmpty else { return .empty }
        let rows = judged.quality.worst.map { row -> [HTML] in
            [
                .escaped(row.row.map { NumberFormat.count($0) } ?? "unknown"),
                .escaped(NumberFormat.significant(row.label, 5)), .escaped(NumberFormat.significant(row.prediction, 5)),
                .escaped(NumberFormat.significant(row.label - row.prediction, 4)),
            ]
        }
        return """
            <h3>Furthest off\(run.chip)</h3>
            <p class="note">Of the \(judged.name); rows are numbered from 1 in the order of the files, those without a label \
            not counted.</p>
            \(Page.openTable(
                label: "The largest errors", head: ["row", "label", "prediction", "residual"], rows: rows))

            """
    }
}

extension ReportedRun {
    /// Behind a title, where there are several runs.
    var chip: HTML { isAlone ? .empty : " <span class=\"chip f\(index % 8)\">\(letter)</span>" }
}
