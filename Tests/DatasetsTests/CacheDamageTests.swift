import Foundation
import MPI
import Testing

@testable import Datasets

/// A cache that is old, damaged or cannot be written costs a note and never a run.
@Suite struct CacheDamageTests {
    private let folder: TemporaryFolder
    private let path: String
    private let place: DataCache.Place

    init() throws {
        folder = try TemporaryFolder()
        path = try folder.write("a.svm", libsvmText(rows: 203, columns: 9, density: 0.6))
        place = .folder(folder.path + "/cache")
    }

    private func load(ranks: Int = 2) throws -> CacheTests.Loaded {
        try CacheTests.load([path], ranks: ranks, cache: place)
    }

    private func cachePath() throws -> String {
        folder.path + "/cache/" + (try #require(try CacheTests.cacheFiles(folder).first))
    }

    @Test func isOutOfDateWhenTheDataChanged() throws {
        let old = try load()
        try #require(try load().isFromCache)
        // Another size.
        _ = try folder.write("a.svm", libsvmText(rows: 204, columns: 9, density: 0.6))
        let longer = try load()
        #expect(longer.notes.contains { $0.contains("out of date") && $0.contains("a.svm has changed") })
        #expect(longer.training.count == 204 && old.training.count == 203)
        #expect(try load().isFromCache)
        // The same size, another time.
        let text = libsvmText(rows: 204, columns: 9, density: 0.6)
        _ = try folder.write("a.svm", text.replacingOccurrences(of: "-1 ", with: "-2 "))
        let changed = try load()
        #expect(!changed.isFromCache && changed.preprocessing.labels == .classes(["-2", "1", "3"]))
        #expect(try load().isFromCache)
        // Only the time.
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: path)
        #expect(!(try load().isFromCache))
    }

    /// A byte of every kind of place: head, description, numbers, checksums, padding, rows, norms.
    @Test(arguments: [1, 2]) func noticesEveryChangedByte(ranks: Int) throws {
        let plain = try load(ranks: ranks)
        let cache = try cachePath()
        let good = try fileBytes(cache)
        var generator = TestGenerator(state: 3)
        let places =
            [0, 9, 17, 60, 70, 4095, good.count - 1]
            + (0..<25).map { _ in Int.random(in: 0..<good.count, using: &generator) }
        for place in places {
            var bytes = good
            bytes[place] ^= UInt8(1) << UInt8(place % 8)
            try Data(bytes).write(to: URL(fileURLWithPath: cache))
            let loaded = try load(ranks: ranks)
            #expect(!loaded.isFromCache && loaded.equals(plain), "byte \(place)")
            let isOtherVersion = (8..<16).contains(place)
            #expect(
                loaded.notes.contains { $0.contains("is damaged") } != isOtherVersion, "byte \(place): \(loaded.notes)")
            #expect(try load(ranks: ranks).isFromCache)
        }
    }

    @Test func noticesACutFile() throws {
        let plain = try load()
        let cache = try cachePath()
        let good = try fileBytes(cache)
        for count in [0, 1, 63, 64, 200, 4096, good.count / 2, good.count - 1] {
            try Data(good.prefix(count)).write(to: URL(fileURLWithPath: cache))
            let loaded = try load()
            #expect(!loaded.isFromCache && loaded.equals(plain))
            #expect(try load().isFromCache)
        }
        try Data(good + [0]).write(to: URL(fileURLWithPath: cache))
        #expect(!(try load().isFromCache))
    }

    @Test func aFolderThatCannotBeMadeIsANote() throws {
        let blocked = try folder.write("file", "x")
        for bad in [blocked + "/cache", "/proc/no-such/cache"] {
            let loaded = try CacheTests.load([path], ranks: 3, cache: .folder(bad))
            #expect(loaded.notes.count == 1 || loaded.notes.count == 2)
            #expect(
                loaded.notes.last?.contains("not written: cannot make the folder \(bad)") == true, "\(loaded.notes)")
        }
    }

    /// As when only some nodes have the folder, or the file was replaced in between.
    @Test func allRanksNeedTheSameFile() throws {
        let other = try folder.write("b.svm", libsvmText(rows: 203, columns: 9, density: 0.6, seed: 2))
        let places = [place, DataCache.Place.folder(folder.path + "/other")]
        let options = AssemblyOptions()
        for (file, place) in zip([path, other], places) {
            _ = try CacheTests.load([file], ranks: 2, options: options, cache: place)
        }
        let targets = try onRanks(1) { communicator in
            let set = try FileSet([path], options: ReadOptions(), communicator: communicator)
            return CacheTarget(DataCache(place), set: set, options: ReadOptions())
        }
        let good = try #require(targets[0])
        var missing = good
        missing.path += ".gone"
        var swapped = good
        swapped.path =
            folder.path + "/other/"
            + (try #require(
                try FileManager.default.contentsOfDirectory(atPath: folder.path + "/other").first))
        for wrong in [missing, swapped] {
            let outcomes = try onRanks(3) { communicator in
                switch try CacheReader.open(
                    communicator.rank == 1 ? wrong : good, options: options, reading: ReadOptions(), communicator)
                {
                case .found: "found"
                case .none: "none"
                }
            }
            #expect(outcomes == ["none", "none", "none"])
        }
    }

    @Test func jobsThatRaceLeaveAWholeFile() throws {
        let plain = try CacheTests.load([path], ranks: 2, cache: nil)
        DispatchQueue.concurrentPerform(iterations: 6) { _ in
            let loaded = try? CacheTests.load([path], ranks: 2, cache: place)
            #expect(loaded?.equals(plain) == true)
        }
        #expect(try CacheTests.cacheFiles(folder).count == 1)
        #expect(try load().isFromCache)
    }

    /// On file systems of other machines rows are copied out of the file.
    @Test(arguments: [StorageKind.dense, .sparse]) func copiedRowsEqualMappedOnes(storage: StorageKind) throws {
        let options = {
            var options = AssemblyOptions()
            options.storage = storage
            return options
        }()
        let plain = try CacheTests.load([path], ranks: 2, options: options, cache: place)
        for isMapped in [true, false] {
            let rows = try onRanks(2) { communicator in
                let set = try FileSet([path], options: ReadOptions(), communicator: communicator)
                let target = try #require(
                    CacheTarget(DataCache(place, options: options), set: set, options: ReadOptions()))
                guard
                    case .found(let reader) = try CacheReader.open(
                        target, options: options, reading: ReadOptions(), communicator)
                else { return [PlacedRow]() }
                let cached = CachedRows(
                    reader: reader, seed: 0, encoding: plain.preprocessing.labels, communicator: communicator,
                    mapsInPlace: isMapped)
                return try cached.datasets()[0].placedRows
            }
            #expect(rows.flatMap { $0 }.sorted { $0.position < $1.position } == plain.training)
        }
    }
}
