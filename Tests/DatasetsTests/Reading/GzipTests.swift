import CZlib
import Testing

@testable import Datasets

@Suite struct GzipTests {
    /// One gzip member.
    static func compress(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        guard
            deflateInit2_(
                &stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)
            )
                == Z_OK
        else { return [] }
        defer { deflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: bytes.count + 1000)
        let count = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                return deflate(&stream, Z_FINISH) == Z_STREAM_END ? output.count - Int(stream.avail_out) : 0
            }
        }
        return Array(output[..<count])
    }

    static func text(_ megabytes: Int) -> [UInt8] {
        var generator = TestGenerator(state: 1)
        var bytes: [UInt8] = []
        while bytes.count < megabytes << 20 {
            bytes += Array(
                "1 1:\(UInt32.random(in: 0...9999, using: &generator)) 3:0.\(generator.next() % 1000)\n".utf8)
        }
        return bytes
    }

    @Test func equalsThePlainFile() throws {
        let folder = try ScratchFolder()
        let bytes = Self.text(2)
        let plain = try folder.write("t.svm", bytes)
        let zipped = try folder.write("t.svm.gz", Self.compress(bytes))
        let reader = try TextReader(stream: zipped, chunkSize: 100_000)
        #expect(reader.isSequential)
        let chunks = try reader.all()
        #expect(chunks.flatMap(\.bytes) == bytes)
        #expect(chunks.count > 10 && chunks.allSatisfy { $0.bytes.last == 0x0A && $0.bytes.count <= 100_000 })
        let rows = try chunks.flatMap { try LIBSVMParser().parse($0).plainRows }
        let plainRows = try TextReader(path: plain, range: 0..<bytes.count).all().flatMap {
            try LIBSVMParser().parse($0).plainRows
        }
        #expect(rows == plainRows)
    }

    @Test func concatenatedMembersAndPadding() throws {
        let folder = try ScratchFolder()
        let (a, b) = (Array("1 1:2\n1 2".utf8), Array(":3\n-1 1:5\n".utf8))
        let members = Self.compress(a) + Self.compress([]) + Self.compress(b) + [0, 0, 0]
        let path = try folder.write("t.gz", members)
        #expect(try TextReader(stream: path, chunkSize: 4).all().flatMap(\.bytes) == a + b)
        #expect(try DataFile(path: path).format == .libsvm)
    }

    @Test func cutOffCorruptAndFollowedByOtherBytes() throws {
        let folder = try ScratchFolder()
        let whole = Self.compress(Self.text(1))
        for length in [3, 15, whole.count / 2, whole.count - 1] {
            let path = try folder.write("cut.gz", Array(whole[..<length]))
            let found = message { _ = try TextReader(stream: path).all() }
            #expect(
                found == "\(path): the gzip data ends too early, at byte \(length): the file is cut off; copy it again")
        }
        var bad = whole
        bad[whole.count / 2] ^= 0xFF
        let corrupt = try folder.write("bad.gz", bad)
        let found = message { _ = try TextReader(stream: corrupt).all() }
        #expect(found.contains("bad.gz: the gzip data is corrupt at byte "), "\(found)")
        bad = whole
        bad[whole.count - 6] ^= 1
        let checksum = message { _ = try TextReader(stream: try folder.write("sum.gz", bad)).all() }
        #expect(checksum.contains("incorrect data check"), "\(checksum)")
        let tail = try folder.write("tail.gz", whole + Array("junk".utf8))
        #expect(message { _ = try TextReader(stream: tail).all() }.contains("byte \(whole.count), after the gzip data"))
    }

    @Test func linesAreNumberedInErrors() throws {
        let folder = try ScratchFolder()
        let text = String(repeating: "1 1:2\n", count: 999) + "1 1:x\n"
        let path = try folder.write("t.svm.gz", Self.compress(Array(text.utf8)))
        let found = message {
            for chunk in try TextReader(stream: path, chunkSize: 64).all() { _ = try LIBSVMParser().parse(chunk) }
        }
        #expect(found.hasPrefix(path + ":1000: "), "\(found)")
    }
}
