import Platform
import Selection

/// How λ was chosen: the loss on rows held out by λ, with its spread.
package struct PenaltySection {
    package let runs: [ReportedRun]

    package var html: HTML {
        let bodies = runs.map(part).filter { $0 != .empty }
        guard !bodies.isEmpty else { return .empty }
        return Page.section(id: "penalty", title: "How λ was chosen", bodies.joined())
    }

    private func part(_ run: ReportedRun) -> HTML {
        guard let curve = run.result?["penalty"].flatMap({ PenaltyCurve(json: $0) }) else { return .empty }
        let title: HTML = run.isAlone ? .empty : "<h3>\(run.name)\(run.chip)</h3>\n"
        let few =
            curve.trainedRows < (run.rows ?? 0)
            ? " So many rows are not needed for that: the models of the folds were trained on \(NumberFormat.count(curve.trainedRows)) "
                + "of them, and judged on all." : ""
        return """
            \(title)<p>\(curve.explanation)</p>
            <p class="note">λ weighs the penalty on large coefficients: too much of it keeps the model from learning, too little \
            lets it learn the training rows by heart. For each λ, \(curve.folds) models were trained, each without one of \
            \(curve.folds) parts of the rows, and every row was judged by the model that had not seen it.\(few) The lines \
            above and below are a standard error away.</p>
            <figure>\(picture(curve, run))</figure>
            \(table(curve))
            """
    }

    private func picture(_ curve: PenaltyCurve, _ run: ReportedRun) -> HTML {
        let points = curve.points.filter(\.loss.isFinite).reversed()
        func line(_ errors: Double) -> [(x: Double, y: Double)] {
            points.map { ($0.l2, $0.loss + errors * $0.standardError) }
        }
        let lines = [
            Chart.Curve(index: run.index, points: line(0), hasDots: true),
            Chart.Curve(index: run.index + 1, points: line(1)),
            Chart.Curve(index: run.index + 1, points: line(-1)),
        ]
        return ChartDrawing(
            Chart(
                description: "Loss on rows held out against λ. The table below has the numbers.",
                xLabel: "λ, logarithmic scale",
                yLabel: "mean loss on rows held out", xScale: .logarithmic, curves: lines,
                marks: [Chart.Mark(at: curve.l2, label: "chosen")])
        ).svg
    }

    private func table(_ curve: PenaltyCurve) -> HTML {
        let rows = curve.points.enumerated().map { place, point -> [HTML] in
            [
                .escaped(NumberFormat.significant(point.l2, 3) + (place == curve.chosen ? " (chosen)" : "")),
                .escaped(pair(point.loss, point.standardError)),
                place == curve.best ? "least" : .escaped(pair(point.excess, point.excessError)),
            ]
        }
        return Page.table(
            summary: "Losses on rows held out as a table", head: ["λ", "mean loss", "above the least, same rows"],
            rows: rows)
    }

    private func pair(_ value: Double, _ error: Double) -> String {
        value.isFinite ? "\(NumberFormat.significant(value, 5)) ± \(NumberFormat.significant(error, 2))" : "not finite"
    }
}
