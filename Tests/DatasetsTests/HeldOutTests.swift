import MPI
import TestSupport
import Testing

@testable import Datasets

/// Rows held back for a test, weights of classes, and the positive class.
@Suite struct HeldOutTests {
    static let rows = 4000

    /// Labels: 10 rows of "rare", 1 of "one", a third of the rest "b", else "a". The feature is the row's number.
    static func text() -> String {
        "x,y\n"
            + (0..<rows).map { row in
                let label = row == 77 ? "one" : row % 400 == 5 ? "rare" : row % 3 == 0 ? "b" : "a"
                return "\(row),\(label)\n"
            }.joined()
    }

    /// The numbers of the rows held back, with their labels, and how many are left.
    static func split(
        _ path: String, share: Double, seed: UInt64 = 0, isStratified: Bool = true, ranks: Int
    ) throws -> (held: [Double: String], left: Int) {
        let parts = try onRanks(ranks) { communicator in
            let table = try DistributedTable.read([path], communicator: communicator)
            let (training, held) = try table.split(holding: share, seed: seed, isStratified: isStratified)
            #expect(training.rows + held.rows == rows)
            let numbers = held.blocks.map { $0.compressed() }.flatMap { block in
                (0..<block.rows).map { row -> (Double, String) in
                    let entries = block.rowOffsets[row]..<block.rowOffsets[row + 1]
                    return (
                        entries.isEmpty ? 0 : block.values[entries.lowerBound], held.labelNames[Int(block.labels[row])]
                    )
                }
            }
            let firsts = training.blocks.map { [$0.firstRow, $0.rows] }
            return (numbers, training.rows, firsts)
        }
        // The rows left are numbered without gaps.
        var next = 0
        for block in parts.flatMap(\.2).sorted(by: { $0[0] < $1[0] }) {
            #expect(block[0] == next)
            next += block[1]
        }
        #expect(next == parts[0].1)
        return (Dictionary(uniqueKeysWithValues: parts.flatMap(\.0)), parts[0].1)
    }

    @Test(arguments: [0.2, 0.5, 0.9]) func theShareIsThatOfEveryClass(share: Double) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("t.csv", Self.text())
        let one = try Self.split(path, share: share, ranks: 1)
        for ranks in [2, 3, 4] { #expect(try Self.split(path, share: share, ranks: ranks).held == one.held) }
        let counts = one.held.values.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
        #expect(counts["one"] == nil)
        #expect(counts["rare"] == min(9, Int((share * 10).rounded())))
        #expect(counts["b"] == Int((share * 1331).rounded()))
        #expect(counts["a"] == Int((share * 2658).rounded()))
        #expect(one.left == Self.rows - one.held.count)
        #expect(try Self.split(path, share: share, seed: 1, ranks: 2).held != one.held)
    }

    @Test func withoutClassesTheShareIsExact() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("t.csv", Self.text())
        let one = try Self.split(path, share: 0.3, isStratified: false, ranks: 1)
        #expect(one.held.count == 1200)
        // Spread over the file: the mean number is the middle but for a few standard errors.
        let mean = one.held.keys.reduce(0, +) / 1200
        #expect(abs(mean - 2000) < 4 * 1155 / 1200.0.squareRoot())
        #expect(try Self.split(path, share: 0.3, isStratified: false, ranks: 3).held == one.held)
    }

    @Test func aShareThatLeavesNothingIsRefused() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("t.csv", "x,y\n1,a\n2,b\n3,a\n")
        let said = messages(2) { communicator in
            try DistributedTable.read([path], communicator: communicator)
                .split(holding: 0.01, seed: 0, isStratified: true).held.rows
        }
        #expect(said.allSatisfy { $0.contains("leaves 3 to train on and 0 to test on") }, "\(said)")
    }

    @Test func classWeights() throws {
        #expect(ClassWeights("balanced") == .balanced)
        #expect(ClassWeights("a=1,b=2.5") == .listed([("a", 1), ("b", 2.5)]))
        #expect(ClassWeights("a=b=2") == .listed([("a=b", 2)]))
        for text in ["", "a", "a=", "a=0", "a=-1", "a=nan", "=1", "a=1,a=2", "a=inf"] {
            #expect(ClassWeights(text) == nil, "\(text)")
        }
        let folder = try TemporaryFolder()
        let path = try folder.write("t.csv", Self.text())
        for ranks in [1, 3] {
            let weights = try onRanks(ranks) { communicator in
                let table = try DistributedTable.read([path], communicator: communicator)
                try table.weigh(.balanced)
                return table.blocks.flatMap { block in zip(block.labels, block.weights).map { ($0, $1) } }
            }.joined()
            // Σ over every class is N / C.
            let sums = weights.reduce(into: [Double: Double]()) { $0[$1.0, default: 0] += $1.1 }
            #expect(sums.count == 4 && sums.values.allSatisfy { abs($0 - 1000) < 1e-9 })
        }
        let said = messages(2) { communicator in
            let table = try DistributedTable.read([path], communicator: communicator)
            try table.weigh(.listed([("c", 2)]))
        }
        #expect(said.allSatisfy { $0 == "`classWeight` c: the classes are a, b, one, rare" }, "\(said)")
    }

    /// Weights of classes and a column of weights multiply; numbers match by value.
    @Test func weightsMultiply() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("t.csv", "x,w,y\n1,2,0\n2,3,1\n3,5,0\n")
        var options = ReadOptions()
        options.weight = "w"
        let table = try DistributedTable.read([path], options: options, communicator: SoloCommunicator())
        try table.weigh(.listed([("1.0", 10)]))
        #expect(table.blocks.flatMap(\.weights) == [2, 30, 5])
    }

    @Test func positive() throws {
        let summary = LabelSummary([0, 1, 1])
        #expect(try LabelEncoding(.classes, summary: summary, names: [], positive: "0.0") == .classes(["1", "0"]))
        #expect(try LabelEncoding(.classes, summary: summary, names: [], positive: "1") == .classes(["0", "1"]))
        let reversed = try LabelEncoding(.classes, summary: summary, names: [], positive: "0")
        #expect(reversed.counts(summary, names: []) == [2, 1])
        for (kind, labels, word) in [
            (LabelKind.classes, [0.0, 1], "the classes are 0 and 1"), (.classes, [0, 1, 2], "there are 3"),
            (.values, [0, 1], "the labels are numbers"),
        ] {
            let said = message { _ = try LabelEncoding(kind, summary: LabelSummary(labels), names: [], positive: "7") }
            #expect(said.contains(word), "\(said)")
        }
    }

    /// A class for every second row or more is none.
    @Test func textsThatDifferRowByRowAreNoClasses() throws {
        let names = (0..<60).map { "name \($0)" }
        func encode(_ classes: Int, rows: Int) throws -> LabelEncoding {
            let summary = LabelSummary((0..<rows).map { Double($0 % classes) }, areText: true)
            return try LabelEncoding(.classes, summary: summary, names: Array(names[..<classes]))
        }
        #expect(message { _ = try encode(60, rows: 100) }.contains("the labels are 60 different texts in 100 rows"))
        #expect(try encode(50, rows: 100).classCount == 50)
        #expect(try encode(20, rows: 20).classCount == 20)
    }
}
