import Platform

/// A plot on its way to SVG text.
package struct SVGDrawing {
    package let plot: SVGPlot
    package let x: SVGAxis
    package let y: SVGAxis
    package let left = 68.0
    package let top = 44.0
    package let bottom = 52.0

    private let ink = "#7a828c"
    /// Middle tones, told apart also with the common colour deficiencies; contrast at least 3 on white and near-black.
    private let palette = ["#2f86d1", "#d9780f", "#1f9e77", "#d0558f", "#8a6fd1", "#8c8c3a", "#c9483f", "#3aa0a8"]

    /// Wide enough for the longest name, at about 7 pixels a character.
    private var right: Double { 56 + 7 * Double(plot.series.map(\.name.count).max() ?? 0) }
    private var innerWidth: Double { max(50, plot.width - left - right) }
    private var innerHeight: Double { max(50, plot.height - top - bottom) }

    package var svg: String {
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(plot.width)) \(number(plot.height))" \
            width="\(number(plot.width))" height="\(number(plot.height))" role="img" fill="\(ink)" \
            font-family="system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif" font-size="13">
            <title>\(escaped(plot.title))</title>

            """
        text += label(plot.title, x: left, y: 24, extra: " font-size=\"15\" font-weight=\"600\"")
        text += grid()
        text += axisLabels()
        for (index, series) in plot.series.enumerated() { text += curve(series, index) }
        text += legend()
        return text + "</svg>\n"
    }

    private func horizontal(_ fraction: Double) -> Double { left + fraction * innerWidth }

    private func vertical(_ fraction: Double) -> Double { top + (1 - fraction) * innerHeight }

    private func grid() -> String {
        var minor = ""
        var major = ""
        var labels = ""
        for tick in x.ticks {
            guard let fraction = x.fraction(tick.value) else { continue }
            let at = number(horizontal(fraction))
            let foot = number(top + innerHeight)
            if let name = tick.label {
                major += "M\(at) \(number(top))V\(foot)"
                labels += label(name, x: horizontal(fraction), y: top + innerHeight + 19, extra: middle)
            } else {
                minor += "M\(at) \(foot)v-4"
            }
        }
        for tick in y.ticks {
            guard let fraction = y.fraction(tick.value) else { continue }
            let at = number(vertical(fraction))
            if let name = tick.label {
                major += "M\(number(left)) \(at)H\(number(left + innerWidth))"
                labels += label(name, x: left - 8, y: vertical(fraction) + 4.5, extra: " text-anchor=\"end\"")
            } else {
                minor += "M\(number(left)) \(at)h4"
            }
        }
        return path(major, extra: " stroke-opacity=\"0.28\"") + path(minor, extra: " stroke-opacity=\"0.6\"")
            + path("M\(number(left)) \(number(top))v\(number(innerHeight))h\(number(innerWidth))") + labels
    }

    private func axisLabels() -> String {
        let centre = top + innerHeight / 2
        return label(plot.xLabel, x: left + innerWidth / 2, y: top + innerHeight + 41, extra: middle)
            + label(
                plot.yLabel, x: 16, y: centre, extra: middle + " transform=\"rotate(-90 16 \(number(centre)))\"")
    }

    private func curve(_ series: SVGPlot.Series, _ index: Int) -> String {
        let points = series.points.compactMap { point in
            guard let x = x.fraction(point.x), let y = y.fraction(point.y) else {
                return nil as (x: Double, y: Double)?
            }
            return (horizontal(x), vertical(y))
        }
        var data = ""
        for point in thinned(points) {
            let x = number(point.x)
            let y = number(point.y)
            if data.isEmpty {
                data = "M\(x) \(y)"
            } else {
                data += series.interpolation == .steps ? "H\(x)V\(y)" : "L\(x) \(y)"
            }
        }
        return path(data, stroke: colour(index), extra: " stroke-width=\"2\" stroke-linejoin=\"round\"" + dash(series))
    }

    /// First, lowest, highest and last point of every pixel column: the picture of all points.
    private func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        var result: [(x: Double, y: Double)] = []
        var start = 0
        while start < points.count {
            let column = points[start].x.rounded(.down)
            var end = start
            var lowest = start
            var highest = start
            while end < points.count, points[end].x.rounded(.down) == column {
                if points[end].y < points[lowest].y { lowest = end }
                if points[end].y > points[highest].y { highest = end }
                end += 1
            }
            for index in Set([start, lowest, highest, end - 1]).sorted() { result.append(points[index]) }
            start = end
        }
        return result
    }

    private func legend() -> String {
        let edge = left + innerWidth + 16
        return plot.series.enumerated().map { index, series in
            let at = top + 10 + 22 * Double(index)
            return path(
                "M\(number(edge)) \(number(at))h24", stroke: colour(index), extra: " stroke-width=\"3\"" + dash(series))
                + label(series.name, x: edge + 31, y: at + 4.5)
        }.joined()
    }

    private func colour(_ index: Int) -> String { palette[index % palette.count] }

    private func dash(_ series: SVGPlot.Series) -> String { series.isDashed ? " stroke-dasharray=\"6 4\"" : "" }

    private var middle: String { " text-anchor=\"middle\"" }

    private func path(_ data: String, stroke: String? = nil, extra: String = "") -> String {
        data.isEmpty ? "" : "<path d=\"\(data)\" fill=\"none\" stroke=\"\(stroke ?? ink)\"\(extra)/>\n"
    }

    private func label(_ text: String, x: Double, y: Double, extra: String = "") -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\"\(extra)>\(escaped(text))</text>\n"
    }

    /// A tenth of a pixel is enough.
    private func number(_ value: Double) -> String {
        let text = NumberFormat.fixed(value, 1)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { "&<>".utf8.contains($0) }) else { return text }
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            default: result.append(character)
            }
        }
        return result
    }
}
