import BigBatch
import Platform

/// Where the time went: in all, over the run, and on each rank.
package struct TimeSection {
    package let runs: [ReportedRun]

    package var html: HTML {
        let known = runs.filter { $0.timeSplit.total > 0 }
        guard !known.isEmpty else { return .empty }
        var body: HTML = """
            <p class="note">As rank 0 saw it, loading of the data included. Transfer is the time that messages need \
            once all ranks are there; waiting is what passes until the last one is.</p>

            """
        body += known.map(bar).joined()
        body += legend(known)
        body += table(known)
        let curves = known.filter { $0.history.lines.count > 3 }
        if !curves.isEmpty {
            body += """
                <h3>Over the run</h3>
                <p class="note">Share of each part in every stretch of the training time.</p>
                <figure class="panels">\(curves.map(TimeShares.picture).joined())</figure>

                """
        }
        body += RankPicture(runs: runs).html
        return Page.section(id: "time", title: "Where the time went", body)
    }

    private func bar(_ run: ReportedRun) -> HTML {
        let split = run.timeSplit
        let pieces = ReportedRun.TimeSplit.Part.allCases.map { part -> HTML in
            let share = split[part] / split.total
            guard share > 0.0005 else { return .empty }
            // An empty piece would be taken for a slip.
            let text = share > 0.06 ? NumberFormat.percent(share) : "\u{A0}"
            return """
                <span class="p\(part.rawValue)" style="width:\(100 * share)%" \
                title="\(part.name): \(NumberFormat.duration(split[part]))">\(text)</span>
                """
        }
        let name: HTML = runs.count > 1 ? "<span class=\"chip f\(run.index % 8)\">\(run.letter)</span> " : ""
        return """
            <div class="split"><div class="what">\(name)\(NumberFormat.duration(split.total)) in all</div>\
            <div class="bar" role="img" aria-label="\(describe(split))">\(pieces.joined())</div></div>

            """
    }

    private func describe(_ split: ReportedRun.TimeSplit) -> String {
        ReportedRun.TimeSplit.Part.allCases.filter { split[$0] > 0 }
            .map { "\($0.name) \(NumberFormat.percent(split[$0] / split.total))" }.joined(separator: ", ")
    }

    private func legend(_ runs: [ReportedRun]) -> HTML {
        let parts = ReportedRun.TimeSplit.Part.allCases.filter { part in runs.contains { $0.timeSplit[part] > 0 } }
        let entries = parts.map { part -> HTML in
            "<li><span class=\"swatch p\(part.rawValue)\">\u{A0}</span>\(part.name)</li>"
        }
        return "<ul class=\"legend\">\(entries.joined())</ul>\n"
    }

    private func table(_ runs: [ReportedRun]) -> HTML {
        let rows = ReportedRun.TimeSplit.Part.allCases.map { part -> [HTML] in
            [.escaped(part.name)]
                + runs.map { run in
                    let split = run.timeSplit
                    return "\(NumberFormat.duration(split[part])) (\(NumberFormat.percent(split[part] / split.total)))"
                }
        }
        return Page.table(
            summary: "Parts of the time as a table",
            head: ["part"] + runs.map { runs.count > 1 ? "run \($0.letter)" : "time and share" }, rows: rows,
            textColumns: 1)
    }
}

/// Shares of the parts of the time over a run, stacked.
package enum TimeShares {
    /// Parts that metrics tell apart, from the bottom up.
    private static let parts: [ReportedRun.TimeSplit.Part] = [.compute, .transfer, .waiting, .other]

    package static func picture(_ run: ReportedRun) -> HTML {
        let stretches = stretches(run.history.lines)
        let unit = AxisUnit.time(run.seconds)
        let width = 420.0
        let height = 200.0
        let left = 56.0
        let top = 12.0
        let innerWidth = width - left - 12
        let innerHeight = height - top - 40
        let end = stretches.last?.end ?? 1
        func x(_ seconds: Double) -> Double { left + innerWidth * seconds / end }
        func y(_ share: Double) -> Double { top + innerHeight * (1 - share) }
        var areas = HTML.empty
        for (place, part) in parts.enumerated() {
            var upper = ""
            var lower = ""
            for stretch in stretches {
                let below = stretch.shares[..<place].reduce(0, +)
                let above = below + stretch.shares[place]
                let from = Coordinate.text(x(stretch.start))
                let to = Coordinate.text(x(stretch.end))
                upper += "L\(from) \(Coordinate.text(y(above)))H\(to)"
                lower = "H\(to)V\(Coordinate.text(y(below)))H\(from)" + lower
            }
            areas += "<path class=\"area p\(part.rawValue)\" d=\"M\(x(0)) \(y(0))\(upper)\(lower)Z\"/>\n"
        }
        let axis = SVGAxis(.linear, values: [0, end / unit.size], isTight: true)
        let ticks = axis.ticks.map { tick -> HTML in
            """
            <text class="tick" x="\(x(tick.value * unit.size))" y="\(top + innerHeight + 16)" text-anchor="middle">\
            \(tick.label ?? "")</text>
            """
        }
        let levels = [0, 0.5, 1].map { share -> HTML in
            """
            <text class="tick" x="\(left - 6)" y="\(y(share) + 4)" text-anchor="end">\(NumberFormat.percent(share))</text>
            """
        }
        let all = run.timeSplit
        let texts = parts.map { "\($0.name) \(NumberFormat.percent(run.seconds > 0 ? all[$0] / run.seconds : 0))" }
        return """
            <div class="panel"><svg viewBox="0 0 \(width) \(height)" role="img" aria-label="Parts of the training time of \
            \(run.name) over the run; in all \(texts.joined(separator: ", "))">
            \(areas)\(ticks.joined())\(levels.joined())
            <text class="axis" x="\(left + innerWidth)" y="\(height - 4)" text-anchor="end">\
            \(run.letterPrefix)training time (\(unit.name))</text>
            </svg></div>

            """
    }

    private struct Stretch {
        var start: Double
        var end: Double
        var shares: [Double]
    }

    /// At most 80 stretches of the run with the share of each part.
    private static func stretches(_ lines: [IterationRecord]) -> [Stretch] {
        let marks = Sampling.evenly(lines, count: lines.count)
        guard let last = marks.last else { return [] }
        var result: [Stretch] = []
        var before = IterationRecord()
        for line in marks {
            // Stretches of equal time, as far as iterations allow it.
            guard line.seconds - before.seconds >= last.seconds / 80 || line.iteration == last.iteration else {
                continue
            }
            let time = line.seconds - before.seconds
            guard time > 0 else { continue }
            let compute = max(0, line.computeSeconds - before.computeSeconds)
            let transfer = max(0, line.transferSeconds - before.transferSeconds)
            let waiting = max(0, line.communicationSeconds - before.communicationSeconds - transfer)
            let sum = max(time, compute + transfer + waiting)
            result.append(
                Stretch(
                    start: before.seconds, end: line.seconds,
                    shares: [compute / sum, transfer / sum, waiting / sum, (sum - compute - transfer - waiting) / sum]))
            before = line
        }
        return result
    }
}

extension ReportedRun {
    /// "A: " where runs are compared.
    package var letterPrefix: String { isAlone ? "" : "\(letter): " }
}
