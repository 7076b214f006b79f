/// Pieces that all sections of a page use.
package enum Page {
    /// What readers who are new to it need first.
    package static let words = """
        Words: a rank is one process of the program, a node one machine. A batch is the rows whose gradients are averaged \
        for one step, a pass the gradients of as many rows as there are. The objective is what training lowers: the mean \
        loss on the rows plus the penalty on large coefficients.
        """

    package static func section(id: String, title: String, _ body: HTML) -> HTML {
        """
        <section aria-labelledby="\(id)-title" id="\(id)">
        <h2 id="\(id)-title">\(title)</h2>
        \(body)</section>

        """
    }

    /// A table that opens on demand, behind a plot.
    /// - Parameter textColumns: columns from the left that hold words; the others hold numbers.
    package static func table(
        summary: String, head: [String], rows: [[HTML]], textColumns: Int = 0, isOpen: Bool = false
    ) -> HTML {
        let open: HTML = isOpen ? " open=\"open\"" : ""
        return """
            <details\(open)><summary>\(summary)</summary>
            \(openTable(label: summary, head: head, rows: rows, textColumns: textColumns))</details>

            """
    }

    package static func openTable(label: String, head: [String], rows: [[HTML]], textColumns: Int = 0) -> HTML {
        let names = head.enumerated().map { place, name -> HTML in
            "<th scope=\"col\"\(place < textColumns ? " class=\"text\"" : HTML.empty)>\(name)</th>"
        }
        let lines = rows.map { row -> HTML in
            let cells = row.enumerated().map { place, cell -> HTML in
                "<td\(place < textColumns ? " class=\"text\"" : HTML.empty)>\(cell)</td>"
            }
            return "<tr>\(cells.joined())</tr>\n"
        }
        return """
            <div class="scroll" tabindex="0" role="region" aria-label="\(label)"><table>
            <thead><tr>\(names.joined())</tr></thead>
            <tbody>\(lines.joined())</tbody></table></div>

            """
    }
}
