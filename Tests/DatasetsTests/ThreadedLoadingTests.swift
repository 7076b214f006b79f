import MPI
import Testing

@testable import Datasets

/// Several threads of a rank read the same data as one, and tell the same errors.
@Suite struct ThreadedLoadingTests {
    /// Small files: every one is a chunk of its own.
    private func parts(_ folder: TemporaryFolder, _ lines: [String], count: Int) throws -> [String] {
        try (0..<count).map { part in
            let share = lines[lines.count * part / count..<lines.count * (part + 1) / count]
            return try folder.write("part-\(part).svm", share.map { $0 + "\n" }.joined())
        }
    }

    private func load(_ paths: [String], ranks: Int, threads: Int, _ options: AssemblyOptions) throws -> [PlacedRow] {
        try onRanks(ranks) { communicator in
            let table = try DistributedTable.read(paths, threads: threads, communicator: communicator)
            return try table.assembleTraining(labels: .classes, options: options).training.placedRows
        }.flatMap { $0 }.sorted { $0.position < $1.position }
    }

    @Test(arguments: [StorageKind.dense, .sparse]) func theDataIsTheSame(storage: StorageKind) throws {
        let folder = try TemporaryFolder()
        let lines = libsvmText(rows: 211, columns: 8, density: 0.6).split(separator: "\n").map(String.init)
        let paths = try parts(folder, lines, count: 7)
        var options = AssemblyOptions()
        options.storage = storage
        let expected = try load(paths, ranks: 1, threads: 1, options)
        for (ranks, threads) in [(1, 2), (1, 3), (2, 3), (3, 1)] {
            #expect(try load(paths, ranks: ranks, threads: threads, options) == expected)
        }
    }

    @Test(arguments: [1, 2, 5]) func theFirstErrorIsTold(threads: Int) throws {
        let folder = try TemporaryFolder()
        var lines = libsvmText(rows: 70, columns: 4, density: 0.6).split(separator: "\n").map(String.init)
        for bad in [33, 34, 60] { lines[bad] = "1 1:bad\(bad)" }
        let paths = try parts(folder, lines, count: 7)
        for ranks in [1, 2] {
            let all = messages(ranks) { communicator in
                try DistributedTable.read(paths, threads: threads, communicator: communicator).rows
            }
            #expect(all.allSatisfy { $0.contains("part-3.svm:4: '1:bad33'") }, "\(all)")
        }
    }

    @Test func progressEndsWhereTheDataEnds() throws {
        let folder = try TemporaryFolder()
        let text = libsvmText(rows: 300, columns: 8, density: 0.6)
        let plain = try folder.write("a.svm", text)
        let zipped = try folder.writeGzip("b.svm.gz", text)
        let table = try folder.write("c.csv", "x,y\n" + (0..<200).map { "\($0),\($0 % 2)\n" }.joined())
        for paths in [[plain], [zipped], [plain, zipped], [table]] {
            for ranks in [1, 3] {
                let states = try onRanks(ranks) { communicator in
                    let progress = LoadProgress()
                    #expect(progress.state == nil)
                    _ = try DistributedTable.read(paths, communicator: communicator, progress: progress)
                    return progress.state?.share ?? 1
                }
                // A rank takes whole lines: a little more or less than its share of the bytes.
                #expect(states.allSatisfy { $0 > 0.9 && $0 <= 1 }, "\(paths) \(states)")
            }
        }
    }
}
