import Evaluation
import Platform

/// What the model has learned: the columns that move its answers most, and how.
package struct LearnedSection {
    package let runs: [ReportedRun]

    package var html: HTML {
        let bodies = runs.map(part).filter { $0 != .empty }
        guard !bodies.isEmpty else { return .empty }
        return Page.section(id: "learned", title: "What it learned", bodies.joined())
    }

    private func part(_ run: ReportedRun) -> HTML {
        guard let learned = run.result?["learned"].flatMap({ LearnedModel(json: $0) }) else { return shuffled(run) }
        let title: HTML = run.isAlone ? .empty : "<h3>\(run.name)\(run.chip)</h3>\n"
        guard let largest = learned.columns.first?.influence, largest > 0 else {
            return
                "\(title)<p>No column has a coefficient other than 0: the answer is the same for every row.</p>\n\(others(learned))"
        }
        let rows = learned.columns.map { column in
            row(
                column.kind == .feature ? "feature \(column.name)" : column.name, column.influence / largest,
                learned.describe(column))
        }
        let more =
            learned.columnCount > learned.columns.count
            ? " \(learned.columns.count) of \(NumberFormat.count(learned.columnCount)) columns are shown; "
                + "'crescendo info RUN --coefficients-file FILE.csv' writes all."
            : ""
        let bar =
            learned.influencesCompare
            ? "The bar is how much the column moves the answer from row to row."
            : "The bar is the size of the column's coefficients, for features scaled as in training."
        let odds =
            learned.effect == .logOdds
            ? " Odds are p / (1 − p): × 2 makes of 20 % 33 %, of 50 % 67 %." : ""
        let categories =
            learned.columns.contains { $0.kind == .categories }
            ? " Categories are compared with each other: their \(learned.isFactor ? "quotient" : "difference") counts."
            : ""
        return """
            \(title)<p class="note">\(bar) The effect is \(learned.effectText).\(odds)\(categories) One deviation is how far \
            the values of a column commonly lie from their mean.\(more) All of this holds with the other columns as they are, \
            and says what goes together, not what causes what; columns that say the same share an effect, or offset each other.</p>
            \(table(rows, head: ["column", "influence", "effect"]))\(others(learned))
            """
    }

    private func row(_ name: String, _ share: Double, _ text: String) -> HTML {
        """
        <tr><th scope="row">\(name)</th><td class="reach"><svg viewBox="0 0 100 12" preserveAspectRatio="none" role="img" \
        aria-label="\(NumberFormat.percent(share)) of the largest"><rect class="area p1" width="\(max(0.5, 100 * share))" \
        height="12"/></svg></td><td class="text">\(text)</td></tr>

        """
    }

    private func table(_ rows: [HTML], head: [String]) -> HTML {
        """
        <div class="scroll" tabindex="0" role="region" aria-label="What the columns do"><table class="learned">
        <thead><tr><th scope="col" class="text">\(head[0])</th><th scope="col" class="text">\(head[1])</th>\
        <th scope="col" class="text">\(head[2])</th></tr></thead>
        <tbody>\(rows.joined())</tbody></table></div>

        """
    }

    /// Gaps, and columns that are no part of it.
    private func others(_ learned: LearnedModel) -> HTML {
        var parts: [String] = []
        let gaps = learned.columns.compactMap { column in column.gaps.map { "\(column.name): \($0)" } }
        if !gaps.isEmpty { parts.append("Missing values become: " + gaps.joined(separator: "; ") + ".") }
        let left = learned.leftOut.map { "\($0.name) (\($0.reason))" }
        if !left.isEmpty { parts.append("Columns left out: " + left.joined(separator: ", ") + ".") }
        return parts.map { HTML("<p class=\"note\">\($0)</p>\n") }.joined()
    }

    /// Of a network: what becomes worse when a column is shuffled.
    private func shuffled(_ run: ReportedRun) -> HTML {
        guard let importance = run.result?["importance"].flatMap({ PermutationImportance(json: $0) }),
            let largest = importance.columns.first?.increase, largest > 0
        else { return .empty }
        let title: HTML = run.isAlone ? .empty : "<h3>\(run.name)\(run.chip)</h3>\n"
        let rows = importance.columns.filter { $0.increase > 0 }.map { column in
            row(
                column.name, column.increase / largest,
                "mean loss \(NumberFormat.significant(importance.loss, 4)) → "
                    + NumberFormat.significant(importance.loss + column.increase, 4))
        }
        return """
            \(title)<p class="note">The bar is how much the mean loss grows when the values of the column are shuffled among \
            \(NumberFormat.count(importance.rows)) rows, so that the column says nothing. Columns that say the same hide each other.</p>
            \(table(rows, head: ["column", "importance", "shuffled"]))
            """
    }
}
