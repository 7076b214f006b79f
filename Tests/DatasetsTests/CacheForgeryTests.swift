import Foundation
import MPI
import Testing

@testable import Datasets

/// Caches whose checksums are right and whose contents do not fit together: data files are read instead.
@Suite struct CacheForgeryTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = try folder.write("a.svm", libsvmText(rows: 103, columns: 9, density: 0.3))
    }

    private func load(_ storage: StorageKind = .sparse, ranks: Int = 2) throws -> CacheTests.Loaded {
        var options = AssemblyOptions()
        options.storage = storage
        return try CacheTests.load([path], ranks: ranks, options: options, cache: .folder(folder.path + "/cache"))
    }

    /// A cache file in parts, put together with sums that are right.
    private struct Parts {
        var description: CacheDescription
        var numbers: [Double]
        var rows: [UInt8]

        init(_ path: String) throws {
            let bytes = try fileBytes(path)
            let header = try bytes.withUnsafeBytes { try CacheHeader($0) }
            description = header.description
            numbers = header.numbers
            rows = Array(bytes[header.start...])
        }

        func bytes(pieces: [Range<Int>]) throws -> [UInt8] {
            let sums = pieces.map { piece in rows[piece].withUnsafeBytes { Checksum.of($0) } }
            return CacheHeader.bytes(json: try CacheHeader.json(description), numbers: numbers, checksums: sums) + rows
        }
    }

    private func expectRefused(
        _ what: String, _ storage: StorageKind = .sparse, ranks: Int = 2, _ change: (inout Parts) throws -> Void
    ) throws {
        let plain = try load(storage)
        let cache = folder.path + "/cache/" + (try #require(try CacheTests.cacheFiles(folder).first))
        var parts = try Parts(cache)
        let pieces = parts.description.layout.pieces(ranks: 0..<2)
        try change(&parts)
        try Data(try parts.bytes(pieces: pieces)).write(to: URL(fileURLWithPath: cache))
        let loaded = try load(storage, ranks: ranks)
        #expect(!loaded.isFromCache && loaded.equals(plain), "\(what)")
        let words = ["is damaged", "out of date", "another number of files"]
        #expect(loaded.notes.contains { note in words.contains { note.contains($0) } }, "\(what): \(loaded.notes)")
        try FileManager.default.removeItem(atPath: cache)
    }

    @Test func soundPartsAreTaken() throws {
        _ = try load()
        let cache = folder.path + "/cache/" + (try #require(try CacheTests.cacheFiles(folder).first))
        let parts = try Parts(cache)
        let again = try parts.bytes(pieces: parts.description.layout.pieces(ranks: 0..<2))
        try Data(again).write(to: URL(fileURLWithPath: cache))
        #expect(try load().isFromCache)
    }

    @Test func layoutsThatCannotBe() throws {
        try expectRefused("columns") { $0.description.layout.columns = 1 << 40 }
        try expectRefused("no columns") { $0.description.layout.columns = 0 }
        try expectRefused("block size") { $0.description.layout.blockSize = 0 }
        try expectRefused("no ranks") { $0.description.layout.entries = [] }
        try expectRefused("entries") { $0.description.layout.entries[1] = [.max, .max] }
        try expectRefused("one part") { $0.description.layout.rows = [103] }
        try expectRefused("rows") { $0.description.layout.rows = [.max, 1] }
        try expectRefused("negative rows") { $0.description.layout.rows = [-1, 104] }
        try expectRefused("dense rows", .dense) { $0.description.layout.columns = Int(Int32.max) }
        try expectRefused("table") { $0.description.table.columns += 1 }
        try expectRefused("files") { $0.description.table.firstRowOfFile = [0, 5] }
        try expectRefused("no file") { $0.description.table.firstRowOfFile = [] }
        try expectRefused("shape") { $0.description.table.sampleShape = SampleShape(channels: 1, height: 2, width: 2) }
    }

    @Test func numbersThatDoNotFit() throws {
        try expectRefused("counts") { $0.description.numberCounts = [12, 9] }
        try expectRefused("negative count") { $0.description.numberCounts[1] = -9 }
        try expectRefused("a mean less") {
            $0.numbers.removeLast()
            $0.description.numberCounts[3] -= 1
        }
        try expectRefused("a maximum less") {
            $0.numbers.removeLast()
            $0.description.numberCounts[4] -= 1
        }
        try expectRefused("maximum") { $0.numbers[$0.numbers.count - 1] = -1 }
        try expectRefused("no summary") {
            $0.numbers.removeFirst($0.description.numberCounts[0])
            $0.description.numberCounts[0] = 0
        }
        try expectRefused("rows seen") { $0.numbers[0] = .nan }
        try expectRefused("labels") { $0.numbers[6] = 1e300 }
        try expectRefused("scale") { $0.numbers[$0.description.numberCounts[0...1].reduce(0, +)] = 0 }
    }

    @Test func entriesBeyondMemory() throws {
        _ = try load()
        let cache = folder.path + "/cache/" + (try #require(try CacheTests.cacheFiles(folder).first))
        var parts = try Parts(cache)
        parts.description.table.nonZeros = 1 << 62
        let forged = try parts.bytes(pieces: parts.description.layout.pieces(ranks: 0..<2))
        try Data(forged).write(to: URL(fileURLWithPath: cache))
        #expect(throws: DatasetError.self) { try load() }
    }

    @Test(arguments: [2, 3]) func rowsThatPointBeyondThemselves(ranks: Int) throws {
        func places(_ parts: Parts) -> CacheLayout.Arrays { parts.description.layout.section(rank: 0).parts[0] }
        func set<Value>(_ value: Value, _ place: Int, _ parts: inout Parts) {
            parts.rows.replaceSubrange(
                place..<place + MemoryLayout<Value>.size, with: withUnsafeBytes(of: value) { Array($0) })
        }
        try expectRefused("offset", ranks: ranks) { set(Int.max, places($0).rowOffsets.lowerBound + 24, &$0) }
        try expectRefused("first offset", ranks: ranks) { set(-8, places($0).rowOffsets.lowerBound, &$0) }
        try expectRefused("column", ranks: ranks) { set(Int32(9), places($0).columnIndices.upperBound - 4, &$0) }
        try expectRefused("column twice", ranks: ranks) { set(Int32(0), places($0).columnIndices.lowerBound + 4, &$0) }
        try expectRefused("negative column", ranks: ranks) { set(Int32(-1), places($0).columnIndices.lowerBound, &$0) }
        try expectRefused("label", ranks: ranks) { set(Float(3), places($0).labels.lowerBound, &$0) }
        try expectRefused("no label", ranks: ranks) { set(Float.nan, places($0).labels.lowerBound, &$0) }
    }

    @Test func headsThatLeadAstray() throws {
        _ = try load()
        let cache = folder.path + "/cache/" + (try #require(try CacheTests.cacheFiles(folder).first))
        let good = try fileBytes(cache)
        // Length of the JSON, counts of numbers and pieces, start of the rows.
        for field in 0..<4 {
            for value in [UInt64.max, 1 << 63, 1 << 62, UInt64(good.count), 8, 0] {
                var bytes = good
                bytes.replaceSubrange(16 + 8 * field..<24 + 8 * field, with: withUnsafeBytes(of: value) { Array($0) })
                let sum = bytes[..<56].withUnsafeBytes { Checksum.of($0) }
                bytes.replaceSubrange(56..<64, with: withUnsafeBytes(of: sum) { Array($0) })
                try Data(bytes).write(to: URL(fileURLWithPath: cache))
                #expect(!(try load().isFromCache), "\(field): \(value)")
            }
        }
    }
}
