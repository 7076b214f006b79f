import BigBatch
import Foundation
import FoundationXML
import Telemetry
import TestSupport
import Testing

@testable import Pages

@Suite struct HTMLTests {
    @Test func whatIsPutInIsEscaped() {
        let name = "<img src=x onerror='alert(1)'> & \"b\" \u{0}\u{1B}"
        let html: HTML = "<td title=\"\(name)\">\(HTML("<b>\(name)</b>"))</td>"
        let safe = "&lt;img src=x onerror=&#39;alert(1)&#39;&gt; &amp; &quot;b&quot; \u{FFFD}\u{FFFD}"
        #expect(html.text == "<td title=\"\(safe)\"><b>\(safe)</b></td>")
    }

    @Test func numbersAreCoordinates() {
        #expect(HTML("\(12.34)|\(5.0)|\(-0.04)|\(Double.nan)|\(7)").text == "12.3|5|0|0|7")
    }
}

@Suite struct ChartTests {
    private func chart(_ points: [(x: Double, y: Double)], _ scale: SVGAxis.Scale = .linear) -> String {
        ChartDrawing(
            Chart(
                description: "<d>", xLabel: "x", yLabel: "y", yScale: scale, curves: [Chart.Curve(points: points)],
                marks: [Chart.Mark(at: 1, label: "m")], levels: [Chart.Mark(at: 2, label: "l")])
        ).svg.text
    }

    @Test(arguments: [SVGAxis.Scale.linear, .logarithmic]) func anyPointsMakeAPicture(scale: SVGAxis.Scale) {
        let odd: [[(x: Double, y: Double)]] = [
            [], [(0, 0)], [(1, .nan), (2, .infinity)], [(0, 1e300), (1, -1e300)], [(5, 3), (5, 3)],
            [(0, 1e20), (1, 1e20 + 20_000)], [(0, 1e-300), (1, 1e300)], [(1e200, 1), (2e200, 2)],
        ]
        for points in odd {
            let text = chart(points, scale)
            #expect(XMLParser(data: Data(text.utf8)).parse(), "\(text)")
            #expect(!text.contains("nan") && !text.contains("inf"))
        }
    }

    @Test func theTrendOfNoiseIsItsMean() throws {
        let noisy = (0..<4000).map { (x: Double($0) / 10, y: $0 % 2 == 0 ? 1.0 : 3.0) }
        let trend = try #require(Thinning.trend(noisy, width: 8))
        #expect(trend.count == 50)
        #expect(trend.allSatisfy { abs($0.y - 2) < 1e-9 })
        #expect(Thinning.trend(noisy.map { ($0.x, $0.x) }, width: 8) == nil)
    }

    @Test func scalesAreLogarithmicWhereValuesSpanMuch() {
        #expect(Chart.scale(for: [1, 30]) == .logarithmic)
        #expect(Chart.scale(for: [1, 3]) == .linear)
        #expect(Chart.scale(for: [0, 1e6]) == .linear)
        #expect(Chart.scale(for: [Double]()) == .linear)
    }

    @Test func unitsFitTheirNumbers() {
        #expect(AxisUnit.time(0.2).name == "milliseconds")
        #expect(AxisUnit.time(100).name == "seconds")
        #expect(AxisUnit.time(1e4).name == "minutes")
        #expect(AxisUnit.time(1e5).name == "hours")
        #expect(AxisUnit.bytes(2e6) == AxisUnit(name: "MB", size: 1e6))
        #expect(AxisUnit.bytes(100).name == "bytes")
    }
}

@Suite struct MetricsHistoryTests {
    private func line(_ iteration: Int, batch: Int = 100, trials: Int = 1, loss: Double = 1) -> MetricsLine {
        var record = IterationRecord()
        record.iteration = iteration
        record.seconds = Double(iteration)
        record.batchSize = batch
        record.trials = trials
        record.loss = loss
        return MetricsLine(record, start: 0)
    }

    @Test func decisionsAreFound() {
        var history = MetricsHistory()
        history.append(line(1))
        history.append(line(2, batch: 200))
        history.append(line(3, batch: 200, trials: 4))
        var skipped = line(4, batch: 200)
        skipped.record.nonFinite = 1
        history.append(skipped)
        #expect(history.decisions.map(\.kind) == [.growth, .backtracking, .skipped])
        #expect(history.decisions.map(\.iteration) == [2, 3, 4])
        // A restart goes back to iteration 2: what came after it comes again.
        history.append(line(3, batch: 200))
        #expect(history.lines.map(\.iteration) == [1, 2, 3])
        #expect(history.decisions.map(\.kind) == [.growth])
        #expect(history.count(.skipped) == 0)
    }

    /// Beside all lines: extremes, ends and counts stay, memory does not grow.
    @Test func longRunsAreThinned() {
        var history = MetricsHistory(limit: 2000, cells: 64)
        var largest = 0
        for iteration in 1...50_000 {
            let isPeak = iteration == 31_416
            history.append(line(iteration, trials: iteration % 2 + 1, loss: isPeak ? 99 : 1 / Double(iteration)))
            largest = max(largest, history.lines.count)
        }
        #expect(largest <= 2000)
        #expect(history.lines.first?.iteration == 1)
        #expect(history.last?.iteration == 50_000)
        #expect(history.lines.contains { $0.loss == 99 })
        #expect(history.count(.backtracking) == 25_000)
        #expect(history.decisions.count <= 2000)
        #expect(zip(history.lines, history.lines.dropFirst()).allSatisfy { $0.iteration < $1.iteration })
    }
}

@Suite struct RunReportTests {
    /// A run of many lines makes a small page.
    @Test func longRunsMakeSmallPages() throws {
        try withFolder { folder in
            var text = ""
            for var record in records(20_000, every: 0.01) {
                record.loss = 1 + 0.5 * Double(record.iteration * 7919 % 1000) / 1000
                record.gradientNorm = record.loss
                record.stepSize = record.loss
                record.communicatedBytes = record.iteration * 1000
                record.validationLoss = record.loss
                record.signalToNoise = record.loss
                text += MetricsLine(record, start: 0).json.text + "\n"
            }
            try text.write(toFile: folder + "/metrics.jsonl", atomically: true, encoding: .utf8)
            let page = try RunReport(folders: [folder]).html
            #expect(page.utf8.count < 1_000_000)
            #expect(XMLParser(data: Data(page.utf8)).parse())
        }
    }

    @Test func optionsAreReadFromTheirFile() {
        let yaml = """
            # a comment
            data: ["/a/b.svm"]
            model: lenet5
            network:
              - conv 32 3x3
              - relu
            l2: 0.5
            label: "a: b"
            """
        let options = ReportedRun.options(in: yaml)
        #expect(options.map(\.key) == ["data", "model", "network", "l2", "label"])
        #expect(options.map(\.value) == ["/a/b.svm", "lenet5", "- conv 32 3x3 - relu", "0.5", "a: b"])
    }
}
