import MPI
import Testing

@testable import Datasets

@Suite struct SpreadTests {
    /// Every position keeps its row, on any number of ranks, and a sample is the beginning of the order.
    @Test(arguments: [StorageKind.dense, .sparse], [1, 2, 3])
    func positionsKeepTheirRows(storage: StorageKind, ranks: Int) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.svm", libsvmText(rows: 90, columns: 7, density: 0.5))
        for count in [90, 37] {
            let all = try onRanks(3) { communicator in
                var options = AssemblyOptions()
                options.storage = storage
                options.standardization = .zscore
                let table = try DistributedTable.read([path], communicator: communicator)
                let data = try table.assembleTraining(labels: .values, options: options).training
                let part = try data.spread(over: ranks, count: count, communicator: communicator)
                #expect((part == nil) == (communicator.rank >= ranks))
                #expect(part?.order.count ?? count == count)
                #expect(part?.order.ranks ?? ranks == ranks)
                return (data.placedRows, part?.placedRows ?? [])
            }
            let rows = all.flatMap(\.0).sorted { $0.position < $1.position }
            let spread = all.flatMap(\.1).sorted { $0.position < $1.position }
            #expect(spread == Array(rows.prefix(count)))
        }
    }

    @Test func weightsOfASampleHaveMeanOne() throws {
        let folder = try TemporaryFolder()
        let lines = (0..<60).map { "\($0),\($0 % 5 + 1),\(2 * $0)" }.joined(separator: "\n")
        let path = try folder.write("a.csv", "x,w,y\n" + lines + "\n")
        let sums = try onRanks(2) { communicator in
            var read = ReadOptions()
            read.weight = "w"
            let table = try DistributedTable.read([path], options: read, communicator: communicator)
            let data = try table.assembleTraining(labels: .values).training
            let part = try data.spread(over: 2, count: 20, communicator: communicator)
            return (part?.placedRows ?? []).reduce(0) { $0 + Double($1.weight) }
        }
        #expect(abs(sums.reduce(0, +) - 20) < 1e-4)
    }

    @Test func refusesMoreThanThereIs() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.svm", libsvmText(rows: 9, columns: 3, density: 1))
        for (ranks, count) in [(3, 9), (0, 9), (2, 10), (2, 0)] {
            #expect(
                messages(2) { communicator in
                    let table = try DistributedTable.read([path], communicator: communicator)
                    let data = try table.assembleTraining(labels: .values).training
                    _ = try data.spread(over: ranks, count: count, communicator: communicator)
                }.allSatisfy { $0.contains("there are 9 rows and 2 ranks") })
        }
    }
}
