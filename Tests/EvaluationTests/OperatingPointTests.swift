import MPI
import Platform
import TestSupport
import Testing

@testable import Evaluation

/// Thresholds, calibration and intervals beside their definitions.
@Suite struct OperatingPointTests {
    private func rows(_ count: Int, seed: UInt64, ties: Bool) -> [(score: Float, weight: Float)] {
        var data = SampleData(seed: seed)
        return (0..<count).map { _ in
            let score = Float(ties ? (data.next() * 6).rounded() / 2 : data.next() * 3)
            let isOne = data.next() + 1 < 2 / (1 + exp(-Double(score) + 1))
            return (score, Float(isOne ? 1 : -1) * Float(1 + (data.next() > 0 ? 1 : 0)))
        }
    }

    private func measure(
        _ rows: [(score: Float, weight: Float)], one: Bool, largestExact: Int = 1000
    ) throws -> OperatingPoints {
        let area = try AreaUnderCurve.measure(
            scores: rows.map(\.score), signedWeights: rows.map(\.weight),
            for: OperatingPoints.Builder(looksForOne: one, hasProbabilities: true), communicator: SoloCommunicator(),
            largestExact: largestExact)
        return try #require(area.operation)
    }

    /// For each threshold the rows at or above it are counted one by one.
    @Test(arguments: [true, false], [true, false]) func pointsAreWhatTheySay(one: Bool, ties: Bool) throws {
        for seed in 1...5 {
            let rows = rows(400, seed: UInt64(seed), ties: ties)
            let points = try measure(rows, one: one)
            func probability(_ score: Float) -> Double { 1 / (1 + exp(-Double(one ? score : -score))) }
            let all = rows.reduce(0.0) { $0 + Double(abs($1.weight)) }
            func isWanted(_ weight: Float) -> Bool { (weight > 0) == one }
            let wanted = rows.reduce(0.0) { $0 + (isWanted($1.weight) ? Double(abs($1.weight)) : 0) }
            let shown = points.points + [points.usual, points.best].compactMap { $0 }
            #expect(points.best != nil && !points.points.isEmpty)
            for point in shown {
                let called = rows.filter { probability($0.score) >= point.threshold }
                let weight = called.reduce(0.0) { $0 + Double(abs($1.weight)) }
                let hits = called.reduce(0.0) { $0 + (isWanted($1.weight) ? Double(abs($1.weight)) : 0) }
                #expect(abs(point.called - weight / all) < 1e-12)
                #expect(abs(point.precision - hits / weight) < 1e-12)
                #expect(abs(point.recall - hits / wanted) < 1e-12)
            }
            let usual = try #require(points.usual)
            let asDecided = rows.filter { one ? $0.score > 0 : $0.score <= 0 }
            #expect(abs(usual.called - asDecided.reduce(0.0) { $0 + Double(abs($1.weight)) } / all) < 1e-12)
            for threshold in Set(rows.map { probability($0.score) }) {
                let called = rows.filter { probability($0.score) >= threshold }
                let hits = called.reduce(0.0) { $0 + (isWanted($1.weight) ? Double(abs($1.weight)) : 0) }
                let f1 = 2 * hits / (called.reduce(0.0) { $0 + Double(abs($1.weight)) } + wanted)
                #expect(f1 <= (points.best?.f1 ?? 0) + 1e-12)
            }
            if !ties {
                for (point, share) in zip(points.points, OperatingPoints.shares) {
                    #expect(abs(point.called - share) < 0.01)
                }
            }
        }
    }

    @Test func tenthsHoldAllRows() throws {
        for ties in [true, false] {
            let rows = rows(1000, seed: 8, ties: ties)
            let points = try measure(rows, one: true)
            let all = rows.reduce(0.0) { $0 + Double(abs($1.weight)) }
            let positives = rows.reduce(0.0) { $0 + Double(max(0, $1.weight)) }
            let tenths = points.calibration
            #expect(abs(tenths.reduce(0) { $0 + $1.rows } - all) < 1e-9)
            #expect(abs(tenths.reduce(0) { $0 + $1.rows * $1.observed } - positives) < 1e-9)
            let predicted = rows.reduce(0.0) { $0 + Double(abs($1.weight)) / (1 + exp(-Double($1.score))) }
            #expect(abs(tenths.reduce(0) { $0 + $1.rows * $1.predicted } - predicted) < 1e-6)
            #expect(tenths.map(\.predicted) == tenths.map(\.predicted).sorted())
            #expect(ties ? tenths.count <= 10 : tenths.count == 10)
            if !ties { #expect(tenths.allSatisfy { abs($0.rows - all / 10) < 4 }) }
        }
    }

    /// From bins as from the rows, but for their width.
    @Test func manyRowsAreCountedInBins() throws {
        let rows = rows(2000, seed: 4, ties: false)
        for one in [true, false] {
            let (exact, binned) = (
                try measure(rows, one: one, largestExact: 10_000), try measure(rows, one: one, largestExact: 10)
            )
            for (first, second) in zip(exact.points, binned.points) {
                #expect(abs(first.called - second.called) < 0.01 && abs(first.recall - second.recall) < 0.02)
                #expect(abs(first.threshold - second.threshold) < 0.01)
            }
        }
    }

    @Test func whatIsStoredIsReadBack() throws {
        let points = try measure(rows(300, seed: 2, ties: true), one: false)
        let read = OperatingPoints(json: points.json)
        #expect(read.json == points.json && read.points.count == points.points.count)
        #expect(read.calibration.count == points.calibration.count)
    }
}
