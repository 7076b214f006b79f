import BigBatch
import Platform

/// How training went: objective, gradient norm and validation score, each against time, passes over the data and
/// communicated bytes.
package struct ProgressSection {
    package let runs: [ReportedRun]

    private struct Measure: Sendable {
        var id: String
        var title: String
        var explanation: String
        var axis: String
        var isNoisy = false
        var hasDots = false
        var value: @Sendable (IterationRecord) -> Double
    }

    private struct Against {
        var name: String
        var label: String
        var unit: AxisUnit
        var value: (IterationRecord) -> Double
    }

    private static let measures = [
        Measure(
            id: "objective", title: "Objective",
            explanation: "What training lowers: the mean loss on the rows of each batch plus the penalty on large "
                + "coefficients. Small batches make it noisy: thin, each batch; thick, the mean of neighbouring ones.",
            axis: "objective on the batch", isNoisy: true, value: { $0.loss }),
        Measure(
            id: "gradient", title: "Gradient norm",
            explanation: "The slope of the objective at the present model. It falls towards 0 near the optimum; of a "
                + "small batch it is mostly noise.",
            axis: "gradient norm", isNoisy: true, value: { $0.gradientNorm }),
        Measure(
            id: "validation", title: "Validation loss",
            explanation: "The mean loss on rows that are held back from training. When it rises while the objective "
                + "falls, the model learns the training rows by heart.",
            axis: "mean loss on held-back rows", hasDots: true, value: { $0.validationLoss ?? .nan }),
    ]

    private var against: [Against] {
        let seconds = runs.map(\.seconds).max() ?? 0
        let bytes = runs.map { Double($0.bytes) }.max() ?? 0
        let time = AxisUnit.time(seconds)
        let amount = AxisUnit.bytes(bytes)
        var all = [
            Against(name: "time", label: "training time (\(time.name))", unit: time, value: { $0.seconds }),
            Against(
                name: "passes", label: "passes over the data (gradients of all rows)", unit: .one,
                value: { $0.gradientPasses }),
        ]
        if bytes > 0 {
            all.append(
                Against(
                    name: "bytes", label: "communicated by each rank (\(amount.name))", unit: amount,
                    value: { Double($0.communicatedBytes) }))
        }
        return all
    }

    package var html: HTML {
        guard runs.contains(where: { !$0.history.lines.isEmpty }) else {
            return Page.section(
                id: "progress", title: "How training went",
                "<p class=\"missing\">No iteration has been recorded yet.</p>")
        }
        let against = against
        var body = HTML.empty
        if runs.count == 1 {
            let facts = Headline(run: runs[0]).work.map { HTML("<li><span>\($0.name)</span> \($0.value)</li>\n") }
            body +=
                "<ul class=\"facts\">\n\(facts.joined())</ul>\n<p class=\"note\">From here on the page is for those who want to know how training went. \(Page.words)</p>\n"
        }
        // Phones show one column at a time.
        for (place, axis) in against.enumerated() {
            let checked: HTML = place == 0 ? " checked=\"checked\"" : ""
            body += """
                <input class="choice" type="radio" name="against" id="against-\(axis.name)"\(checked)/>\
                <label class="choice" for="against-\(axis.name)">against \(axis.name)</label>

                """
        }
        for measure in Self.measures { body += rows(measure, against) }
        if bytesAreMissing {
            body += "<p class=\"note\">One rank alone communicates nothing, so there is no plot against bytes.</p>"
        }
        return Page.section(id: "progress", title: "How training went", body)
    }

    private var bytesAreMissing: Bool { runs.allSatisfy { $0.bytes == 0 && $0.ranks ?? 1 == 1 } }

    private func rows(_ measure: Measure, _ against: [Against]) -> HTML {
        let values = runs.flatMap { $0.history.lines.lazy.map(measure.value).filter { $0.isFinite } }
        guard !values.isEmpty else {
            guard measure.id == "validation" else { return .empty }
            return """
                <h3>\(measure.title)</h3>
                <p class="missing">No rows were set aside to watch training by (option <code>--validation</code>).</p>

                """
        }
        let scale = Chart.scale(for: values)
        let figures = against.map { axis -> HTML in
            let chart = Chart(
                description: describe(measure, axis), xLabel: axis.label,
                yLabel: measure.axis + (scale == .logarithmic ? ", logarithmic scale" : ""), yScale: scale,
                curves: runs.map { curve($0, measure, axis) }, marks: marks(axis))
            return "<div class=\"panel by-\(axis.name)\">\(ChartDrawing(chart).svg)</div>"
        }
        return """
            <h3>\(measure.title)</h3>
            <p class="note">\(measure.explanation)</p>
            <figure class="panels">\(figures.joined())</figure>
            \(table(measure, against))

            """
    }

    private func curve(_ run: ReportedRun, _ measure: Measure, _ axis: Against) -> Chart.Curve {
        var points: [(x: Double, y: Double)] = []
        for line in run.history.lines {
            let value = measure.value(line)
            if value.isFinite { points.append((axis.value(line) / axis.unit.size, value)) }
        }
        return Chart.Curve(
            letter: runs.count > 1 ? run.letter : nil, index: run.index, points: points, hasDots: measure.hasDots,
            isNoisy: measure.isNoisy)
    }

    /// Where a run was started again; only one run's would be understood.
    private func marks(_ axis: Against) -> [Chart.Mark] {
        guard runs.count == 1, let run = runs.first else { return [] }
        return run.restartLines.map { Chart.Mark(at: axis.value($0) / axis.unit.size, label: "restart") }
    }

    private func describe(_ measure: Measure, _ axis: Against) -> String {
        let texts = runs.compactMap { run -> String? in
            let lines = run.history.lines.filter { measure.value($0).isFinite }
            guard let first = lines.first, let last = lines.last else { return nil }
            return (runs.count > 1 ? "run \(run.letter) " : "") + "from "
                + NumberFormat.significant(measure.value(first), 3) + " to "
                + NumberFormat.significant(measure.value(last), 3)
        }
        return
            "\(measure.title) against \(axis.label): \(texts.joined(separator: ", ")). The table below has the numbers."
    }

    private func table(_ measure: Measure, _ against: [Against]) -> HTML {
        var rows: [[HTML]] = []
        for run in runs {
            let lines = run.history.lines.filter { measure.value($0).isFinite }
            for line in Sampling.evenly(lines, count: runs.count > 1 ? 15 : 40) {
                rows.append(
                    (runs.count > 1 ? [.escaped(run.letter)] : []) + [.escaped(NumberFormat.count(line.iteration))]
                        + against.map { .escaped(NumberFormat.significant($0.value(line) / $0.unit.size, 4)) }
                        + [.escaped(NumberFormat.significant(measure.value(line), 5))])
            }
        }
        return Page.table(
            summary: "\(measure.title) as a table",
            head: (runs.count > 1 ? ["run"] : []) + ["iteration"] + against.map(\.label) + [measure.axis], rows: rows)
    }
}

package enum Sampling {
    /// At most `count` elements, the first and the last among them.
    package static func evenly<Element>(_ elements: [Element], count: Int) -> [Element] {
        guard elements.count > count, count > 1 else { return elements }
        return (0..<count).map { elements[$0 * (elements.count - 1) / (count - 1)] }
    }
}

extension ReportedRun {
    /// The first line after each restart.
    package var restartLines: [IterationRecord] {
        events("restart").compactMap { event in
            guard let iteration = event.iteration else { return nil }
            return history.lines.first { $0.iteration > iteration } ?? history.last
        }
    }
}
