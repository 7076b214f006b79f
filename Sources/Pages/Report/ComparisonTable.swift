import BigBatch
import Evaluation
import Models
import Platform

/// The runs side by side: what each was and how it did, the best figure of a column in bold.
package struct ComparisonTable {
    package let runs: [ReportedRun]

    private struct Column {
        var name: String
        var higherIsBetter: Bool?
        var text: (ReportedRun) -> String
        var value: (ReportedRun) -> Double?
    }

    package var html: HTML {
        let columns = scores + work
        let best = columns.map { column -> Double? in
            let values = runs.compactMap(column.value).filter { $0.isFinite }
            guard values.count > 1, let higher = column.higherIsBetter, Set(values).count > 1 else { return nil }
            return higher ? values.max() : values.min()
        }
        let head = columns.map { HTML("<th scope=\"col\">\($0.name)</th>") }.joined()
        let rows = runs.map { run -> HTML in
            let cells = zip(columns, best).map { column, best -> HTML in
                let isBest = best != nil && column.value(run) == best
                return "<td\(isBest ? " class=\"best\"" : HTML.empty)>\(column.text(run))</td>"
            }
            return """
                <tr><th scope="row"><span class="chip f\(run.index % 8)">\(run.letter)</span> \(run.name)</th>\
                \(cells.joined())</tr>

                """
        }
        return """
            <div class="scroll" tabindex="0" role="region" aria-label="The runs side by side"><table>
            <thead><tr><th scope="col" class="text">run</th>\(head)</tr></thead>
            <tbody>\(rows.joined())</tbody></table></div>
            <p class="note">\(note)</p>

            """
    }

    private var note: String {
        var sentences: [String] = []
        if !(rowsDiffer && dataDiffer) { sentences.append("Bold: the best of a column.") }
        if rowsDiffer {
            sentences.append(
                "The scores are not compared: the runs were not judged on the same rows by the same label.")
        }
        if objectivesDiffer {
            sentences.append(
                "The objectives are not compared: the runs differ in what they minimise, see the options below.")
        }
        if dataDiffer {
            sentences.append("Times and passes are not compared, nor objectives: the runs were trained on other rows.")
        }
        return sentences.joined(separator: " ")
    }

    /// The rows that all runs were judged on, as far as they show in the runs' files: options, their number, and what one answer for
    /// all of them scores.
    private var rowsDiffer: Bool {
        guard let part = judgedPart else { return false }
        let rows = runs.map { run -> [String] in
            let quality = run.quality(part.key)
            // A file of test rows is the same whatever was trained on; what is held back depends on the seed.
            let share = run.option("test").flatMap(Double.init)
            let options =
                switch part.key {
                case "test": share == nil ? ["test"] : ["data", "test", "seed"]
                case "validation": ["data", "validation", "seed"]
                default: ["data"]
                }
            return (options + ["label", "labels", "weight"]).map { run.option($0) ?? "" }
                + ["\(quality?.rows ?? 0)", quality?.baseline.map { "\($0)" } ?? ""]
        }
        return Set(rows).count > 1
    }

    private var dataDiffer: Bool {
        // Which rows are held back depends on the seed, and so does their number.
        Set(runs.map { $0.option("data") }).count > 1
            || Set(runs.map { ($0.rows ?? 0) + ($0.quality("validation")?.rows ?? 0) }).count > 1
    }

    private var judgedPart: (key: String, name: String)? {
        ReportedRun.parts.first { part in runs.contains { $0.quality(part.key) != nil } }.map { ($0.key, $0.name) }
    }

    /// Options that make another objective.
    private static let optionsOfObjective = [
        "data", "label", "labels", "drop", "id", "weight", "validation", "model", "network", "l2", "standardize",
        "huber-delta", "label-smoothing", "intercept",
    ]

    private var objectivesDiffer: Bool {
        Self.optionsOfObjective.contains { key in Set(runs.map { $0.option(key) }).count > 1 }
            || Set(runs.map(hasPenaltyApart)).count > 1
    }

    /// Adam and AdaDelta shrink the weights of networks apart from the objective.
    private func hasPenaltyApart(_ run: ReportedRun) -> Bool {
        guard run.option("model").flatMap(ModelKind.init(rawValue:)) == nil else { return false }
        return run.option("direction").flatMap(DirectionKind.init(rawValue:))?.isAdaptive ?? false
    }

    /// Figures of the rows that all runs were judged on.
    private var scores: [Column] {
        guard let part = judgedPart else { return [] }
        let areOfOtherRows = rowsDiffer
        let figures = Figure.all.filter { figure in
            runs.contains { $0.quality(part.key).map(figure.isPart) ?? false }
        }
        return figures.prefix(2).map { figure in
            Column(
                name: "\(figure.name), \(part.name)", higherIsBetter: areOfOtherRows ? nil : figure.higherIsBetter,
                text: { $0.quality(part.key).map(figure.text) ?? "–" },
                value: { $0.quality(part.key).flatMap(figure.value) })
        }
    }

    private var work: [Column] {
        [
            Column(
                name: "objective", higherIsBetter: objectivesDiffer || dataDiffer ? nil : false,
                text: { $0.objective.map { NumberFormat.significant($0, 5) } ?? "–" }, value: { $0.objective }),
            Column(
                name: "training time", higherIsBetter: dataDiffer ? nil : false,
                text: { NumberFormat.duration($0.seconds) },
                value: { $0.seconds }),
            Column(
                name: "passes over the data", higherIsBetter: dataDiffer ? nil : false,
                text: { NumberFormat.significant($0.passes, 3) },
                value: { $0.passes }),
            Column(
                name: "iterations", higherIsBetter: nil, text: { NumberFormat.count($0.iterations) },
                value: { _ in nil }),
            Column(
                name: "communicated by each rank", higherIsBetter: nil,
                text: { $0.bytes > 0 ? NumberFormat.bytes($0.bytes) : "nothing" }, value: { _ in nil }),
            Column(
                name: "computing", higherIsBetter: nil,
                text: { run in
                    run.seconds > 0 ? NumberFormat.percent(run.timeSplit[.compute] / run.seconds) : "–"
                }, value: { _ in nil }),
            Column(
                name: "ranks", higherIsBetter: nil, text: { $0.ranks.map { NumberFormat.count($0) } ?? "–" },
                value: { _ in nil }),
        ]
    }
}
