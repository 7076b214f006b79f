import Telemetry
import TestSupport
import Testing

@testable import Watch

@Suite struct CurveTests {
    @Test func aSparklineShowsHeights() {
        #expect(Sparkline.text([0, 1, 2, 3, 4, 5, 6, 7], unicode: true) == "▁▂▃▄▅▆▇█")
        #expect(Sparkline.text([7, nil, .nan, 0], unicode: false) == "@  _")
        #expect(Sparkline.text([2, 2], unicode: true) == "▄▄")
        #expect(Sparkline.text([nil, .infinity], unicode: true) == "  ")
        #expect(Sparkline.text([], unicode: true) == "")
        #expect(Sparkline.text([8, 8], unicode: true, from: 0) == "██")
    }

    @Test(arguments: [[1.0, 1, 1], [0, 0, 5], [0.6, 0.3, 0.05, 0.05], [1e-9, 1]])
    func theLengthsOfABarAddUp(_ shares: [Double]) {
        for width in [1, 7, 72] {
            let lengths = Sparkline.lengths(shares, width: width)
            #expect(lengths.reduce(0, +) == width)
            let total = shares.reduce(0, +)
            for (length, share) in zip(lengths, shares) {
                #expect(abs(Double(length) - share / total * Double(width)) < 1)
            }
        }
    }

    @Test func aBarOfNothingIsEmpty() {
        #expect(Sparkline.lengths([0, 0], width: 10) == [0, 0])
        #expect(Sparkline.lengths([.nan, 1], width: 10) == [0, 0])
        #expect(Sparkline.lengths([1], width: 0) == [0])
    }

    @Test func aPlotGoesFromTheTopToTheBottom() {
        #expect(DotPlot.rows([3, 2, 1, 0], columns: 4, rows: 4, unicode: false) == ["**  ", " ** ", "  **", "   *"])
        // Two values a character; the left column of dots and the right one.
        #expect(DotPlot.rows([0, 3], columns: 1, rows: 1, unicode: true) == ["⣸"])
        #expect(DotPlot.rows([3, nil, 0], columns: 2, rows: 1, unicode: true) == ["⠁⡀"])
        #expect(DotPlot.rows([nil], columns: 2, rows: 2, unicode: true) == ["  ", "  "])
        #expect(DotPlot.rows([1], columns: 0, rows: 0, unicode: true) == [])
    }

    @Test func longHistoriesAreThinnedAndKeepTheirShape() {
        var history = RunHistory(capacity: 64)
        for record in records(10_000, every: 0.5) {
            var record = record
            record.loss = Double(record.iteration)
            history.add(record)
        }
        #expect(history.points.count < 64)
        let curve = history.resampled(10) { $0.meanLoss }
        #expect(curve.count == 10)
        for (place, value) in curve.enumerated() {
            #expect(abs((value ?? 0) - (Double(place) + 0.5) * 1000) < 400, "\(curve)")
        }
    }

    @Test func betweenTwoPointsACurveIsStraight() {
        var history = RunHistory()
        for (number, loss) in [(1, 4.0), (5, 0.0)] {
            var record = records(1, every: 1, from: number)[0]
            record.loss = loss
            history.add(record)
        }
        #expect(history.resampled(5) { $0.meanLoss } == [4, 3, 2, 1, 0])
        #expect(RunHistory().resampled(5) { $0.meanLoss } == [])
    }

    @Test func aLineIsCutAndNothingSteersTheTerminal() {
        let line = StyledLine("run\u{1B}[2J", .strong).adding(" name\n", .bad)
        #expect(line.text == "run\\x1b[2J name\\n")
        #expect(line.rendered(columns: 5, colour: false) == "run\\x")
        #expect(line.rendered(columns: 12, colour: true) == "\u{1B}[1mrun\\x1b[2J\u{1B}[0m\u{1B}[31m n\u{1B}[0m")
        #expect(line.rendered(columns: 0, colour: true) == "")
        #expect(line.cut(to: 12, mark: "…").text == "run\\x1b[2J …")
        #expect(line.cut(to: 17, mark: "…") == line)
    }
}
