import MPI
import Platform
import TestSupport
import Testing

@testable import Evaluation

@Suite struct BootstrapTests {
    private func classRows(_ count: Int, _ data: inout SampleData, share: Double = 0.4) -> [Bootstrap.Row] {
        (0..<count).map { _ in
            let isOne = (data.next() + 1) / 2 < share
            let score = data.next() * 2 + (isOne ? 0.8 : -0.8)
            let margin = isOne ? score : -score
            return Bootstrap.Row(
                output: Float(score), label: isOne ? 1 : 0, loss: Float(log1p(exp(-margin))), weight: 1)
        }
    }

    /// Rows drawn once each give the figures themselves.
    @Test func figuresOfAllRowsAreTheFigures() throws {
        var data = SampleData(seed: 3)
        let rows = classRows(200, &data)
        let kind = Bootstrap.Kind.twoClasses(hasProbabilities: true, callsTies: false)
        let made = try Bootstrap(kind, rows, count: rows.count, communicator: SoloCommunicator())
        let bootstrap = try #require(made)
        let figures = Dictionary(
            uniqueKeysWithValues: zip(kind.names, bootstrap.figures([Double](repeating: 1, count: rows.count))))
        let area = try AreaUnderCurve.measure(
            scores: rows.map(\.output), signedWeights: rows.map { $0.label == 1 ? 1 : -1 },
            communicator: SoloCommunicator())
        let right = rows.count { ($0.output > 0) == ($0.label == 1) }
        let called = rows.filter { $0.output > 0 }
        let hits = Double(called.count { $0.label == 1 })
        let ones = Double(rows.count { $0.label == 1 })
        #expect(figures["accuracy"] == Double(right) / 200)
        #expect(abs((figures["auc"] ?? 0) - (area.value ?? 1)) < 1e-12)
        #expect(abs((figures["averagePrecision"] ?? 0) - (area.averagePrecisions?[1] ?? 1)) < 1e-12)
        #expect(figures["precision"] == hits / Double(called.count) && figures["recall"] == hits / ones)
        let f1 = 2 * hits / (Double(called.count) + ones)
        #expect(abs((figures["f1"] ?? 0) - f1) < 1e-12)
        let loss = rows.reduce(0.0) { $0 + Double($1.loss) } / 200
        #expect(abs((figures["logLoss"] ?? 0) - loss) < 1e-9)
        let brier = rows.reduce(0.0) { sum, row in
            let error = 1 / (1 + exp(-Double(row.output))) - Double(row.label)
            return sum + error * error
        }
        #expect(abs((figures["brier"] ?? 0) - brier / 200) < 1e-6)
    }

    /// Of many sets of rows the interval holds the value of all rows in nine of ten at least; 95 % are aimed at.
    @Test func intervalsHoldWhatTheySay() throws {
        var data = SampleData(seed: 7)
        let all = classRows(40_000, &data)
        let truth = Double(all.count { ($0.output > 0) == ($0.label == 1) }) / Double(all.count)
        let loss = all.reduce(0.0) { $0 + Double($1.loss) } / Double(all.count)
        var held = (accuracy: 0, loss: 0)
        let kind = Bootstrap.Kind.twoClasses(hasProbabilities: true, callsTies: false)
        for part in 0..<60 {
            let rows = Array(all[part * 120..<(part + 1) * 120])
            let bootstrap = try Bootstrap(kind, rows, count: rows.count, communicator: SoloCommunicator())
            let intervals = try bootstrap?.intervals(SoloCommunicator()) ?? [:]
            let (accuracy, logLoss) = (try #require(intervals["accuracy"]), try #require(intervals["logLoss"]))
            held.accuracy += accuracy.low <= truth && truth <= accuracy.high ? 1 : 0
            held.loss += logLoss.low <= loss && loss <= logLoss.high ? 1 : 0
            #expect(accuracy.high - accuracy.low < 0.2)
        }
        #expect(held.accuracy >= 53 && held.loss >= 53, "\(held)")
    }

    /// Of more rows the deviation of fewer draws is told: that of a share is known.
    @Test func manyRowsHaveTheIntervalOfAShare() throws {
        var data = SampleData(seed: 11)
        let rows = classRows(4000, &data)
        let kind = Bootstrap.Kind.twoClasses(hasProbabilities: true, callsTies: false)
        let bootstrap = try Bootstrap(kind, rows, count: rows.count, communicator: SoloCommunicator())
        let found = try bootstrap?.intervals(SoloCommunicator())["accuracy"]
        let accuracy = Double(rows.count { ($0.output > 0) == ($0.label == 1) }) / 4000
        let half = 1.96 * (accuracy * (1 - accuracy) / 4000).squareRoot()
        let interval = try #require(found)
        #expect(abs((interval.low + interval.high) / 2 - accuracy) < 0.3 * half)
        #expect(abs((interval.high - interval.low) / 2 / half - 1) < 0.25)
    }

    @Test(arguments: [1, 2, 3, 4]) func ranksFindTheSame(ranks: Int) throws {
        var data = SampleData(seed: 5)
        let rows = classRows(150, &data)
        let values = rows.map { Bootstrap.Row(output: $0.output, label: $0.output + $0.loss, loss: 0, weight: 2) }
        for (kind, rows) in [
            (Bootstrap.Kind.twoClasses(hasProbabilities: true, callsTies: true), rows),
            (
                .classes(count: 2, hasProbabilities: true),
                rows.map { Bootstrap.Row(output: $0.output > 0 ? 1 : 0, label: $0.label, loss: $0.loss, weight: 1) }
            ),
            (.values(scale: 3), values),
        ] {
            let solo = try Bootstrap(kind, rows, count: 150, communicator: SoloCommunicator())
            let alone = try solo?.intervals(SoloCommunicator()) ?? [:]
            #expect(alone.count == kind.names.count)
            let found = ThreadCommunicator.run(ranks: ranks) { world in
                let own = rows.indices.filter { $0 % world.size == world.rank }.map { rows[$0] }
                return try Bootstrap(kind, own, count: 150, communicator: world)?.intervals(world)
            }
            for part in found { #expect(try part.get() == alone) }
        }
    }

    @Test func fewOrEqualRowsHaveNone() throws {
        let row = Bootstrap.Row(output: 1, label: 1, loss: 0.1, weight: 1)
        let kind = Bootstrap.Kind.twoClasses(hasProbabilities: true, callsTies: false)
        let solo = SoloCommunicator()
        #expect(try Bootstrap(kind, [row], count: 1, communicator: solo) == nil)
        let same = [Bootstrap.Row](repeating: row, count: 50)
        #expect(try Bootstrap(kind, same, count: 50, communicator: solo)?.intervals(solo).isEmpty == true)
    }
}
