import BigBatch
import Platform
import Telemetry

/// What the method decided: batch size, signal to noise and step size over the iterations, with every decision.
package struct MethodSection {
    package let runs: [ReportedRun]

    private struct Measure {
        var title: String
        var explanation: String
        var axis: String
        var interpolation = Chart.Interpolation.straight
        var isNoisy = false
        var level: Chart.Mark?
        var value: (IterationRecord) -> Double
    }

    private var measures: [Measure] {
        let rows = Set(runs.compactMap(\.rows))
        let all = rows.count == 1 ? rows.first.map { Chart.Mark(at: Double($0), label: "all rows") } : nil
        let reachesAll = runs.contains { run in
            run.history.lines.contains { Double($0.batchSize) >= 0.3 * (all?.at ?? .infinity) }
        }
        return [
            Measure(
                title: "Batch size",
                explanation:
                    "Rows whose gradients are averaged for one step, over all ranks. It grows when the noise of "
                    + "the batch hides the gradient.",
                axis: "rows in a batch", interpolation: .steps, level: reachesAll ? all : nil,
                value: { Double($0.batchSize) }),
            Measure(
                title: "Signal to noise",
                explanation: "Squared length of the batch's gradient over the variance of its noise. Below about 1 the "
                    + "direction cannot be trusted and the batch grows. A batch of all rows has no noise and no point here.",
                axis: RunFigure.signalToNoise.name, isNoisy: true, level: Chart.Mark(at: 1, label: "noise = signal"),
                value: { $0.signalToNoise > 0 ? $0.signalToNoise : .nan }),
            Measure(
                title: "Step size",
                explanation: "How far the step goes along its direction, in units of that direction; found by the run "
                    + "itself.",
                axis: RunFigure.stepSize.name, isNoisy: true, value: { $0.stepSize > 0 ? $0.stepSize : .nan }),
        ]
    }

    package var html: HTML {
        guard runs.contains(where: { !$0.history.lines.isEmpty }) else { return .empty }
        let panels = measures.map { measure -> HTML in
            """
            <div class="panel"><h3>\(measure.title)</h3><p class="note">\(measure.explanation)</p>\(chart(measure))</div>
            """
        }
        return Page.section(
            id: "method", title: "What the method decided",
            "<figure class=\"panels\">\(panels.joined())</figure>\n\(table)\(DecisionLanes(runs: runs).html)")
    }

    private func chart(_ measure: Measure) -> HTML {
        let values = runs.flatMap { $0.history.lines.lazy.map(measure.value).filter { $0.isFinite } }
        guard !values.isEmpty else { return "<p class=\"missing\">There are no values.</p>" }
        let scale = Chart.scale(for: values, span: 8)
        let curves = runs.map { run in
            Chart.Curve(
                letter: runs.count > 1 ? run.letter : nil, index: run.index,
                points: run.history.lines.compactMap {
                    let value = measure.value($0)
                    return value.isFinite ? (Double($0.iteration), value) : nil
                }, interpolation: measure.interpolation, isNoisy: measure.isNoisy)
        }
        let marks =
            runs.count == 1
            ? runs[0].restartLines.map { Chart.Mark(at: Double($0.iteration), label: "restart") } : []
        let texts = runs.compactMap { run -> String? in
            let values = run.history.lines.map(measure.value).filter { $0.isFinite }
            guard let first = values.first, let last = values.last else { return nil }
            return (runs.count > 1 ? "run \(run.letter) " : "")
                + "from \(NumberFormat.significant(first, 3)) to \(NumberFormat.significant(last, 3))"
        }
        return ChartDrawing(
            Chart(
                description: "\(measure.title) against iterations: \(texts.joined(separator: ", ")). "
                    + "The table below has the numbers.",
                xLabel: "iteration", yLabel: measure.axis + (scale == .logarithmic ? ", logarithmic scale" : ""),
                yScale: scale, curves: curves, marks: marks, levels: measure.level.map { [$0] } ?? [],
                xEnd: runs.map { Double($0.history.last?.iteration ?? 0) }.max())
        ).svg
    }

    private var table: HTML {
        var rows: [[HTML]] = []
        for run in runs {
            for line in Sampling.evenly(run.history.lines, count: runs.count > 1 ? 15 : 40) {
                rows.append(
                    (runs.count > 1 ? [.escaped(run.letter)] : [])
                        + [
                            .escaped(NumberFormat.count(line.iteration)), .escaped(NumberFormat.count(line.batchSize)),
                            line.signalToNoise == .infinity
                                ? "no noise" : .escaped(NumberFormat.significant(line.signalToNoise, 4)),
                            line.stepSize == 0 ? "no step" : .escaped(NumberFormat.significant(line.stepSize, 4)),
                            .escaped(NumberFormat.count(line.trials)),
                        ])
            }
        }
        return Page.table(
            summary: "Batch size, signal to noise and step size as a table",
            head: (runs.count > 1 ? ["run"] : [])
                + ["iteration"] + [RunFigure.batchSize, .signalToNoise, .stepSize, .trials].map(\.name), rows: rows)
    }
}
