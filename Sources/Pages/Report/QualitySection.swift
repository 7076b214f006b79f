import Datasets
import Evaluation
import Platform

/// How good the models are: figures for every set of rows, and a picture of the mistakes.
package struct QualitySection {
    package let runs: [ReportedRun]

    package var html: HTML {
        let judged = runs.filter { $0.judged != nil }
        guard !judged.isEmpty else {
            return Page.section(
                id: "quality", title: "How good the model is",
                "<p class=\"missing\">The model has not been judged: that happens when a run ends.</p>")
        }
        var body = judged.map(figures).joined() + words(judged)
        let curves = judged.filter { $0.judged?.quality.auc?.curve != nil }
        var pictures = curves.isEmpty ? HTML.empty : "<div class=\"half\">\(ROCPicture(runs: curves).html)</div>\n"
        pictures += judged.map { OperationPicture(run: $0).html }.joined()
        if pictures != .empty { body += "<div class=\"side\">\(pictures)</div>\n" }
        body += judged.map { ClassTable(run: $0).html }.joined()
        let matrices = judged.map { ConfusionPicture(run: $0).html }.filter { $0 != .empty }
        if !matrices.isEmpty { body += "<div class=\"side\">\(matrices.joined())</div>\n" }
        body += judged.map { ResidualPicture(run: $0).html }.joined()
        body += judged.map { WorstTable(run: $0).html }.joined()
        return Page.section(id: "quality", title: "How good the model is", body)
    }

    /// One row for each figure; beside what the model scores stand what is sure of it and what one answer for all scores.
    private func figures(_ run: ReportedRun) -> HTML {
        let figures = Figure.all.filter { figure in run.qualities.contains { figure.isPart(of: $0.quality) } }
        // The text comes last: on a phone it is what may be scrolled to.
        var head = [run.isAlone ? "" : run.letter]
        for (_, name, quality) in run.qualities {
            head.append("\(NumberFormat.count(quality.rows)) \(name)")
            if !quality.intervals.isEmpty { head.append("95 % interval") }
            if let baseline = quality.baseline { head.append("always answering \(baseline.answer(run.classes))") }
        }
        let rows = figures.map { figure -> [HTML] in
            var row = [HTML.escaped(figure.name)]
            for (_, _, quality) in run.qualities {
                row.append(.escaped(figure.text(of: quality)))
                if !quality.intervals.isEmpty { row.append(.escaped(figure.intervalText(of: quality) ?? "–")) }
                if quality.baseline != nil { row.append(.escaped(figure.baselineText(of: quality) ?? "–")) }
            }
            row.append("<span class=\"what\">\(figure.explanation)</span>")
            return row
        }
        head.append("")
        return Page.openTable(
            label: "Quality of the model\(run.isAlone ? "" : " \(run.letter)")", head: head, rows: rows, textColumns: 1)
    }

    /// What the figures mean.
    private func words(_ judged: [ReportedRun]) -> HTML {
        let qualities = judged.flatMap { $0.qualities.map(\.quality) }
        var sentences = judged.compactMap { run in
            run.judged?.quality.positive.map {
                "\(run.letterPrefix)The class that is looked for is \(run.classes.className($0.index))."
            }
        }
        if qualities.contains(where: { !$0.intervals.isEmpty }) {
            sentences.append(
                "95 % interval: what chance in the choice of these rows leaves open; the training is not repeated."
            )
        }
        if qualities.contains(where: \.isWeighted) { sentences.append("Rows count by their weights.") }
        if judged.contains(where: { $0.qualities.contains { $0.part == "test" } }) {
            sentences.append("Test rows took no part in training.")
        }
        return sentences.isEmpty ? .empty : "<p class=\"note\">\(sentences.joined(separator: " "))</p>\n"
    }
}

/// True positives against false positives, for two classes.
package struct ROCPicture {
    package let runs: [ReportedRun]

    package var html: HTML {
        let curves = runs.compactMap { run -> Chart.Curve? in
            guard let points = points(run) else { return nil }
            return Chart.Curve(letter: run.isAlone ? nil : run.letter, index: run.index, points: points)
        }
        let diagonal = [(x: 0.0, y: 0.0), (x: 1.0, y: 1.0)]
        let areas = runs.map { run in
            run.letterPrefix
                + (run.judged?.quality.auc?.value.map { "area \(NumberFormat.fixed($0, 4))" } ?? "area undefined")
        }
        let positive = runs.first.map { $0.classes.className($0.judged?.quality.positive?.index ?? 1) }
        var chart = Chart(
            description: "ROC curve, \(areas.joined(separator: ", ")). The table below has the numbers.",
            xLabel: "share of the other rows called \(positive ?? "positive") wrongly",
            yLabel: "share of the rows of \(positive ?? "the positive class") that are found", curves: curves)
        chart.reference = diagonal
        chart.yRange = 0...1
        let rows = runs.flatMap { run in
            Sampling.evenly(points(run) ?? [], count: 30).map { point in
                (run.isAlone ? [] : [HTML.escaped(run.letter)])
                    + [.escaped(NumberFormat.fixed(point.x, 3)), .escaped(NumberFormat.fixed(point.y, 3))]
            }
        }
        return """
            <h3>ROC curve</h3>
            <p class="note">What is found and what is called wrongly, for every threshold on the model's output; \
            \(areas.joined(separator: ", ")). 1 is perfect; the dashed line, 0.5, is guessing. Judged on the \
            \(runs.first?.judged?.name ?? "rows").</p>
            <figure>\(ChartDrawing(chart).svg)</figure>
            \(Page.table(
                summary: "ROC curve as a table",
                head: (runs.allSatisfy(\.isAlone) ? [] : ["run"]) + ["false positive rate", "true positive rate"],
                rows: rows))

            """
    }

    private func points(_ run: ReportedRun) -> [(x: Double, y: Double)]? {
        (run.judged?.quality.auc?.curve).map { curve in
            let points = zip(curve.falsePositives, curve.truePositives).map { (x: $0, y: $1) }
            // The curve is that of class 1: of the other one it is the same, from its other end.
            guard run.judged?.quality.positive?.index == 0 else { return points }
            return points.reversed().map { (x: 1 - $0.y, y: 1 - $0.x) }
        }
    }
}

/// Which classes are taken for which.
package struct ConfusionPicture {
    package let run: ReportedRun
    private static let largest = 26

    package var html: HTML {
        guard let judged = run.judged, let matrix = judged.quality.confusion else { return .empty }
        return (1...Self.largest).contains(matrix.classes)
            ? table(matrix, judged.name) : list(matrix.mistakes, judged.name)
    }

    private func name(_ index: Int) -> String { run.classes.className(index) }

    private func table(_ matrix: ConfusionMatrix, _ rows: String) -> HTML {
        let classes = 0..<matrix.classes
        let head = classes.map { HTML("<th scope=\"col\">\(name($0))</th>") }.joined()
        let body = classes.map { label -> HTML in
            let row = Array(matrix.row(label))
            let all = row.reduce(0, +)
            let cells = row.enumerated().map { predicted, count -> HTML in
                let share = all > 0 ? count / all : 0
                let strength = count > 0 ? 0.08 + 0.5 * share : 0
                let kind = label == predicted ? "right" : "wrong"
                let text = count > 0 ? NumberFormat.significant(count, 6) : "·"
                return """
                    <td class="\(kind)" style="--s:\(NumberFormat.fixed(strength, 3))" \
                    title="\(name(label)) taken for \(name(predicted)): \(NumberFormat.percent(share))">\(text)</td>
                    """
            }
            let right = all > 0 ? NumberFormat.share(row[label] / all, of: Int(saturating: all)) : "none"
            return "<tr><th scope=\"row\">\(name(label))</th>\(cells.joined())<td class=\"sum\">\(right)</td></tr>\n"
        }
        return """
            <div><h3>Confusion matrix\(run.chip)</h3>
            <p class="note">Rows of the table are the true classes, columns what the model says, on the \(rows). Blue is \
            right, orange wrong, stronger for a larger share of the class.</p>
            <div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix"><table class="confusion">
            <thead><tr><th scope="col">true class</th>\(head)<th scope="col">right</th></tr></thead>
            <tbody>\(body.joined())</tbody></table></div></div>

            """
    }

    private func list(_ mistakes: [ConfusionMatrix.Mistake], _ rows: String) -> HTML {
        let cells = mistakes.map { mistake -> [HTML] in
            [
                .escaped(name(mistake.label)), .escaped(name(mistake.predicted)),
                .escaped(NumberFormat.significant(mistake.rows, 6)),
            ]
        }
        return """
            <div><h3>The commonest mistakes\(run.chip)</h3>
            <p class="note">On the \(rows). There are too many classes for a matrix.</p>
            \(Page.openTable(
                label: "The commonest mistakes", head: ["true class", "taken for", "rows"], rows: cells, textColumns: 2))</div>

            """
    }
}

/// Errors of a regression against its predictions.
package struct ResidualPicture {
    package let run: ReportedRun

    package var html: HTML {
        guard let judged = run.judged, let map = judged.quality.residuals else { return .empty }
        let rows = zip(ResidualMap.levels, map.quantiles).map { level, residual -> [HTML] in
            [.escaped(NumberFormat.percent(level)), .escaped(NumberFormat.significant(residual, 4))]
        }
        return """
            <h3>Residuals\(run.chip)</h3>
            <p class="note">Residual: label minus prediction, on the \(judged.name); the darker, the more rows. A good \
            model has a level band around 0. Residuals beyond the edge are counted at the edge.</p>
            <figure class="panels"><div class="panel">\(picture(map))</div></figure>
            \(Page.openTable(
                label: "Quantiles of the residuals", head: ["share of the rows", "have a residual below"], rows: rows))

            """
    }

    private func picture(_ map: ResidualMap) -> HTML {
        let (xs, ys) = (
            [map.predictions.lowerBound, map.predictions.upperBound],
            [map.residuals.lowerBound, map.residuals.upperBound]
        )
        let side = ResidualMap.cells
        let width = 420.0
        let height = 300.0
        let left = 56.0
        let top = 26.0
        // Half of the last number stands beyond the axis.
        let innerWidth = width - left - 30
        let innerHeight = height - top - 40
        let largest = map.counts.max() ?? 1
        let cellHeight = innerHeight / Double(side)
        let cellWidth = innerWidth / Double(side)
        var cells = HTML.empty
        for (cell, count) in map.counts.enumerated() where count > 0 {
            let (row, column) = (Double(cell / side), Double(cell % side))
            let strength = 0.15 + 0.85 * (count / largest).squareRoot()
            cells += """
                <rect x="\(left + column * cellWidth)" y="\(top + innerHeight - (row + 1) * cellHeight)" \
                width="\(cellWidth)" height="\(cellHeight)" fill-opacity="\(NumberFormat.fixed(strength, 2))"/>
                """
        }
        func x(_ value: Double) -> Double { left + innerWidth * (value - xs[0]) / (xs[1] - xs[0]) }
        func y(_ value: Double) -> Double { top + innerHeight * (1 - (value - ys[0]) / (ys[1] - ys[0])) }
        let across = SVGAxis(.linear, values: xs, isTight: true).ticks.map { tick -> HTML in
            """
            <text class="tick" x="\(x(tick.value))" y="\(top + innerHeight + 17)" text-anchor="middle">\
            \(tick.label ?? "")</text>
            """
        }
        let up = SVGAxis(.linear, values: ys, isTight: true).ticks.map { tick -> HTML in
            """
            <text class="tick" x="\(left - 6)" y="\(y(tick.value) + 4)" text-anchor="end">\(tick.label ?? "")</text>
            """
        }
        let zero: HTML =
            ys[0] < 0 && ys[1] > 0 ? "<path class=\"level\" d=\"M\(left) \(y(0))h\(innerWidth)\"/>" : .empty
        return """
            <svg viewBox="0 0 \(width) \(height)" role="img" aria-label="Residuals against predictions, from \
            \(NumberFormat.significant(ys[0], 3)) to \(NumberFormat.significant(ys[1], 3)). The table below has quantiles.">
            <g class="cells">\(cells)</g>\(zero)\(across.joined())\(up.joined())
            <path class="base" d="M\(left) \(top + innerHeight)h\(innerWidth)"/>
            <text class="axis" x="8" y="13">residual, in units of the label</text>
            <text class="axis" x="\(left + innerWidth)" y="\(height - 4)" text-anchor="end">prediction</text></svg>
            """
    }
}
