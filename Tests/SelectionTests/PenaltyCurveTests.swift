import Platform
import Testing

@testable import Selection

@Suite("What a curve of held-out losses says")
struct PenaltyCurveTests {
    /// Losses with standard error 0.1, differences to the least with 0.01.
    private func curve(_ losses: [Double], tolerance: Double = 1e-3, rule: PenaltyCurve.Rule = .best) -> PenaltyCurve {
        let least = losses.min() ?? 0
        let points = losses.enumerated().map { index, loss in
            PenaltyCurve.Point(
                l2: Double(sign: .plus, exponent: -index, significand: 1), loss: loss, standardError: 0.1,
                excess: loss - least, excessError: 0.01)
        }
        return PenaltyCurve(points: points, folds: 5, trainedRows: 100, tolerance: tolerance, rule: rule, end: .grid)
    }

    @Test("The least loss is best, of equal ones that of the largest λ")
    func best() {
        #expect(curve([3, 2, 1, 1, 2]).best == 2)
        #expect(curve([3, 2, 1, 1, 2]).l2 == 0.25)
        #expect(curve([1]).chosen == 0)
    }

    @Test("Of λ that differ by less than the models' own accuracy the largest is taken")
    func resolution() {
        #expect(curve([2, 1.0009, 1.0002, 1], tolerance: 0.01).chosen == 1)
        #expect(curve([2, 1.0009, 1.0002, 1], tolerance: 0.003).chosen == 2)
        #expect(curve([2, 1.0009, 1.0002, 1], tolerance: 0).chosen == 3)
    }

    @Test("One standard error takes the largest λ that is as near")
    func oneStandardError() {
        #expect(curve([2, 1.09, 1.05, 1], rule: .oneStandardError).chosen == 1)
        #expect(curve([2, 1.11, 1.05, 1], rule: .oneStandardError).chosen == 2)
    }

    @Test("What is as good stands around the best, without a gap")
    func equals() {
        #expect(curve([1.005, 2, 1.005, 1, 1.009, 1.02], tolerance: 0).equals == 2...4)
        // Losses without bound tell nothing, and are not as good for that.
        var wild = curve([2, 1, .infinity], tolerance: 0)
        (wild.points[2].excess, wild.points[2].excessError) = (.infinity, .infinity)
        (wild.points[0].excess, wild.points[0].excessError) = (1, 50)
        #expect(wild.equals == 1...1)
        #expect(curve([1.005, 1.04, 1.005, 1, 1.009, 1.02], tolerance: 0.05).equals == 0...5)
    }

    @Test("Losses rise where they are above the least beyond doubt at a tenth of its λ")
    func rising() {
        #expect(!curve([2, 1, 1.5, 1.6], tolerance: 1e-3).isRising)
        #expect(curve([2, 1, 1, 1.5, 1.6, 1.7], tolerance: 1e-3).isRising)
        #expect(!curve([2, 1, 1, 1.5, 1.6], tolerance: 1e-3).isRising)
        #expect(curve([1, 1.5, 1.5, 1.5, 1.6], tolerance: 1e-3).isRising)
        #expect(!curve([1, 1.5, 1.5, 1.5, 1.015], tolerance: 1e-3).isRising)
        #expect(!curve([1, 1.5, 1.5, 1.5, 1.6], tolerance: 0.7).isRising)
        #expect(curve([1, 1.5, 1.5, 1.5, .infinity], tolerance: 1e-3).isRising)
    }

    @Test("A level end spans ten times the last λ")
    func level() {
        #expect(curve([3, 1, 1.001, 1, 1.0005], tolerance: 0.011).isLevel)
        #expect(!curve([3, 1, 1.002, 1, 1.0005], tolerance: 0.011).isLevel)
        #expect(!curve([1, 1, 1]).isLevel)
    }

    @Test("JSON and back, also of losses that are not finite")
    func json() throws {
        var curve = curve([3, 1, .infinity], rule: .oneStandardError)
        curve.points[2].excessError = .infinity
        let text = curve.json.indentedText
        #expect(PenaltyCurve(json: try JSON(text: text)) == curve)
        #expect(
            PenaltyCurve(
                json: try JSON(
                    text:
                        #"{"rule": "best", "end": "flat", "folds": 5, "trainedRows": 9, "tolerance": 0, "points": []}"#)
            ) == nil)
        #expect(PenaltyCurve(json: try JSON(text: #"{"points": 3}"#)) == nil)
    }

    @Test("Sentences name the choice, the range that is as good, and what was not tried")
    func words() {
        let text = curve([3, 1.005, 1, 1.5], tolerance: 0.01).explanation
        #expect(text.contains("λ = 0.25 by cross-validation in 5 folds"))
        #expect(text.contains("Every λ from 0.25 to 0.5 is as good"))
        #expect(curve([3, 2, 1], tolerance: 0).explanation.contains("smallest of the values"))
        #expect(
            curve([3, 1.05, 1], tolerance: 0, rule: .oneStandardError).explanation.contains("within a standard error"))
    }

    @Test("The grid runs by powers of ten to a thousandth of a row's weight")
    func grid() {
        #expect(PenaltyGrid(decadesFor: 1000, squaredNorm: 30).values == [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6])
        #expect(PenaltyGrid(decadesFor: 20, squaredNorm: 4).values == [0.1, 0.01, 1e-3, 1e-4, 1e-5])
        for norm in [0, .nan, 1e-12, 1e15, 1e300, .infinity] {
            let values = PenaltyGrid(decadesFor: 1, squaredNorm: norm).values
            #expect(values.count >= 3 && values.allSatisfy { $0 > 0 && $0.isFinite } && values == values.sorted(by: >))
        }
        #expect(PenaltyGrid([0.1, 10, 1]).values == [10, 1, 0.1])
        #expect(PenaltyGrid.rounded(2 * 1e-3) == 0.002 && PenaltyGrid.rounded(0.2 * 1e-7) == 2e-8)
    }
}
