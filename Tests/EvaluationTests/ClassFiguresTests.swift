import MPI
import Platform
import TestSupport
import Testing

@testable import Evaluation

/// Figures of classes beside their definitions, row by row.
@Suite struct ClassFiguresTests {
    private struct Row: Sendable {
        var label: Int
        var predicted: Int
        var weight: Double
    }

    private func rows(_ data: inout SampleData, classes: Int, isWeighted: Bool) -> [Row] {
        func pick(_ count: Int) -> Int { min(count - 1, Int((data.next() + 1) / 2 * Double(count))) }
        // Some classes never occur, or all rows are of one.
        let used = 1 + pick(classes)
        return (0..<(1 + pick(80))).map { _ in
            let label = pick(used)
            let predicted = data.next() > -0.2 ? label : pick(classes)
            return Row(label: label, predicted: predicted, weight: isWeighted ? Double(Float(data.next() + 1.01)) : 1)
        }
    }

    private func figures(_ rows: [Row], classes: Int, isWeighted: Bool, ranks: Int) throws -> [ClassFigures] {
        try ThreadCommunicator.run(ranks: ranks) { communicator in
            var tally = ClassFigures.Tally(classes: classes, isWeighted: isWeighted)
            for (index, row) in rows.enumerated() where index % ranks == communicator.rank {
                tally.add(label: row.label, predicted: row.predicted, weight: row.weight)
            }
            return try tally.total(communicator)
        }.map { try $0.get() }
    }

    private func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) < 1e-9 }

    @Test(arguments: [2, 3, 7], [false, true]) func areWhatTheyAreDefinedAs(classes: Int, isWeighted: Bool) throws {
        var data = SampleData(seed: UInt64(classes))
        for _ in 0..<60 {
            let rows = rows(&data, classes: classes, isWeighted: isWeighted)
            let found = try figures(rows, classes: classes, isWeighted: isWeighted, ranks: 1)[0]
            func sum(_ isCounted: (Row) -> Bool) -> Double { rows.reduce(0) { $0 + (isCounted($1) ? $1.weight : 0) } }
            let all = sum { _ in true }
            var recalls: [Double] = []
            var present: [(f1: Double, share: Double)] = []
            for index in 0..<classes {
                let right = sum { $0.label == index && $0.predicted == index }
                let labelled = sum { $0.label == index }
                let predicted = sum { $0.predicted == index }
                let precision = predicted > 0 ? right / predicted : 0
                let recall = labelled > 0 ? right / labelled : 0
                let f1 = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
                #expect(near(found.precision(index), precision) && near(found.recall(index), recall))
                #expect(near(found.f1(index), f1))
                if labelled > 0 { recalls.append(recall) }
                if labelled > 0 || predicted > 0 { present.append((f1, labelled / all)) }
            }
            #expect(near(found.balancedAccuracy, recalls.reduce(0, +) / Double(recalls.count)))
            #expect(near(found.macro.f1, present.reduce(0) { $0 + $1.f1 } / Double(present.count)))
            #expect(near(found.weighted.f1, present.reduce(0) { $0 + $1.f1 * $1.share }))
            let shares = (0..<classes).map { index in sum { $0.label == index } / all }
            #expect(near(found.baseline.accuracy ?? -1, shares.max() ?? 0))
            let entropy = shares.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
            #expect(near(found.baseline.logLoss ?? -1, entropy))
            #expect(shares[found.commonest] == shares.max() && shares[found.rarest] == shares.min())
            #expect(ClassFigures(json: found.json)?.classes == classes)
            // The same bits on any number of ranks.
            for ranks in 2...4 {
                let others = try figures(rows, classes: classes, isWeighted: isWeighted, ranks: ranks)
                #expect(others.allSatisfy { $0 == found })
            }
        }
    }

    /// Σ (R_k − R_{k−1}) P_k, threshold after threshold.
    private func averagePrecision(_ rows: [(score: Float, isWanted: Bool, weight: Double)]) -> Double {
        let all = rows.reduce(0) { $0 + ($1.isWanted ? $1.weight : 0) }
        var area = 0.0
        var recall = 0.0
        for threshold in Set(rows.map(\.score)).sorted(by: >) {
            let called = rows.filter { $0.score >= threshold }
            let right = called.reduce(0) { $0 + ($1.isWanted ? $1.weight : 0) }
            area += (right / all - recall) * right / called.reduce(0) { $0 + $1.weight }
            recall = right / all
        }
        return area
    }

    @Test(arguments: [false, true]) func averagePrecisionIsItsDefinition(isWeighted: Bool) throws {
        var data = SampleData(seed: 31)
        for round in 0..<60 {
            var (scores, weights): ([Float], [Float]) = ([], [])
            for index in 0..<(4 + round) {
                let isPositive = index == 0 || index > 1 && data.next() > 0.3
                let score = data.next() + (isPositive ? 0.4 : 0)
                scores.append(Float(round % 2 == 0 ? (score * 4).rounded() : score))
                weights.append(Float((isWeighted ? data.next() + 1.01 : 1) * (isPositive ? 1 : -1)))
            }
            let all = (scores, weights)
            let found = try (1...4).map { ranks in
                try ThreadCommunicator.run(ranks: ranks) { communicator in
                    let (scores, weights) = all
                    let own = scores.indices.filter { $0 % ranks == communicator.rank }
                    return try AreaUnderCurve.measure(
                        scores: own.map { scores[$0] }, signedWeights: own.map { weights[$0] },
                        communicator: communicator)
                }.map { try $0.get() }
            }
            let alone = found[0][0]
            let areas = try #require(alone.averagePrecisions)
            let rows = zip(scores, weights).map { (score: $0, isPositive: $1 > 0, weight: Double(abs($1))) }
            #expect(near(areas[1], averagePrecision(rows.map { ($0.score, $0.isPositive, $0.weight) })))
            #expect(near(areas[0], averagePrecision(rows.map { (-$0.score, !$0.isPositive, $0.weight) })))
            for ranks in found.joined() {
                #expect(ranks.value == alone.value && ranks.averagePrecisions == alone.averagePrecisions)
            }
        }
    }

    @Test func aModelThatIsWorthNothingIsToldFirst() throws {
        let classes = ["bad", "good"]
        func quality(_ text: String) throws -> Quality { try #require(Quality(json: try JSON(text: text))) }
        let useless = try quality(
            #"{"rows": 1000, "loss": 0.15, "accuracy": 0.95, "logLoss": 0.15, "baseline": {"commonestShare": 0.951, "commonestClass": 1, "entropy": 0.195}}"#
        )
        #expect(useless.beatsBaseline == false)
        let verdict = try #require(useless.verdict(rows: "test rows", classes: classes))
        #expect(
            verdict.hasPrefix(
                "The model's answers are no better than always answering good: it is right on 95.0 % of the 1,000 test rows, that "
                    + "answer on 95.1 %."), "\(verdict)")
        #expect(verdict.hasSuffix("95.1 %."), "\(verdict)")
        // What it is good for all the same.
        let ranking = try quality(
            #"{"rows": 1000, "loss": 0.15, "accuracy": 0.95, "auc": 0.713, "positive": 0, "precision": 0, "recall": 0, "f1": 0, "baseline": {"commonestShare": 0.951, "commonestClass": 1}}"#
        )
        let words = try #require(ranking.verdict(rows: "test rows", classes: classes))
        #expect(
            words.hasSuffix(
                "it scores the first higher 71 % of the times (area under the ROC curve; 50 % is guessing)."),
            "\(words)")
        // So few rows may be chance.
        let unsure = try quality(
            #"{"rows": 100, "loss": 1, "accuracy": 0.96, "baseline": {"commonestShare": 0.951, "commonestClass": 1}, "lead": {"value": 0.009, "standardError": 0.02}}"#
        )
        #expect(
            unsure.mayBeChance && unsure.verdict(rows: "rows", classes: classes)?.contains("cannot be told") == true)
        let useful = try quality(#"{"rows": 9, "loss": 1, "accuracy": 0.96, "baseline": {"commonestShare": 0.951}}"#)
        #expect(useful.beatsBaseline == true && useful.verdict(rows: "rows", classes: classes) == nil)
        let flat = try quality(#"{"rows": 9, "loss": 1, "rmse": 2.5, "baseline": {"standardDeviation": 2.5}}"#)
        #expect(flat.verdict(rows: "rows", classes: []) != nil)
        // Runs of before say nothing about it.
        #expect(try quality(#"{"rows": 9, "loss": 1, "accuracy": 0.96}"#).beatsBaseline == nil)
    }
}
