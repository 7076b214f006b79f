import MPI
import Testing

@testable import Datasets

/// Test and prediction files, read with what the training data taught.
@Suite struct ScoringTests {
    private func score(
        train: String, test: [String], ranks: Int, read: ReadOptions = ReadOptions(), refuse: Bool = true
    ) throws -> (rows: [PlacedRow], notes: [String], identifiers: [String]) {
        let all = try onRanks(ranks) { communicator in
            let table = try DistributedTable.read([train], communicator: communicator)
            let preprocessing = try table.assembleTraining(labels: .classes).preprocessing
            let scored = try DistributedTable.read(
                test, options: read, schema: preprocessing.schema, communicator: communicator)
            let data = try scored.assemble(using: preprocessing, refusesUnknownLabels: refuse)
            return (data.placedRows, scored.notes, scored.identifiers)
        }
        // Ranks in order hold the rows in file order.
        return (all.flatMap(\.0), all[0].1, all.flatMap(\.2))
    }

    @Test(arguments: [1, 2, 3, 5]) func rowsStayInFileOrder(ranks: Int) throws {
        let folder = try TemporaryFolder()
        let text = libsvmText(rows: 60, columns: 5, density: 0.7)
        let path = try folder.write("a.svm", text)
        let zipped = try folder.writeGzip("b.svm.gz", text)
        let (rows, _, _) = try score(train: path, test: [path, zipped], ranks: ranks)
        #expect(rows.map(\.position) == Array(0..<120))
        let first = rows.map { $0.features[0] }
        #expect(Array(first[..<60]) == first[..<60].sorted() && Array(first[60...]) == Array(first[..<60]))
        #expect(rows.map(\.label) == (0..<120).map { Float($0 % 60 % 3) })
    }

    @Test func widthMayDiffer() throws {
        let folder = try TemporaryFolder()
        let train = try folder.write("train.svm", "1 1:2 2:1\n0 1:4 2:5\n1 1:6\n")
        let narrow = try folder.write("narrow.svm", "1 1:4\n0 1:4\n")
        #expect(try score(train: train, test: [narrow], ranks: 2).rows.allSatisfy { $0.features.count == 2 })
        let wide = try folder.write("wide.svm", "1 1:4 2:2 5:9\n0 1:4 3:1 4:1\n")
        let (rows, notes, _) = try score(train: train, test: [wide], ranks: 2)
        #expect(rows.allSatisfy { $0.features.count == 2 })
        #expect(notes.contains { $0.hasPrefix("3 values of features beyond 2") })
    }

    @Test(arguments: [1, 3]) func unknownLabelsAreRefusedByRowOrLeftOut(ranks: Int) throws {
        let folder = try TemporaryFolder()
        let train = try folder.write("train.svm", "1 1:2\n-1 1:4\n1 1:6\n")
        let test = try folder.write("test.svm", "+1 1:4\n1.0 1:1\n-1 1:2\n7 1:4\n8 1:4\n")
        let all = messages(ranks) { communicator in
            let table = try DistributedTable.read([train], communicator: communicator)
            let preprocessing = try table.assembleTraining(labels: .classes).preprocessing
            return try DistributedTable.read([test], communicator: communicator).assemble(using: preprocessing).order
                .count
        }
        #expect(all.allSatisfy { $0.contains("test.svm: row 4: label '7' did not occur in training (-1, 1)") })
        let (rows, _, _) = try score(train: train, test: [test], ranks: ranks, refuse: false)
        #expect(
            rows[0].label == 1 && rows[1].label == 1 && rows[2].label == 0 && rows[3].label.isNaN && rows[4].label.isNaN
        )
    }

    @Test(arguments: [1, 2, 4]) func identifiersFollowTheirRows(ranks: Int) throws {
        let folder = try TemporaryFolder()
        let train = try folder.write("train.csv", "x,y\n1,a\n2,b\n3,a\n")
        let names = (0..<23).map { "id \($0)" + String(repeating: "x", count: $0) }
        let test = try folder.write("test.csv", "key,x\n" + names.enumerated().map { "\($1),\($0)\n" }.joined())
        var read = ReadOptions()
        read.id = ["key"]
        read.allowMissingLabels = true
        let (rows, _, identifiers) = try score(train: train, test: [test], ranks: ranks, read: read)
        #expect(identifiers == names)
        #expect(rows.count == 23 && rows.allSatisfy { $0.label.isNaN })
    }

    @Test(arguments: [1, 3]) func tablesWithTextAndGapsAreEqualOnAnyNumberOfRanks(ranks: Int) throws {
        let folder = try TemporaryFolder()
        let lines = (0..<80).map { row in
            "\(row % 5 == 0 ? "" : String(Double(row) / 8)),\(["red", "green", "", "blue"][row % 4]),\(row),\(["yes", "no"][row % 2])"
        }
        let path = try folder.write("a.csv", "size,colour,number,label\n" + lines.joined(separator: "\n"))
        let one = try LoadingTests.load([path], ranks: 1)
        let many = try LoadingTests.load([path], ranks: ranks)
        #expect(LoadingTests.close(one, many))
        #expect(one.count == 80)
        let zipped = try folder.writeGzip("a.csv.gz", "size,colour,number,label\n" + lines.joined(separator: "\n"))
        #expect(LoadingTests.close(one, try LoadingTests.load([zipped], ranks: ranks)))
    }
}
