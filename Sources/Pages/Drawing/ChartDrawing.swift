/// A chart on its way to SVG. Colours and letters come from the page's style sheet, so the picture follows its theme.
package struct ChartDrawing {
    package let chart: Chart
    private let x: SVGAxis
    private let y: SVGAxis
    private let left = 56.0
    private let top = 26.0
    private let bottom = 40.0
    private let right: Double

    package init(_ chart: Chart) {
        self.chart = chart
        // Both axes of time, passes and bytes begin at 0.
        let origin = (chart.xScale == .linear ? [0.0] : []) + (chart.xEnd.map { [$0] } ?? [])
        x = SVGAxis(chart.xScale, values: origin + chart.curves.flatMap { $0.points.map(\.x) }, isTight: true)
        let ends = chart.yRange.map { [$0.lowerBound, $0.upperBound] }
        y = SVGAxis(
            chart.yScale, values: ends ?? chart.curves.flatMap { $0.points.map(\.y) } + chart.levels.map(\.at))
        right = chart.curves.contains { $0.letter != nil } ? 24 : 12
    }

    private var innerWidth: Double { chart.width - left - right }
    private var innerHeight: Double { chart.height - top - bottom }

    package var svg: HTML {
        var parts = HTML.empty
        parts += grid
        if !chart.reference.isEmpty {
            parts += "<path class=\"level\" d=\"\(path(placed(chart.reference), .straight))\"/>\n"
        }
        for curve in chart.curves { parts += draw(curve) }
        parts += levels
        parts += marks
        parts += letters
        return """
            <svg viewBox="0 0 \(chart.width) \(chart.height)" role="img" aria-label="\(chart.description)">
            <text class="axis" x="\(left - 48)" y="13">\(chart.yLabel)</text>
            <text class="axis" x="\(left + innerWidth)" y="\(chart.height - 4)" text-anchor="end">\(chart.xLabel)</text>
            \(parts)</svg>

            """
    }

    private func horizontal(_ value: Double) -> Double? { x.fraction(value).map { left + $0 * innerWidth } }
    private func vertical(_ value: Double) -> Double? { y.fraction(value).map { top + (1 - $0) * innerHeight } }

    // MARK: - Frame

    private var grid: HTML {
        var lines = ""
        var minor = ""
        var labels = HTML.empty
        let foot = top + innerHeight
        var freeFrom = -Double.infinity
        for tick in x.ticks {
            guard let at = horizontal(tick.value) else { continue }
            if let label = tick.label {
                lines += "M\(Coordinate.text(at)) \(Coordinate.text(foot))v4"
                // Labels that would touch the one before stay away.
                let half = 3.6 * Double(label.count)
                guard at - half > freeFrom else { continue }
                freeFrom = at + half + 4
                labels += "<text class=\"tick\" x=\"\(at)\" y=\"\(foot + 17)\" text-anchor=\"middle\">\(label)</text>"
            } else {
                minor += "M\(Coordinate.text(at)) \(Coordinate.text(foot))v2"
            }
        }
        for tick in y.ticks {
            guard let at = vertical(tick.value) else { continue }
            if let label = tick.label {
                lines += "M\(Coordinate.text(left)) \(Coordinate.text(at))h\(Coordinate.text(innerWidth))"
                labels += "<text class=\"tick\" x=\"\(left - 6)\" y=\"\(at + 4)\" text-anchor=\"end\">\(label)</text>"
            } else {
                minor += "M\(Coordinate.text(left)) \(Coordinate.text(at))h3"
            }
        }
        let base = "M\(Coordinate.text(left)) \(Coordinate.text(foot))h\(Coordinate.text(innerWidth))"
        return "<path class=\"grid\" d=\"\(lines)\(minor)\"/><path class=\"base\" d=\"\(base)\"/>\(labels)\n"
    }

    private var levels: HTML {
        chart.levels.map { level -> HTML in
            guard let at = vertical(level.at) else { return .empty }
            return """
                <path class="level" d="M\(left) \(at)h\(innerWidth)"/><text class="note" x="\(left + innerWidth)" \
                y="\(at - 4)" text-anchor="end">\(level.label)</text>

                """
        }.joined()
    }

    private var marks: HTML {
        var labelled = -Double.infinity
        return chart.marks.map { mark -> HTML in
            guard let at = horizontal(mark.at), at >= left - 1, at <= left + innerWidth + 1 else { return .empty }
            var label = HTML.empty
            if at - labelled > 60 {
                labelled = at
                let isLate = at > left + innerWidth - 60
                label = """
                    <text class="note" x="\(isLate ? at - 4 : at + 4)" y="\(top + 9)" \
                    text-anchor="\(isLate ? "end" : "start")">\(mark.label)</text>
                    """
            }
            return "<path class=\"mark\" d=\"M\(at) \(top)v\(innerHeight)\"/>\(label)\n"
        }.joined()
    }

    /// At the ends of the curves, moved apart where they would cover each other.
    private var letters: HTML {
        var ends: [(letter: String, index: Int, x: Double, y: Double)] = []
        for curve in chart.curves {
            guard let letter = curve.letter, let last = placed(curve.points).last else { continue }
            ends.append((letter, curve.index, last.x, last.y))
        }
        ends.sort { $0.y < $1.y }
        for place in ends.indices.dropFirst() where abs(ends[place].x - ends[place - 1].x) < 14 {
            ends[place].y = max(ends[place].y, ends[place - 1].y + 13)
        }
        return ends.map { end -> HTML in
            "<text class=\"letter f\(end.index % 8)\" x=\"\(end.x + 5)\" y=\"\(end.y + 4)\">\(end.letter)</text>"
        }.joined()
    }

    // MARK: - Curves

    private func placed(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        points.compactMap { point in
            guard let x = horizontal(point.x), let y = vertical(point.y) else { return nil }
            return (x, y)
        }
    }

    private func draw(_ curve: Chart.Curve) -> HTML {
        let points = placed(curve.points)
        let shown = Thinning.extremes(points, width: chart.curves.count > 4 ? 2 : 1)
        let style: HTML = "s\(curve.index % 8)"
        if curve.isNoisy, let mean = Thinning.trend(points, width: 8) {
            return """
                <path class="\(style) noise" d="\(path(shown, curve.interpolation))"/>\
                <path class="\(style) line" d="\(path(mean, .straight))"/>

                """
        }
        var text: HTML = "<path class=\"\(style) line\" d=\"\(path(shown, curve.interpolation))\"/>\n"
        if curve.hasDots && shown.count <= 60 || shown.count <= 3 {
            let dots = shown.map { "M\(Coordinate.text($0.x)) \(Coordinate.text($0.y))h0" }.joined()
            text += "<path class=\"\(style) dots\" d=\"\(dots)\"/>\n"
        }
        return text
    }

    private func path(_ points: [(x: Double, y: Double)], _ interpolation: Chart.Interpolation) -> String {
        var data = ""
        for point in points {
            let x = Coordinate.text(point.x)
            let y = Coordinate.text(point.y)
            if data.isEmpty {
                // A point alone is a dot.
                data = points.count == 1 ? "M\(x) \(y)h0" : "M\(x) \(y)"
            } else {
                data += interpolation == .steps ? "H\(x)V\(y)" : "L\(x) \(y)"
            }
        }
        return data
    }
}

/// Curves of any length as pictures of them.
package enum Thinning {
    /// First, lowest, highest and last point of every column of `width` pixels: the picture of all points.
    package static func extremes(_ points: [(x: Double, y: Double)], width: Double = 1) -> [(x: Double, y: Double)] {
        var result: [(x: Double, y: Double)] = []
        var start = 0
        while start < points.count {
            let column = (points[start].x / width).rounded(.down)
            var end = start
            var lowest = start
            var highest = start
            while end < points.count, (points[end].x / width).rounded(.down) == column {
                if points[end].y < points[lowest].y { lowest = end }
                if points[end].y > points[highest].y { highest = end }
                end += 1
            }
            for index in Set([start, lowest, highest, end - 1]).sorted() { result.append(points[index]) }
            start = end
        }
        return result
    }

    /// The mean of every column of `width` pixels; nil for a curve that is smooth, or short.
    package static func trend(_ points: [(x: Double, y: Double)], width: Double) -> [(x: Double, y: Double)]? {
        guard points.count > 100 else { return nil }
        var means: [(x: Double, y: Double)] = []
        var start = 0
        while start < points.count {
            let column = (points[start].x / width).rounded(.down)
            var end = start
            var sum = (x: 0.0, y: 0.0)
            while end < points.count, (points[end].x / width).rounded(.down) == column {
                sum.x += points[end].x
                sum.y += points[end].y
                end += 1
            }
            means.append((sum.x / Double(end - start), sum.y / Double(end - start)))
            start = end
        }
        func length(_ points: [(x: Double, y: Double)]) -> Double {
            zip(points, points.dropFirst()).reduce(0) { $0 + abs($1.1.y - $1.0.y) }
        }
        return length(points) > 4 * length(means) ? means : nil
    }
}
