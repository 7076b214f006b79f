import MPI
import Testing

@testable import Datasets

/// Rows under other shares are the same rows, bit by bit, each at its position and with its owner.
@Suite struct DatasetMoveTests {
    private static let weights: [Int: [Double]] = [
        1: [1], 2: [3, 1], 3: [1, 0.2, 1], 4: [1, 1, 1, 0.5],
    ]

    private func check(_ ranks: Int, _ load: @escaping @Sendable (any Communicator) throws -> Dataset) throws {
        let shares = BlockShares(weights: Self.weights[ranks] ?? [])
        let found = try onRanks(ranks) { communicator in
            let old = try load(communicator)
            let moved = try old.moved(to: shares, communicator: communicator)
            let back = try moved.moved(to: nil, communicator: communicator)
            #expect(moved.order == DataOrder(old.order, shares: shares))
            #expect(back.order == old.order && back.placedRows == old.placedRows)
            for data in [moved, back] {
                #expect(data.columnSquares == old.columnSquares && data.columnMaxima == old.columnMaxima)
                #expect(data.sampleShape == old.sampleShape)
                #expect(data.seed == old.seed && data.augmentation == old.augmentation)
                #expect((data.weights == nil) == (old.weights == nil) && (data.shift == nil) == (old.shift == nil))
                #expect(data.features.columns == old.features.columns)
                #expect(data.labels.count == data.order.localCount && data.features.rows == data.order.localCount)
            }
            #expect(moved.placedRows.allSatisfy { moved.order.owner(of: $0.position) == communicator.rank })
            return (old.placedRows, moved.placedRows)
        }
        let before = found.flatMap(\.0).sorted { $0.position < $1.position }
        let after = found.flatMap(\.1).sorted { $0.position < $1.position }
        #expect(before == after && Set(after.map(\.position)).count == after.count)
    }

    @Test(arguments: [1, 2, 3, 4], [StorageKind.dense, .sparse]) func tables(ranks: Int, storage: StorageKind) throws {
        let folder = try TemporaryFolder()
        // About a third of the rows have no entry at all in sparse storage; some have all.
        let path = try folder.write("a.svm", libsvmText(rows: 1003, columns: 9, density: 0.5))
        try check(ranks) { communicator in
            var options = AssemblyOptions()
            options.storage = storage
            let table = try DistributedTable.read([path], storage: storage, communicator: communicator)
            return try table.assembleTraining(labels: .classes, options: options).training
        }
    }

    @Test(arguments: [2, 3]) func weightedRows(ranks: Int) throws {
        let folder = try TemporaryFolder()
        let lines = (0..<500).map { "\($0 % 7),\(Double($0) / 3),\(1 + $0 % 3)" }
        let path = try folder.write("a.csv", (["label,x,w"] + lines).joined(separator: "\n") + "\n")
        try check(ranks) { communicator in
            var reading = ReadOptions()
            reading.weight = "w"
            let table = try DistributedTable.read([path], options: reading, communicator: communicator)
            let data = try table.assembleTraining(labels: .values).training
            #expect(data.weights != nil)
            return data
        }
    }

    @Test func augmentedImages() throws {
        let folder = try TemporaryFolder()
        let pixels = (0..<300 * 20).map { UInt8($0 * 37 % 256) }
        _ = try folder.write("a-labels-idx1-ubyte", bytes: ArrayBytes.idx([300], (0..<300).map { UInt8($0 % 7) }))
        let path = folder.path + "/a-images-idx3-ubyte"
        _ = try folder.write("a-images-idx3-ubyte", bytes: ArrayBytes.idx([300, 4, 5], pixels))
        try check(3) { communicator in
            var options = AssemblyOptions()
            options.isForNetwork = true
            options.augmentation = try Augmentation("shift:1,flip")
            let table = try DistributedTable.read([path], storage: options.wantedStorage, communicator: communicator)
            let data = try table.assembleTraining(labels: .classes, options: options).training
            #expect(data.sampleShape != nil && data.augmentation != nil)
            return data
        }
    }

    /// Rows that lie in a mapped file are read from there; the file stays as it is.
    @Test(arguments: [1, 3], [StorageKind.dense, .sparse]) func mappedRows(ranks: Int, storage: StorageKind) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.svm", libsvmText(rows: 403, columns: 9, density: 0.5))
        var options = AssemblyOptions()
        options.storage = storage
        let place = DataCache.Place.folder(folder.path + "/cache")
        let written = try CacheTests.load([path], ranks: ranks, options: options, cache: place)
        try check(ranks) { [options] communicator in
            let table = try DistributedTable.read(
                [path], storage: storage, cache: DataCache(place, options: options), communicator: communicator)
            let data = try table.assembleTraining(labels: .classes, options: options).training
            #expect(table.cacheNotes.contains { $0.hasPrefix("read from") })
            return data
        }
        let after = try CacheTests.load([path], ranks: ranks, options: options, cache: place)
        #expect(after.isFromCache && after.equals(written))
    }
}
