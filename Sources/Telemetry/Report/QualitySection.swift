import Datasets

/// How good the models are: figures for every set of rows, and a picture of the mistakes.
struct QualitySection {
    let runs: [ReportedRun]

    var html: HTML {
        let judged = runs.filter { $0.judged != nil }
        guard !judged.isEmpty else {
            return Page.section(
                id: "quality", title: "How good the model is",
                "<p class=\"missing\">The model has not been judged: that happens when a run ends.</p>")
        }
        var body = figures(judged)
        let curves = judged.filter { $0.judged?.quality["roc"] != nil }
        if !curves.isEmpty { body += ROCPicture(runs: curves).html }
        let matrices = judged.map { ConfusionPicture(run: $0).html }.filter { $0 != .empty }
        if !matrices.isEmpty { body += "<div class=\"side\">\(matrices.joined())</div>\n" }
        body += judged.map { ResidualPicture(run: $0).html }.joined()
        return Page.section(id: "quality", title: "How good the model is", body)
    }

    private func figures(_ judged: [ReportedRun]) -> HTML {
        let isSaid = judged.contains { $0.judged?.quality["logLoss"] != nil }
        let figures = ReportedRun.figures.filter { figure in
            // The log loss is the mean loss.
            !(isSaid && figure.key == "loss")
                && judged.contains { run in ReportedRun.parts.contains { run.result?[$0.key]?[figure.key] != nil } }
        }
        var rows: [[HTML]] = []
        for run in judged {
            for (key, name) in ReportedRun.parts {
                guard let quality = run.result?[key], quality.members != nil else { continue }
                let count = quality["rows"]?.integer.map { NumberFormat.count($0) } ?? "?"
                rows.append(
                    (runs.count > 1 ? ["<span class=\"chip f\(run.index % 8)\">\(run.letter)</span>"] : [])
                        + ["\(count) \(name)"] + figures.map { .escaped($0.text(in: quality)) })
            }
        }
        let words = figures.map { "\($0.name): \($0.explanation)" }.joined(separator: "; ")
        return Page.openTable(
            label: "Quality of the model",
            head: (runs.count > 1 ? ["run"] : []) + ["judged on"] + figures.map(\.name), rows: rows,
            textColumns: runs.count > 1 ? 2 : 1) + "<p class=\"note\">\(words).</p>\n"
    }
}

/// True positives against false positives, for two classes.
struct ROCPicture {
    let runs: [ReportedRun]

    var html: HTML {
        let curves = runs.compactMap { run -> Chart.Curve? in
            guard let points = points(run) else { return nil }
            return Chart.Curve(letter: run.isAlone ? nil : run.letter, index: run.index, points: points)
        }
        let diagonal = [(x: 0.0, y: 0.0), (x: 1.0, y: 1.0)]
        let areas = runs.map { run in
            run.letterPrefix
                + (run.judged?.quality["auc"]?.double.map { "area \(NumberFormat.fixed($0, 4))" } ?? "area undefined")
        }
        let positive = runs.first.flatMap { $0.classes.count == 2 ? $0.classes[1] : nil }
        var chart = Chart(
            description: "ROC curve, \(areas.joined(separator: ", ")). The table below has the numbers.",
            xLabel: "share of the other rows called \(positive ?? "positive") wrongly",
            yLabel: "share of the rows of \(positive ?? "the positive class") that are found", curves: curves)
        chart.reference = diagonal
        chart.yRange = 0...1
        chart.height = 380
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
            <figure class="panels"><div class="panel">\(ChartDrawing(chart).svg)</div></figure>
            \(Page.table(
                summary: "ROC curve as a table",
                head: (runs.allSatisfy(\.isAlone) ? [] : ["run"]) + ["false positive rate", "true positive rate"],
                rows: rows))

            """
    }

    private func points(_ run: ReportedRun) -> [(x: Double, y: Double)]? {
        guard let curve = run.judged?.quality["roc"], let x = curve["falsePositiveRate"]?.array,
            let y = curve["truePositiveRate"]?.array
        else { return nil }
        return zip(x, y).map { ($0.double ?? 0, $1.double ?? 0) }
    }
}

/// Which classes are taken for which.
struct ConfusionPicture {
    let run: ReportedRun
    private static let largest = 26

    var html: HTML {
        guard let judged = run.judged else { return .empty }
        if let rows = judged.quality["confusion"]?.array {
            let counts = rows.map { ($0.array ?? []).map { $0.double ?? 0 } }
            let isSquare = !counts.isEmpty && counts.allSatisfy { $0.count == counts.count }
            guard isSquare else { return .empty }
            return counts.count <= Self.largest
                ? matrix(counts, judged.name) : list(mistakes(in: counts), judged.name)
        }
        guard let stored = judged.quality["mistakes"]?.array else { return .empty }
        return list(
            stored.compactMap { mistake in
                guard let label = mistake["label"]?.integer, let predicted = mistake["predicted"]?.integer,
                    let rows = mistake["rows"]?.double
                else { return nil }
                return (label, predicted, rows)
            }, judged.name)
    }

    private func name(_ index: Int) -> String {
        run.classes.indices.contains(index) ? run.classes[index] : "class \(index)"
    }

    private func title(_ text: String) -> HTML {
        run.isAlone
            ? "<h3>\(text)</h3>" : "<h3>\(text) <span class=\"chip f\(run.index % 8)\">\(run.letter)</span></h3>"
    }

    private func matrix(_ counts: [[Double]], _ rows: String) -> HTML {
        let head = counts.indices.map { HTML("<th scope=\"col\">\(name($0))</th>") }.joined()
        let body = counts.enumerated().map { label, row -> HTML in
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
            <div>\(title("Confusion matrix"))
            <p class="note">Rows of the table are the true classes, columns what the model says, on the \(rows). Blue is \
            right, orange wrong, stronger for a larger share of the class.</p>
            <div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix"><table class="confusion">
            <thead><tr><th scope="col">true class</th>\(head)<th scope="col">right</th></tr></thead>
            <tbody>\(body.joined())</tbody></table></div></div>

            """
    }

    private func mistakes(in counts: [[Double]]) -> [(label: Int, predicted: Int, rows: Double)] {
        var all: [(label: Int, predicted: Int, rows: Double)] = []
        for (label, row) in counts.enumerated() {
            for (predicted, count) in row.enumerated() where label != predicted && count > 0 {
                all.append((label, predicted, count))
            }
        }
        return Array(all.sorted { ($0.rows, $1.label) > ($1.rows, $0.label) }.prefix(30))
    }

    private func list(_ mistakes: [(label: Int, predicted: Int, rows: Double)], _ rows: String) -> HTML {
        let cells = mistakes.map { mistake -> [HTML] in
            [
                .escaped(name(mistake.label)), .escaped(name(mistake.predicted)),
                .escaped(NumberFormat.significant(mistake.rows, 6)),
            ]
        }
        return """
            <div>\(title("The commonest mistakes"))
            <p class="note">On the \(rows). There are too many classes for a matrix.</p>
            \(Page.openTable(
                label: "The commonest mistakes", head: ["true class", "taken for", "rows"], rows: cells, textColumns: 2))</div>

            """
    }
}

/// Errors of a regression against its predictions.
struct ResidualPicture {
    let run: ReportedRun

    var html: HTML {
        guard let judged = run.judged, let map = judged.quality["residuals"],
            let xs = map["predictions"]?.array?.compactMap(\.double), xs.count == 2, xs[0] < xs[1],
            let ys = map["residuals"]?.array?.compactMap(\.double), ys.count == 2, ys[0] < ys[1],
            let counts = map["counts"]?.array?.map({ ($0.array ?? []).map { $0.double ?? 0 } }), !counts.isEmpty
        else { return .empty }
        let name: HTML = run.isAlone ? "" : " <span class=\"chip f\(run.index % 8)\">\(run.letter)</span>"
        let rows = (map["quantiles"]?.array ?? []).compactMap { entry -> [HTML]? in
            guard let level = entry["level"]?.double, let residual = entry["residual"]?.double else { return nil }
            return [.escaped(NumberFormat.percent(level)), .escaped(NumberFormat.significant(residual, 4))]
        }
        return """
            <h3>Residuals\(name)</h3>
            <p class="note">Residual: label minus prediction, on the \(judged.name); the darker, the more rows. A good \
            model has a level band around 0. Residuals beyond the edge are counted at the edge.</p>
            <figure class="panels"><div class="panel">\(picture(xs, ys, counts))</div></figure>
            \(Page.openTable(
                label: "Quantiles of the residuals", head: ["share of the rows", "have a residual below"], rows: rows))

            """
    }

    private func picture(_ xs: [Double], _ ys: [Double], _ counts: [[Double]]) -> HTML {
        let width = 420.0
        let height = 300.0
        let left = 56.0
        let top = 26.0
        let innerWidth = width - left - 12
        let innerHeight = height - top - 40
        let largest = counts.flatMap { $0 }.max() ?? 1
        let cellHeight = innerHeight / Double(counts.count)
        var cells = HTML.empty
        for (row, line) in counts.enumerated() {
            let cellWidth = innerWidth / Double(max(1, line.count))
            for (column, count) in line.enumerated() where count > 0 {
                let strength = 0.15 + 0.85 * (count / largest).squareRoot()
                cells += """
                    <rect x="\(left + Double(column) * cellWidth)" y="\(top + innerHeight - Double(row + 1) * cellHeight)" \
                    width="\(cellWidth)" height="\(cellHeight)" fill-opacity="\(NumberFormat.fixed(strength, 2))"/>
                    """
            }
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
