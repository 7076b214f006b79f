import Telemetry
import Testing

@testable import Pages

@Suite struct SVGAxisTests {
    @Test func linearTicksAreRoundNumbersWithinTheRange() {
        let axis = SVGAxis(.linear, values: [0, 50])
        #expect(axis.ticks.map(\.label) == ["0", "10", "20", "30", "40", "50"])
        #expect(axis.fraction(25) == 0.5)
        let small = SVGAxis(.linear, values: [-0.013, 0.021])
        #expect(small.lower <= -0.013 && small.upper >= 0.021)
        #expect(small.ticks.allSatisfy { $0.value >= small.lower - 1e-12 && $0.value <= small.upper + 1e-12 })
    }

    @Test func logarithmicAxisLabelsPowersOfTen() {
        let axis = SVGAxis(.logarithmic, values: [2e-4, 0.3, 5])
        #expect(axis.ticks.compactMap(\.label) == ["10⁻³", "10⁻²", "10⁻¹", "10⁰"])
        let low = axis.fraction(1e-3) ?? .nan
        let middle = axis.fraction(1e-2) ?? .nan
        let high = axis.fraction(1e-1) ?? .nan
        #expect(abs((middle - low) - (high - middle)) < 1e-12)
        #expect(axis.fraction(0) == nil && axis.fraction(-1) == nil && axis.fraction(.nan) == nil)
    }

    @Test func everyRangeHasAtLeastTwoAndAtMostADozenLabels() {
        for exponent in stride(from: -14.0, through: 14, by: 0.7) {
            for decades in [0.3, 1, 2.5, 7, 16] {
                let lower = Double("1e\(Int(exponent))") ?? 1
                var upper = lower
                for _ in 0..<Int(decades * 10) { upper *= 1.2589254117941673 }
                let labels = SVGAxis(.logarithmic, values: [lower, upper]).ticks.compactMap(\.label)
                #expect(labels.count >= 2 && labels.count <= 12, "\(lower) \(upper) \(labels)")
            }
        }
    }

    @Test func valuesThatCannotBeShownDoNotMoveTheRange() {
        let axis = SVGAxis(.logarithmic, values: [0, -3, .nan, .infinity, 1, 100])
        #expect(axis.lower > 0.5 && axis.upper < 200)
        #expect(SVGAxis(.linear, values: [] as [Double]).ticks.isEmpty == false)
        let middle = SVGAxis(.linear, values: [3, 3]).fraction(3) ?? .nan
        #expect(abs(middle - 0.5) < 1e-12)
    }
}

@Suite struct SVGPlotTests {
    private func plot(_ points: [(x: Double, y: Double)]) -> String {
        SVGPlot(
            title: "a < b & c", xLabel: "passes", yLabel: "‖∇ℓ‖", yScale: .logarithmic,
            series: [SVGPlot.Series(name: "curve <1>", points: points)]
        ).svg
    }

    @Test func textIsEscapedAndNamesAreThere() {
        let svg = plot([(0, 1), (1, 0.1)])
        #expect(svg.contains("a &lt; b &amp; c") && svg.contains("curve &lt;1&gt;") && svg.contains("‖∇ℓ‖"))
        #expect(!svg.contains("a < b") && !svg.contains("nan"))
    }

    @Test func longCurvesKeepTheirExtremesAndStaySmall() {
        var points = (0..<200_000).map { (x: Double($0) / 4000, y: 1.0) }
        points[77_777].y = 1000
        points[133_333].y = 0.001
        let svg = plot(points)
        #expect(svg.utf8.count < 60_000)
        let reference = plot([(0, 1), (77_777.0 / 4000, 1000), (133_333.0 / 4000, 0.001), (199_999.0 / 4000, 1)])
        // The extreme points are drawn where the short curve has them.
        let corners = reference.split(separator: "\n").first { $0.contains("L") && $0.contains("stroke-width=\"2\"") }
        let drawn = corners.map { $0.split(whereSeparator: { "ML\"".contains($0) }) } ?? []
        #expect(drawn.count > 4)
        for corner in drawn[2...3] { #expect(svg.contains(corner), "\(corner)") }
    }

    @Test func pointsThatAnAxisCannotShowAreLeftOut() {
        let svg = plot([(0, 1), (1, .nan), (2, 0), (3, 10)])
        #expect(!svg.contains("nan") && !svg.contains("inf"))
    }
}
