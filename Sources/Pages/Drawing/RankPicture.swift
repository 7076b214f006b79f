import Platform

/// Seconds of each rank in computing and waiting, as the ranks told in their reductions.
package struct RankPicture {
    package let runs: [ReportedRun]

    package var html: HTML {
        let pictures = runs.compactMap { run -> HTML? in
            guard let ranks = Self.sums(run) else { return nil }
            return picture(run, ranks)
        }
        guard !pictures.isEmpty else { return .empty }
        return """
            <h3>On each rank</h3>
            <p class="note">A rank that computes longer than the others makes them wait.</p>
            <figure class="panels">\(pictures.joined())</figure>

            """
    }

    package struct Sums {
        package var compute: [Double]
        package var waiting: [Double]
        /// How many ranks there are; of many, the sums are of a sample, in the order of their computing time.
        package var count: Int
        package var isSample: Bool { compute.count < count }
        /// The rank that was slowest at the last look, with its host where that is known.
        package var slowest: (rank: Int, host: String?)
    }

    /// Over the events of the last number of ranks: a restart may have had another.
    package static func sums(_ run: ReportedRun) -> Sums? {
        var sums: Sums?
        for event in run.events("ranks") {
            guard let compute = event.json["compute"]?.array?.map({ $0.double ?? 0 }), !compute.isEmpty else {
                continue
            }
            let waiting = event.json["waiting"]?.array?.map { $0.double ?? 0 } ?? []
            let padded = waiting + [Double](repeating: 0, count: max(0, compute.count - waiting.count))
            let count = max(compute.count, event.json["ranks"]?.integer ?? 0)
            let named = event.json["slowest"]?.array?.first
            let slowest = (rank: named?["rank"]?.integer ?? 0, host: named?["host"]?.string)
            if let old = sums, old.count == count, old.compute.count == compute.count {
                sums?.compute = zip(old.compute, compute).map(+)
                sums?.waiting = zip(old.waiting, padded).map(+)
                sums?.slowest = slowest
            } else {
                sums = Sums(compute: compute, waiting: padded, count: count, slowest: slowest)
            }
        }
        // Of all ranks, the sums tell.
        if let all = sums, !all.isSample {
            sums?.slowest = (all.compute.indices.max { all.compute[$0] < all.compute[$1] } ?? 0, nil)
        }
        return sums
    }

    private func picture(_ run: ReportedRun, _ ranks: Sums) -> HTML {
        let count = ranks.compute.count
        let width = 420.0
        let height = 220.0
        let left = 56.0
        let top = 26.0
        let innerWidth = width - left - 12
        let innerHeight = height - top - 40
        let largest = zip(ranks.compute, ranks.waiting).map(+).max() ?? 0
        let unit = AxisUnit.time(largest)
        let axis = SVGAxis(.linear, values: [0, largest / unit.size])
        func y(_ seconds: Double) -> Double { top + innerHeight * (1 - (axis.fraction(seconds / unit.size) ?? 0)) }
        let step = innerWidth / Double(count)
        let bar = max(0.5, min(step * 0.8, 28))
        var compute = ""
        var waiting = ""
        for rank in 0..<count {
            let x = left + step * (Double(rank) + 0.5) - bar / 2
            let middle = y(ranks.compute[rank])
            compute += block(x, bar, from: y(0), to: middle)
            waiting += block(x, bar, from: middle, to: y(ranks.compute[rank] + ranks.waiting[rank]))
        }
        let ticks = axis.ticks.map { tick -> HTML in
            """
            <text class="tick" x="\(left - 6)" y="\(y(tick.value * unit.size) + 4)" text-anchor="end">\
            \(tick.label ?? "")</text>
            """
        }
        let shown = count <= 16 ? Array(0..<count) : [0, count / 4, count / 2, 3 * count / 4, count - 1]
        // In a sample, a bar stands for the share of the ranks that compute no longer.
        func name(_ place: Int) -> String {
            ranks.isSample ? NumberFormat.percent(Double(place) / Double(count - 1)) : "\(place)"
        }
        let names = shown.map { rank -> HTML in
            """
            <text class="tick" x="\(left + step * (Double(rank) + 0.5))" y="\(top + innerHeight + 16)" \
            text-anchor="middle">\(name(rank))</text>
            """
        }
        let rows = (0..<count).map { rank -> [HTML] in
            [
                "\(name(rank))", .escaped(NumberFormat.duration(ranks.compute[rank])),
                .escaped(NumberFormat.duration(ranks.waiting[rank])),
            ]
        }
        let slowest = "rank \(ranks.slowest.rank)" + (ranks.slowest.host.map { " on \($0)" } ?? "")
        let most = NumberFormat.duration(ranks.compute.max() ?? 0)
        let axisName =
            ranks.isSample
            ? "\(count) of \(NumberFormat.count(ranks.count)) ranks, by computing; last slowest: \(slowest)" : "rank"
        return """
            <div class="panel"><svg viewBox="0 0 \(width) \(height)" role="img" aria-label="Seconds of \(ranks.count) ranks in \
            computing and waiting; \(slowest) computed longest, \(most)">
            <text class="axis" x="8" y="13">\(run.letterPrefix)\(unit.name) computing (below) and waiting (above)</text>
            <path class="area p1" d="\(compute)"/><path class="area p3" d="\(waiting)"/>
            \(ticks.joined())\(names.joined())
            <text class="axis" x="\(left + innerWidth)" y="\(height - 4)" text-anchor="end">\(axisName)</text>
            </svg>\(Page.table(
                summary: "Ranks as a table", head: [ranks.isSample ? "share of ranks" : "rank", "computing", "waiting"],
                rows: Sampling.evenly(rows, count: 256)))</div>

            """
    }

    private func block(_ x: Double, _ width: Double, from bottom: Double, to top: Double) -> String {
        guard bottom - top > 0.01 else { return "" }
        return "M\(Coordinate.text(x)) \(Coordinate.text(bottom))V\(Coordinate.text(top))h\(Coordinate.text(width))"
            + "V\(Coordinate.text(bottom))Z"
    }
}
