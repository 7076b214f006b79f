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
            <p class="note">Bold: the best of a column.\(objectivesDiffer ? Self.differentObjectives : "")</p>

            """
    }

    private static let differentObjectives =
        " The objectives are not compared: the runs differ in what they minimise, see the options below."

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
        guard let part = ReportedRun.parts.first(where: { part in runs.contains { $0.quality(part.key) != nil } })
        else { return [] }
        let figures = Figure.all.filter { figure in
            runs.contains { $0.quality(part.key).map(figure.isPart) ?? false }
        }
        return figures.prefix(2).map { figure in
            Column(
                name: "\(figure.name), \(part.name)", higherIsBetter: figure.higherIsBetter,
                text: { $0.quality(part.key).map(figure.text) ?? "–" },
                value: { $0.quality(part.key).flatMap(figure.value) })
        }
    }

    private var work: [Column] {
        [
            Column(
                name: "objective", higherIsBetter: objectivesDiffer ? nil : false,
                text: { $0.objective.map { NumberFormat.significant($0, 5) } ?? "–" }, value: { $0.objective }),
            Column(
                name: "training time", higherIsBetter: false, text: { NumberFormat.duration($0.seconds) },
                value: { $0.seconds }),
            Column(
                name: "passes over the data", higherIsBetter: false, text: { NumberFormat.significant($0.passes, 3) },
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
