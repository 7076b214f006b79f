/// A page in the manner of the run report, for commands that bring their own contents: no network, no scripts, any width,
/// both themes and paper. All texts are escaped.
public struct Document: Sendable {
    public enum Block: Sendable {
        case paragraph(String)
        /// Larger, for the answer.
        case lead(String)
        /// Small print.
        case note(String)
        /// A command line to copy.
        case command(String)
        case table(Table)
        case chart(Plot)
        case intervals(Intervals)
    }

    public struct Table: Sendable {
        /// What the table shows, for those who hear it.
        public var label: String
        public var head: [String]
        public var rows: [[String]]
        /// Columns from the left that hold words.
        public var textColumns: Int
        /// Opens on demand, behind a picture.
        public var isFolded: Bool

        public init(label: String, head: [String], rows: [[String]], textColumns: Int = 1, isFolded: Bool = false) {
            self.label = label
            self.head = head
            self.rows = rows
            self.textColumns = textColumns
            self.isFolded = isFolded
        }
    }

    /// Curves over one axis; each has a letter at its end, which the legend explains.
    public struct Plot: Sendable {
        public var title: String
        public var xLabel: String
        public var yLabel: String
        public var curves: [(name: String, points: [(x: Double, y: Double)])]
        public var isLogarithmic: (x: Bool, y: Bool)
        public var level: (at: Double, label: String)?
        public var note: String

        public init(
            title: String, xLabel: String, yLabel: String, curves: [(name: String, points: [(x: Double, y: Double)])],
            isLogarithmic: (x: Bool, y: Bool), level: (at: Double, label: String)? = nil, note: String = ""
        ) {
            self.title = title
            self.xLabel = xLabel
            self.yLabel = yLabel
            self.curves = curves
            self.isLogarithmic = isLogarithmic
            self.level = level
            self.note = note
        }
    }

    /// A dot in its interval for each row, over one logarithmic axis.
    public struct Intervals: Sendable {
        public struct Row: Sendable {
            public var label: String
            public var low: Double
            public var middle: Double
            public var high: Double
            /// What stands beside it.
            public var text: String
            public var isMarked: Bool

            public init(label: String, low: Double, middle: Double, high: Double, text: String, isMarked: Bool) {
                self.label = label
                self.low = low
                self.middle = middle
                self.high = high
                self.text = text
                self.isMarked = isMarked
            }
        }

        public var title: String
        public var xLabel: String
        public var rows: [Row]

        public init(title: String, xLabel: String, rows: [Row]) {
            self.title = title
            self.xLabel = xLabel
            self.rows = rows
        }
    }

    public struct Section: Sendable {
        public var title: String
        /// In the list of contents.
        public var name: String
        public var blocks: [Block]

        public init(title: String, name: String, blocks: [Block]) {
            self.title = title
            self.name = name
            self.blocks = blocks
        }
    }

    public var title: String
    /// Sentences at the top.
    public var summary: [String]
    public var figures: [(name: String, value: String)]
    public var sections: [Section]
    public var footer: String

    public init(
        title: String, summary: [String], figures: [(name: String, value: String)], sections: [Section], footer: String
    ) {
        self.title = title
        self.summary = summary
        self.figures = figures
        self.sections = sections
        self.footer = footer
    }

    /// The whole page.
    public var html: String { page.text }

    private var page: HTML {
        let links = sections.indices.map { HTML("<a href=\"#part\($0)\">\(sections[$0].name)</a>") }.joined(" ")
        let bodies = sections.enumerated().map { index, section in
            Page.section(id: "part\(index)", title: section.title, section.blocks.map { block($0) }.joined())
        }
        let facts = figures.map { HTML("<li><strong>\($0.value)</strong> \($0.name)</li>\n") }.joined()
        let list: HTML = figures.isEmpty ? .empty : "<ul class=\"figures\">\n\(facts)</ul>\n"
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <title>\(title)</title>
            <style>\(HTML.trusted(ReportStyle.text + DocumentStyle.text))</style>
            </head>
            <body class="many">
            <a class="skip" href="#content">To the contents</a>
            <div class="page">
            <header>
            <h1>\(title)</h1>
            \(summary.map { HTML("<p class=\"lead\">\($0)</p>\n") }.joined())\
            \(list)\
            <p class="note">\(Page.words)</p>
            <nav aria-label="Parts of the page">\(links)</nav>
            </header>
            <main id="content">
            \(bodies.joined())</main>
            <footer><p>\(footer)</p></footer>
            </div>
            </body>
            </html>

            """
    }

    private func block(_ block: Block) -> HTML {
        switch block {
        case .paragraph(let text): return "<p>\(text)</p>\n"
        case .lead(let text): return "<p class=\"lead\">\(text)</p>\n"
        case .note(let text): return "<p class=\"note\">\(text)</p>\n"
        case .command(let text):
            return "<pre class=\"command\" tabindex=\"0\"><code>\(text)</code></pre>\n"
        case .table(let table):
            let rows = table.rows.map { row in row.map { HTML("\($0)") } }
            return table.isFolded
                ? Page.table(summary: table.label, head: table.head, rows: rows, textColumns: table.textColumns)
                : Page.openTable(label: table.label, head: table.head, rows: rows, textColumns: table.textColumns)
        case .chart(let plot): return chart(plot)
        case .intervals(let intervals): return IntervalDrawing(intervals: intervals).html
        }
    }

    private func chart(_ plot: Plot) -> HTML {
        func letter(_ index: Int) -> String { String(UnicodeScalar(UInt8(ascii: "A") + UInt8(index % 26))) }
        var chart = Chart(
            description: plot.title, xLabel: plot.xLabel, yLabel: plot.yLabel,
            xScale: plot.isLogarithmic.x ? .logarithmic : .linear,
            yScale: plot.isLogarithmic.y ? .logarithmic : .linear,
            curves: plot.curves.enumerated().map { index, curve in
                Chart.Curve(
                    letter: letter(index), index: index, points: curve.points, hasDots: curve.points.count <= 16)
            })
        chart.width = 640
        chart.height = 320
        if let level = plot.level { chart.levels = [Chart.Mark(at: level.at, label: level.label)] }
        let legend = plot.curves.enumerated().map { index, curve in
            HTML("<li><span class=\"chip f\(index % 8)\">\(letter(index))</span> \(curve.name)</li>")
        }
        let note: HTML = plot.note.isEmpty ? .empty : "<p class=\"note\">\(plot.note)</p>\n"
        return """
            <figure class="picture"><h3>\(plot.title)</h3>
            \(ChartDrawing(chart).svg)<ul class="legend">\(legend.joined())</ul>
            \(note)</figure>

            """
    }
}

/// What documents need beyond the report's style.
package enum DocumentStyle {
    package static let text = """

        .text { min-width: 14ch; }
        .picture { margin: 8px 0 16px; max-width: 820px; }
        .command { background: var(--raised); border-radius: 6px; padding: 12px 14px; overflow-x: auto; margin: 6px 0 10px;
          white-space: pre-wrap; overflow-wrap: anywhere; }
        .interval { stroke: var(--base); stroke-width: 3; stroke-linecap: round; fill: none; }
        .dot { fill: var(--c0); }
        .chosen .interval { stroke: var(--c1); }
        .chosen .dot { fill: var(--c1); }
        .chosen text { fill: var(--ink); font-weight: 600; }

        """
}

/// Intervals as a picture. The names stand above their lines, so that narrow screens have room.
package struct IntervalDrawing {
    package let intervals: Document.Intervals
    private let width = 640.0
    private let left = 12.0
    private let right = 12.0
    private let rowHeight = 36.0
    private let top = 6.0

    package var html: HTML {
        guard !intervals.rows.isEmpty else { return .empty }
        let axis = SVGAxis(.logarithmic, values: intervals.rows.flatMap { [$0.low, $0.middle, $0.high] })
        let foot = top + rowHeight * Double(intervals.rows.count)
        func at(_ value: Double) -> Double { left + (axis.fraction(value) ?? 0) * (width - left - right) }
        var parts = HTML.empty
        for tick in axis.ticks {
            guard let label = tick.label else { continue }
            let x = at(tick.value)
            parts += "<path class=\"grid\" d=\"M\(x) \(top)V\(foot)\"/>"
            parts += "<text class=\"tick\" x=\"\(x)\" y=\"\(foot + 16)\" text-anchor=\"middle\">\(label)</text>\n"
        }
        for (index, row) in intervals.rows.enumerated() {
            let y = top + rowHeight * Double(index) + 26
            let mark: HTML = row.isMarked ? " class=\"chosen\"" : .empty
            parts += """
                <g\(mark)><text x="\(left)" y="\(y - 12)">\(row.label): \(row.text)</text>\
                <path class="interval" d="M\(at(row.low)) \(y)H\(max(at(row.high), at(row.low) + 0.1))"/>\
                <circle class="dot" cx="\(at(row.middle))" cy="\(y)" r="5"/></g>

                """
        }
        return """
            <figure class="picture"><h3>\(intervals.title)</h3>
            <svg viewBox="0 0 \(width) \(foot + 40)" role="img" aria-label="\(intervals.title)">
            \(parts)<text class="axis" x="\(width - right)" y="\(foot + 34)" text-anchor="end">\(intervals.xLabel)</text>
            </svg></figure>

            """
    }
}
