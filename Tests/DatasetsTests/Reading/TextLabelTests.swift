import Testing

@testable import Datasets

/// Labels that arrays hold as texts become what the same texts in a CSV file become.
@Suite struct TextLabelTests {
    /// Classes and labels, from arrays of both types and of both orders, and from CSV.
    private func expectTheSame(
        _ labels: [String], ranks: Int, _ change: (inout ReadOptions) -> Void = { _ in },
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let folder = try TemporaryFolder()
        let rows = labels.indices.map { [Float($0), 1] }
        let text = zip(rows, labels).map { "\(Int($0[0])),1,\($1)\n" }.joined()
        let csv = try folder.write("a.csv", "a,b,y\n" + text)
        let x = NPYTests.npy("<f4", shape: "(\(labels.count), 2)", data: NPYTests.bytes(rows.flatMap { $0 }))
        let width = labels.map { $0.utf8.count }.max() ?? 1
        func texts(_ element: (String) -> [UInt8], _ size: Int) -> [UInt8] {
            labels.flatMap { element($0) + [UInt8](repeating: 0, count: size - element($0).count) }
        }
        let variants: [(String, [UInt8])] = [
            ("|S\(width)", texts({ Array($0.utf8) }, width)),
            ("<U\(width)", texts({ $0.unicodeScalars.flatMap { ArrayBytes.littleEndian($0.value) } }, 4 * width)),
            (">U\(width)", texts({ $0.unicodeScalars.flatMap { ArrayBytes.bigEndian($0.value) } }, 4 * width)),
        ]
        var options = ReadOptions()
        change(&options)
        var named = options
        named.label = "y"
        let wanted = outcome(csv, named, 1)
        for (descr, data) in variants {
            let y = NPYTests.npy(descr, shape: "(\(labels.count),)", data: data)
            for deflated in [false, true] {
                let bytes = ArrayBytes.zip([("x.npy", x), ("y.npy", y)], deflated: deflated)
                let path = try folder.write("a.npz", bytes: bytes)
                #expect(outcome(path, options, ranks) == wanted, "\(descr)", sourceLocation: sourceLocation)
            }
        }
    }

    /// The names of the classes, and the class or number of every row; "refused".
    private func outcome(_ path: String, _ options: ReadOptions, _ ranks: Int) -> [String] {
        let found = try? onRanks(ranks) { communicator in
            let table = try DistributedTable.read([path], options: options, communicator: communicator)
            let rows = table.blocks.map { $0.compressed() }.flatMap { block in
                (0..<block.rows).map { "\(Int(block.values[block.rowOffsets[$0 + 1] - 1])) \(block.labels[$0])" }
            }
            return (table.labelNames, rows, table.rows)
        }
        guard let found else { return ["refused"] }
        return ["\(found[0].2) rows"] + found[0].0 + found.flatMap(\.1)
    }

    @Test(arguments: [1, 3]) func classesAndNumbers(ranks: Int) throws {
        try expectTheSame(["oak", "fir", "Bäume", "oak", "fir", "Bäume"], ranks: ranks)
        try expectTheSame(["1", "0", "0", "1.5", "-2e1"], ranks: ranks)
        try expectTheSame(["oak", "1", "2", "oak", "1", "2"], ranks: ranks)
        try expectTheSame([" oak ", "oak", "fir", "fir "], ranks: ranks)
    }

    @Test(arguments: [1, 2]) func missingLabels(ranks: Int) throws {
        try expectTheSame(["oak", "NA", "fir", "oak", "fir", "nan", ""], ranks: ranks)
        try expectTheSame(["NA", "NA", "oak", "fir", "oak"], ranks: ranks)
        try expectTheSame(["NA", "oak", "fir", "oak"], ranks: ranks) { $0.missing = ["na"] }
        try expectTheSame(["1", "2", "", "1", "?"], ranks: ranks)
        try expectTheSame(["1", "2", "inf", "1"], ranks: ranks)
        try expectTheSame(["oak", "fir", "", "oak"], ranks: ranks) { $0.missingLabel = .error }
        try expectTheSame(["oak", "fir", "", "oak"], ranks: ranks) { $0.allowMissingLabels = true }
    }

    @Test func whatIsNoTextIsRefusedByRow() throws {
        let folder = try TemporaryFolder()
        let x = NPYTests.npy("<f4", shape: "(2, 1)", data: NPYTests.bytes([1, 2] as [Float]))
        for (descr, data) in [("|S1", [0x61, 0xFF] as [UInt8]), ("<U1", [0x61, 0, 0, 0, 0, 0xD8, 0, 0])] {
            let y = NPYTests.npy(descr, shape: "(2,)", data: data)
            let path = try folder.write("a.npz", bytes: ArrayBytes.zip([("x.npy", x), ("y.npy", y)], deflated: false))
            let found = messages(2) { _ = try DistributedTable.read([path], communicator: $0) }
            #expect(found[0].contains("row 2: the label is not Unicode text") && found[0] == found[1])
        }
    }
}
