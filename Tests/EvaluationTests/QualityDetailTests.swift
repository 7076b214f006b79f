import MPI
import Platform
import TestSupport
import Testing

@testable import Evaluation

@Suite struct QualityDetailTests {
    /// Beside the definition: for every threshold the shares of rows at or above it.
    @Test func theROCCurveRunsThroughItsDefinition() throws {
        var data = SampleData(seed: 5)
        var rows: [(score: Float, isPositive: Bool)] = []
        for _ in 0..<500 {
            let isPositive = data.next() > 0.4
            // Few distinct scores, so that there are ties.
            rows.append((Float(((data.next() + (isPositive ? 0.5 : 0)) * 20).rounded()), isPositive))
        }
        let area = try AreaUnderCurve.measure(
            scores: rows.map(\.score), signedWeights: rows.map { $0.isPositive ? 2 : -2 },
            communicator: SoloCommunicator())
        let curve = try #require(area.curve)
        var expected: [(x: Double, y: Double)] = [(0, 0)]
        let positives = Double(rows.count { $0.isPositive })
        let negatives = Double(rows.count) - positives
        for threshold in Set(rows.map(\.score)).sorted(by: >) {
            let above = rows.filter { $0.score >= threshold }
            let hits = Double(above.count { $0.isPositive })
            expected.append(((Double(above.count) - hits) / negatives, hits / positives))
        }
        #expect(curve.falsePositives.count == curve.truePositives.count)
        #expect(curve.falsePositives.first == 0 && curve.truePositives.first == 0)
        #expect(curve.falsePositives.last == 1 && curve.truePositives.last == 1)
        for (x, y) in zip(curve.falsePositives, curve.truePositives) {
            #expect(expected.contains { abs($0.x - x) < 1e-9 && abs($0.y - y) < 1e-9 }, "(\(x), \(y))")
        }
        // What was left out changes the area little.
        var below = 0.0
        for index in 1..<curve.falsePositives.count {
            below +=
                (curve.falsePositives[index] - curve.falsePositives[index - 1])
                * (curve.truePositives[index] + curve.truePositives[index - 1]) / 2
        }
        #expect(abs(below - (area.value ?? 0)) < 0.01)
    }

    @Test func aROCCurveOfOneClassIsNone() throws {
        let area = try AreaUnderCurve.measure(
            scores: [1, 2], signedWeights: [1, 1], communicator: SoloCommunicator())
        #expect(area.value == nil && area.curve == nil)
    }

    /// A million scores make a small curve.
    @Test func longROCCurvesAreThinned() {
        var builder = ROCCurve.Builder(positives: 50_000, negatives: 50_000)
        for step in 0..<100_000 { builder.add(positive: step % 2 == 0 ? 1 : 0, negative: step % 2 == 1 ? 1 : 0) }
        #expect((builder.curve?.falsePositives.count ?? 0) <= 110)
    }

    @Test func mistakesAreCounted() throws {
        var matrix = try #require(ConfusionMatrix(classes: 3))
        matrix.add(label: 0, predicted: 2, weight: 1)
        matrix.add(label: 0, predicted: 2, weight: 1.5)
        matrix.add(label: 1, predicted: 1, weight: 4)
        #expect(JSON.object(matrix.members).text == #"{"confusion":[[0,0,2.5],[0,4,0],[0,0,0]]}"#)
        var many = try #require(ConfusionMatrix(classes: 101))
        many.add(label: 7, predicted: 100, weight: 3)
        many.add(label: 100, predicted: 7, weight: 5)
        many.add(label: 1, predicted: 1, weight: 9)
        #expect(
            JSON.object(many.members).text
                == #"{"mistakes":[{"label":100,"predicted":7,"rows":5},{"label":7,"predicted":100,"rows":3}]}"#)
        #expect(ConfusionMatrix(classes: 5000) == nil)
    }

    @Test(arguments: [1, 2, 3]) func residualsAreMapped(ranks: Int) throws {
        // Residuals −1 … 1 at predictions 0 … 10, one far out.
        let rows = (0...1000).map { index in
            let share = Double(index) / 1000
            return ResidualMap.Value(prediction: 10 * share, residual: index == 500 ? 1000 : 2 * share - 1, weight: 1)
        }
        let maps = try ThreadCommunicator.run(ranks: ranks) { communicator in
            let own = rows.enumerated().filter { $0.offset % ranks == communicator.rank }.map(\.element)
            return try ResidualMap(own, rmse: 0.5, communicator: communicator)
        }.map { try $0.get() }
        for map in maps {
            #expect(map == maps[0])
            #expect(map.predictions == 0...10)
            #expect(abs(map.residuals.lowerBound + 1) < 1e-6 && map.residuals.upperBound == 2.5)
            #expect(map.counts.reduce(0, +) == 1001)
            #expect(map.counts[(ResidualMap.cells - 1) * ResidualMap.cells + ResidualMap.cells / 2] == 1)
            for (level, found) in zip([0.05, 0.25, 0.5, 0.75, 0.95], map.quantiles) {
                #expect(abs(found - (2 * level - 1)) < 0.01)
            }
        }
    }

    @Test func residualsThatAreAllAlikeHaveARange() throws {
        let map = try ResidualMap(
            [ResidualMap.Value(prediction: 3, residual: 0, weight: 1)], rmse: 0, communicator: SoloCommunicator())
        #expect(map.residuals.contains(0) && map.predictions.contains(3))
        #expect(map.counts.reduce(0, +) == 1)
    }
}
