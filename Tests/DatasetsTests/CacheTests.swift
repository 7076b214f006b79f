import Foundation
import MPI
import Testing

@testable import Datasets

/// What a cache gives is what the data files give, bit by bit, or nothing.
@Suite struct CacheTests {
    /// All that training sees.
    struct Loaded: Equatable, Sendable {
        var training: [PlacedRow]
        var validation: [PlacedRow]
        var preprocessing: Preprocessing
        var labels: LabelSummary
        var columnSquares: [Double]?
        var columnMaxima: [Float]?
        var notes: [String]

        /// Whether the cache was the source.
        var isFromCache: Bool { notes.contains { $0.hasPrefix("read from") } }
        /// The same data, wherever it came from.
        func equals(_ other: Loaded) -> Bool {
            training == other.training && validation == other.validation && preprocessing == other.preprocessing
                && labels == other.labels && columnSquares == other.columnSquares
                && columnMaxima == other.columnMaxima
        }
    }

    static func load(
        _ paths: [String], ranks: Int, kind: LabelKind = .classes, reading: ReadOptions = ReadOptions(),
        options: AssemblyOptions = AssemblyOptions(), cache place: DataCache.Place?
    ) throws -> Loaded {
        let all = try onRanks(ranks) { communicator in
            let table = try DistributedTable.read(
                paths, options: reading, storage: options.storage,
                cache: place.map { DataCache($0, options: options) }, communicator: communicator)
            let data = try table.assembleTraining(labels: kind, options: options)
            return Loaded(
                training: data.training.placedRows, validation: data.validation?.placedRows ?? [],
                preprocessing: data.preprocessing, labels: table.labels,
                columnSquares: data.training.columnSquares, columnMaxima: data.training.columnMaxima,
                notes: table.cacheNotes)
        }
        var first = all[0]
        #expect(all.allSatisfy { $0.preprocessing == first.preprocessing && $0.notes == first.notes })
        first.training = all.flatMap(\.training).sorted { $0.position < $1.position }
        first.validation = all.flatMap(\.validation).sorted { $0.position < $1.position }
        return first
    }

    static func cacheFiles(_ folder: TemporaryFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path + "/cache").sorted()
    }

    @Test(arguments: [StorageKind.dense, .sparse], [1, 3])
    func servesAnyNumberOfRanks(storage: StorageKind, writers: Int) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.svm", libsvmText(rows: 203, columns: 9, density: 0.6))
        let place = DataCache.Place.folder(folder.path + "/cache")
        var options = AssemblyOptions()
        options.storage = storage
        let written = try Self.load([path], ranks: writers, options: options, cache: place)
        #expect(!written.isFromCache && written.notes.contains { $0.hasPrefix("written to") })
        for ranks in [1, 2, 3, 4, 7] {
            let plain = try Self.load([path], ranks: ranks, options: options, cache: nil)
            let cached = try Self.load([path], ranks: ranks, options: options, cache: place)
            #expect(cached.isFromCache && cached.equals(plain) && written.equals(plain))
        }
        #expect(try Self.cacheFiles(folder).count == 1)
    }

    @Test func servesAnySeedUnlessRowsAreKeptForValidation() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.svm", libsvmText(rows: 180, columns: 7, density: 0.5))
        let place = DataCache.Place.folder(folder.path + "/cache")
        for (seed, ranks, isKnown) in [(0, 2, false), (5, 2, true), (5, 3, true), (6, 1, true)] {
            var options = AssemblyOptions()
            options.seed = UInt64(seed)
            let cached = try Self.load([path], ranks: ranks, options: options, cache: place)
            #expect(cached.isFromCache == isKnown)
            #expect(cached.equals(try Self.load([path], ranks: ranks, options: options, cache: nil)))
        }
        for (seed, ranks, isKnown) in [(0, 2, false), (0, 1, true), (0, 2, true), (5, 2, false), (5, 4, true)] {
            var options = AssemblyOptions()
            options.seed = UInt64(seed)
            options.validationFraction = 0.2
            let cached = try Self.load([path], ranks: ranks, options: options, cache: place)
            #expect(cached.isFromCache == isKnown)
            let plain = try Self.load([path], ranks: ranks, options: options, cache: nil)
            #expect(cached.equals(plain) && !plain.validation.isEmpty)
        }
    }

    /// Weights, text labels, a schema, several files, gzip.
    @Test func keepsWhatATableMeans() throws {
        let folder = try TemporaryFolder()
        let place = DataCache.Place.folder(folder.path + "/cache")
        let lines = (0..<90).map {
            "\($0 % 7),\(["a", "b,\"", "c"][$0 % 3].csv),\($0 % 4 + 1),\($0 % 5 == 0 ? "" : "\($0)")"
        }
        let header = "x,answer,w,y\n"
        let paths = [
            try folder.write("a.csv", header + lines[..<40].map { $0 + "\n" }.joined()),
            try folder.writeGzip("b.csv.gz", header + lines[40...].map { $0 + "\n" }.joined()),
        ]
        var reading = ReadOptions()
        reading.label = "answer"
        reading.weight = "w"
        let plain = try Self.load(paths, ranks: 2, reading: reading, cache: nil)
        for ranks in [2, 2, 3] {
            let cached = try Self.load(paths, ranks: ranks, reading: reading, cache: place)
            #expect(cached.equals(plain))
        }
        #expect(try Self.load(paths, ranks: 1, reading: reading, cache: place).isFromCache)
    }

    @Test func labelsMayBeClassesOrValues() throws {
        let folder = try TemporaryFolder()
        let place = DataCache.Place.folder(folder.path + "/cache")
        let path = try folder.write("a.svm", libsvmText(rows: 60, columns: 4, density: 0.8))
        for kind in [LabelKind.values, .classes, .values] {
            let cached = try Self.load([path], ranks: 2, kind: kind, cache: place)
            #expect(cached.equals(try Self.load([path], ranks: 2, kind: kind, cache: nil)))
        }
        #expect(try Self.cacheFiles(folder).count == 1)
        let text = (0..<1200).map { "\(Double($0) / 7) 1:\($0 % 13) 2:\($0 % 3)\n" }.joined()
        let many = try folder.write("many.svm", text)
        for ranks in [1, 1, 3] {
            let cached = try Self.load([many], ranks: ranks, kind: .values, cache: place)
            #expect(cached.equals(try Self.load([many], ranks: ranks, kind: .values, cache: nil)))
        }
        let refused = messages(2) { communicator in
            let table = try DistributedTable.read([many], cache: DataCache(place), communicator: communicator)
            return try table.assembleTraining(labels: .classes).training.order.count
        }
        #expect(refused.allSatisfy { $0.contains("more than 1000 distinct values") })
    }

    @Test func otherOptionsMakeAnotherCache() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.svm", libsvmText(rows: 60, columns: 4, density: 0.8))
        let place = DataCache.Place.folder(folder.path + "/cache")
        var kinds: [AssemblyOptions] = [AssemblyOptions(), AssemblyOptions(), AssemblyOptions()]
        kinds[1].standardization = .maxabs
        kinds[2].storage = .sparse
        for options in kinds + kinds {
            let cached = try Self.load([path], ranks: 2, options: options, cache: place)
            #expect(cached.equals(try Self.load([path], ranks: 2, options: options, cache: nil)))
        }
        #expect(try Self.cacheFiles(folder).count == 3)
        var zeroBased = ReadOptions()
        zeroBased.zeroBased = true
        let other = try Self.load([path], ranks: 2, reading: zeroBased, cache: place)
        #expect(!other.isFromCache && other.preprocessing.featureCount == 5)
    }

    @Test func standsBesideTheDataWhereThatIsAskedFor() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.svm", libsvmText(rows: 60, columns: 4, density: 0.8))
        _ = try Self.load([path], ranks: 2, cache: .besideData)
        #expect(try Self.load([path], ranks: 2, cache: .besideData).isFromCache)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).contains {
                $0.hasPrefix("a.svm-") && $0.hasSuffix(".cache")
            })
    }
}

extension String {
    /// A quoted CSV field.
    fileprivate var csv: String { "\"" + replacingOccurrences(of: "\"", with: "\"\"") + "\"" }
}
