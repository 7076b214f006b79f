import MPI
import Testing

@testable import Datasets

@Suite struct LoadingTests {
    static func load(
        _ paths: [String], ranks: Int, kind: LabelKind = .classes, options: AssemblyOptions = AssemblyOptions()
    ) throws -> [PlacedRow] {
        try onRanks(ranks) { communicator in
            let table = try DistributedTable.read(paths, communicator: communicator)
            let data = try table.assembleTraining(labels: kind, options: options)
            #expect(data.training.order.ranks == ranks)
            return data.training.placedRows
        }.flatMap { $0 }.sorted { $0.position < $1.position }
    }

    static func close(_ a: [PlacedRow], _ b: [PlacedRow], tolerance: Float = 1e-5) -> Bool {
        a.count == b.count
            && zip(a, b).allSatisfy { a, b in
                a.position == b.position && a.label == b.label && abs(a.weight - b.weight) <= tolerance
                    && abs(a.squaredNorm - b.squaredNorm) <= tolerance * max(1, abs(a.squaredNorm))
                    && zip(a.features, b.features).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($0)) }
            }
    }

    @Test(arguments: [1, 2, 3, 4, 7])
    func everyRowStandsOnceAtTheSamePosition(ranks: Int) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.svm", libsvmText(rows: 203, columns: 9, density: 0.6))
        var options = AssemblyOptions()
        options.standardization = StandardizationKind.none
        let one = try Self.load([path], ranks: 1, options: options)
        let many = try Self.load([path], ranks: ranks, options: options)
        #expect(one == many)
        #expect(many.map(\.position) == Array(0..<203))
        // Feature 1 is the row number: the positions are those of the seeded order.
        let order = Permutation(count: 203, seed: 0)
        #expect(many.map { Int(($0.features[0] * 1000).rounded()) - 1 } == (0..<203).map(order.number(at:)))
    }

    @Test(arguments: [StandardizationKind.zscore, .maxabs, .none])
    func denseEqualsSparse(kind: StandardizationKind) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.svm", libsvmText(rows: 150, columns: 20, density: 0.3))
        var options = AssemblyOptions()
        options.standardization = kind
        options.storage = .dense
        let dense = try Self.load([path], ranks: 2, options: options)
        options.storage = .sparse
        let sparse = try Self.load([path], ranks: 3, options: options)
        #expect(Self.close(dense, sparse))
        // The norm is that of the true row.
        #expect(
            dense.allSatisfy { row in
                abs(row.squaredNorm - row.features.reduce(0) { $0 + $1 * $1 }) <= 1e-4 * max(1, row.squaredNorm)
            })
    }

    @Test(arguments: [1, 2, 4])
    func gzipEqualsPlainAndFilesMayBeSplit(ranks: Int) throws {
        let folder = try TemporaryFolder()
        let text = libsvmText(rows: 120, columns: 6, density: 0.5)
        let lines = text.split(separator: "\n")
        let whole = try folder.write("whole.svm", text)
        let zipped = try folder.writeGzip("whole.svm.gz", text)
        let first = try folder.writeGzip("first.svm.gz", lines[..<50].joined(separator: "\n"))
        let second = try folder.write("second.svm", lines[50..<51].joined(separator: "\n"))
        let third = try folder.writeGzip("third.svm.gz", lines[51...].joined(separator: "\n") + "\n")
        let expected = try Self.load([whole], ranks: 1)
        #expect(Self.close(try Self.load([zipped], ranks: ranks), expected, tolerance: 1e-6))
        #expect(Self.close(try Self.load([first, second, third], ranks: ranks), expected, tolerance: 1e-6))
    }

    @Test func fewerRowsThanRanksWorks() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.svm", "1 1:1\n0 1:2\n1 1:4 2:1\n")
        let rows = try Self.load([path], ranks: 4)
        #expect(rows.map(\.position) == [0, 1, 2])
        #expect(Self.close(rows, try Self.load([path], ranks: 1)))
    }
}
