import Foundation
import MPI
import TestSupport
import Testing

@testable import Datasets

/// Whatever a table is packed in and however its lines end, the rows are those of the plain file, on any number of ranks.
@Suite struct FileShapeTests {
    /// 40 rows of a number, a text and a label.
    static let text = "x,t,y\n" + rows(0..<40)

    static func rows(_ range: Range<Int>) -> String {
        range.map { "\($0).5,\($0 % 2 == 0 ? "a" : "b"),\($0 % 3)\n" }.joined()
    }

    /// All rows of the assembled table, which must be alike on 1 to 4 ranks, with reading in small pieces.
    static func load(_ paths: [String], label: String = "y") throws -> [PlacedRow] {
        var options = ReadOptions()
        options.label = label
        let all = try [1, 2, 3, 4].map { ranks in
            try onRanks(ranks) { [options] communicator in
                let table = try DistributedTable.read(paths, options: options, communicator: communicator)
                return try table.assembleTraining(labels: .values).training.placedRows
            }.joined().sorted { $0.position < $1.position }
        }
        #expect(all.allSatisfy { $0 == all[0] })
        return all[0]
    }

    static func plain(_ folder: TemporaryFolder) throws -> [PlacedRow] {
        try load([try folder.write("plain.csv", text)])
    }

    static let packed = [
        (
            "t.csv.xz",
            "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AErAG9dADwLCoLpJx/nzY6+7bHgxRbByrL9zEZZ4eYcnkAj8WDnjsfmpJuWVBBE3El+THrbjyQs1uLQY0TULGEZ++LaKn25Nd8kyy6nFJnqXTCk/Q6V9Da+btN4yJSPZxyDXWzlT1OXK0MikiT+djiH6II2/wAARSbS3ccNiuAAAYsBrAIAAKVre46xxGf7AgAAAAAEWVr9N3pYWgAABObWtEYCACEBFgAAAHQv5aPgADcAJF0AGAKCt6m/sJDwLndWR+iZBRBqtPLsWCPoYrn0Z9I4gmeKTQCAAO8dQU5CiWIKAAFAOLBC/fgftvN9AQAAAAAEWVo="
        ),
        (
            "t.csv.bz2",
            "QlpoOTFBWSZTWYgTW0gAAJVZgAAQAAV/4DAABGAgAJAppkYmJiDTymqmoNMbVOWeOlVViqqrFVVffwAACAQACABADzMknN59dd+9+BbZbZefnnnI2tC2veZO3r7uZC2syXMjdpmTd3ZE3kySG7FixYvjJkn+LuSKcKEhECa2kEJaaDkxQVkmU1nD/I6GAAANWQAAEAAFf+AwACAAISJBMmT9UKYAAsXxVVIMfouc+kx3rQxSCaLC/F3JFOFCQw/yOhg="
        ),
        (
            "t.csv.zst",
            "KLUv/QRoLQMAsgUPD8Dre3Sr75bbiExCGBwODEUV4O7nszOFDPHw++/bTSFDOPh822aa4QtNaIMXdKAdf7qoApjWUwGMq6kqH6gQSLbtvwGgow4QSsF99Echz7PuirLFcLVlVQXNRyx1gLQDfgpMmkZ2KLUv/QRoXQEAgsMJC8A9/v80TVPJhINZIO9fbAGdf6EF8/5FFsj5F1hA719cwZx/YQUSAEc+a5w="
        ),
    ]

    /// Two streams each, the cut within a line.
    @Test(arguments: packed) func unpacked(name: String, base64: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/" + name
        let bytes = try #require(Data(base64Encoded: base64))
        try bytes.write(to: URL(fileURLWithPath: path))
        #expect(try Self.load([path]) == Self.plain(folder))
        try bytes.dropLast(9).write(to: URL(fileURLWithPath: path))
        #expect(message { _ = try TextReader(stream: path).all() }.contains("data ends too early"))
        var damaged = bytes
        for place in 20..<40 { damaged[place] ^= 0x55 }
        try damaged.write(to: URL(fileURLWithPath: path))
        #expect(message { _ = try TextReader(stream: path).all() }.contains("data is corrupt at byte"))
    }

    @Test func utf16() throws {
        let folder = try TemporaryFolder()
        for (name, encoding, mark) in [
            ("le.txt", String.Encoding.utf16LittleEndian, [0xFF, 0xFE]), ("be.csv", .utf16BigEndian, [0xFE, 0xFF]),
        ] as [(String, String.Encoding, [UInt8])] {
            let path = folder.path + "/" + name
            let data = try #require(Self.text.data(using: encoding))
            try (Data(mark) + data).write(to: URL(fileURLWithPath: path))
            #expect(try Self.load([path]) == Self.plain(folder))
            try (Data(mark) + data.dropLast()).write(to: URL(fileURLWithPath: path))
            #expect(message { _ = try TextReader(stream: path).all() }.contains("odd number of bytes"))
        }
    }

    @Test func utf16WithoutAMark() throws {
        let folder = try TemporaryFolder()
        for encoding in [String.Encoding.utf16LittleEndian, .utf16BigEndian] {
            let path = folder.path + "/u.csv"
            try #require(Self.text.data(using: encoding)).write(to: URL(fileURLWithPath: path))
            #expect(try Self.load([path]) == Self.plain(folder))
        }
    }

    /// Every scalar survives; halves of pairs alone do not.
    @Test func utf16Scalars() throws {
        let text = "aä€\u{FFFF}\u{10000}😀\u{10FFFF}\n"
        func decoded(_ units: [UInt16]) throws -> String {
            let bytes = units.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
            let source = UTF16Bytes(ListedBytes(bytes), order: .little, name: "f")
            return String(decoding: try source.bytes(1000), as: UTF8.self)
        }
        #expect(try decoded(Array(text.utf16)) == text)
        for units in [[0xD800], [0xDC00], [0xD800, 0x41], [0xD800, 0xD800, 0xDC00]] as [[UInt16]] {
            #expect(message { _ = try decoded(units) }.contains("is no valid UTF-16 text"))
        }
    }

    @Test func carriageReturns() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("mac.csv", Self.text.replacing("\n", with: "\r"))
        #expect(try Self.load([path]) == Self.plain(folder))
    }

    @Test func foldersAndPatterns() throws {
        let folder = try TemporaryFolder()
        let plain = try Self.plain(folder)
        let parts = folder.path + "/parts"
        try FileManager.default.createDirectory(atPath: parts, withIntermediateDirectories: true)
        _ = try folder.write("parts/part-0.csv", "x,t,y\n" + Self.rows(0..<10))
        _ = try folder.write("parts/part-1.csv", "x,t,y\n")
        _ = try folder.write("parts/part-2.csv", "")
        _ = try folder.write("parts/part-3.csv", "x,t,y\n" + Self.rows(10..<40))
        _ = try folder.write("parts/_SUCCESS", "")
        _ = try folder.write("parts/.part-0.csv.crc", "crc")
        for path in [parts, parts + "/", parts + "/part-?.csv", folder.path + "/{parts,none}/*.csv"] {
            #expect(try Self.load([path]) == plain, "\(path)")
        }
        let none = messages(2) { try DistributedTable.read([parts + "/*.tsv"], communicator: $0).rows }
        #expect(none.allSatisfy { $0.hasSuffix("/*.tsv: no file matches this pattern") })
        let outer = messages(2) { try DistributedTable.read([folder.path + "/empty"], communicator: $0).rows }
        #expect(outer.allSatisfy { $0.contains("cannot open") })
        try FileManager.default.removeItem(atPath: folder.path + "/plain.csv")
        let above = messages(2) { try DistributedTable.read([folder.path], communicator: $0).rows }
        #expect(above.allSatisfy { $0.contains("has folders and no files: give a pattern in quotes") }, "\(above)")
    }

    @Test func archives() throws {
        let folder = try TemporaryFolder()
        let plain = try Self.plain(folder)
        for (level, name) in [("-0", "stored.zip"), ("-9", "deflated.zip")] {
            _ = try folder.write("a.csv", "x,t,y\n" + Self.rows(0..<10))
            _ = try folder.write("b.csv", "x,t,y\n" + Self.rows(10..<40))
            let path = folder.path + "/" + name
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [
                "python3", "-c",
                "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1], 'w', 0 if sys.argv[2] == '-0' else 8); "
                    + "[z.write(sys.argv[3] + '/' + f, 'in/' + f) for f in ('a.csv', 'b.csv')]; "
                    + "z.writestr('__MACOSX/in/._a.csv', 'x')",
                path, level, folder.path,
            ]
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0, "python3 makes the archive")
            #expect(try Self.load([path]) == plain)
            let ragged = messages(2) {
                _ = try DistributedTable.read([path], options: ReadOptions(), communicator: $0)
            }
            #expect(ragged[0] == ragged[1])
        }
    }

    // MARK: - Line ends within quotes

    /// Texts with line ends and quotes in them, over many cuts.
    static func across(_ range: Range<Int>) -> String {
        range.map { "\($0).5,\"\(["a", "line\nend", "two\r\n\nends", "\"\"\n\"\"", "x,\n"][$0 % 5])\",\($0 % 3)\n" }
            .joined()
    }

    @Test(arguments: [1 << 6, 1 << 8, 1 << 12]) func chunksEndWithRows(size: Int) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("t.csv", "x,t,y\n" + Self.across(0..<200))
        let reader = try TextReader(stream: path, chunkSize: size)
        reader.delimiter = 0x2C
        var rows = 0
        while let chunk = try reader.next() {
            try chunk.withTerminatedBytes { bytes in
                var lines = CSVTokenizer(bytes: bytes, delimiter: 0x2C)
                while try lines.next() {
                    #expect(lines.count == 3)
                    rows += 1
                }
            }
        }
        #expect(rows == 201)
    }

    /// A quote opens at the start of a field, and nowhere else.
    @Test func quotesWithinFieldsAreBytes() {
        for (text, end) in [
            ("5\" pipe,1\n\"a\nb\",2\n", 18), ("a \"b,1\nc,2", 7), ("\"a\"\"\n\",1\nx", 9), ("1, \"a\nb\" ,2\n3", 12),
            ("\"a\n", nil),
        ] as [(String, Int?)] {
            var found: Int?
            for count in [1, 3, 100] {
                var scan = QuoteScan(delimiter: 0x2C)
                let bytes = Array(text.utf8)
                found = nil
                for upTo in stride(from: count, to: bytes.count + count, by: count) {
                    bytes.withUnsafeBytes {
                        let head = UnsafeRawBufferPointer(rebasing: $0[..<min(upTo, bytes.count)])
                        found = scan.lastLineEnd(head) ?? found
                    }
                }
                #expect(found == end, "\(text) in steps of \(count)")
            }
        }
    }

    /// Large enough for every rank to have a part of the file.
    @Test func rowsAcrossLines() throws {
        let folder = try TemporaryFolder()
        let flat = (0..<3000).map { "\($0).5,\"\($0 % 5)\",\($0 % 3)\n" }.joined()
        let names = ["0": "a", "1": "line\nend", "2": "two\r\n\nends", "3": "\"\"\n\"\"", "4": "x,\n"]
        let broken = (0..<3000).map { "\($0).5,\"\(names["\($0 % 5)"] ?? "")\",\($0 % 3)\n" }.joined()
        let one = try Self.load([try folder.write("flat.csv", "x,t,y\n" + flat)])
        let other = try Self.load([try folder.write("broken.csv", "x,t,y\n" + broken)])
        #expect(one.map(\.label) == other.map(\.label))
        #expect(one.map { $0.features[0] } == other.map { $0.features[0] })
        #expect(Set(other.map { $0.features.dropFirst() }).count == 5)
    }

    @Test func aQuoteThatIsNeverClosed() throws {
        let folder = try TemporaryFolder()
        let text = "x,t,y\n" + Self.across(0..<2000) + "1,\"open,2\n" + Self.rows(0..<2000)
        let path = try folder.write("t.csv", text)
        let line = text.prefix { $0 != "p" }.utf8.count
        let before = Array(text.utf8)[..<line].filter { $0 == 0x0A }.count
        for ranks in [1, 3] {
            let found = messages(ranks) { communicator in
                var options = ReadOptions()
                options.label = "y"
                return try DistributedTable.read([path], options: options, communicator: communicator).rows
            }
            #expect(found.allSatisfy { $0.contains("opens a quote that is never closed") }, "\(found)")
            #expect(Set(found).count == 1 && before > 2000)
        }
    }
}

/// Bytes from a list, one at a time.
final class ListedBytes: ByteSource {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var expected: Int { bytes.count - position }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = min(buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}
