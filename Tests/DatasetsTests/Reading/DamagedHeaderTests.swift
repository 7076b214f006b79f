import Glibc
import Testing

@testable import Datasets

/// Headers whose numbers cannot be: a message with the file in it, and no arithmetic that traps.
@Suite struct DamagedHeaderTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func reading(_ name: String, _ bytes: [UInt8]) throws -> String {
        let path = try folder.write(name, bytes)
        return message {
            var options = ReadOptions()
            options.allowMissingLabels = true
            _ = try DataFile(path: path, options: options)
        }
    }

    private func idx(_ extents: [UInt32], type: UInt8 = 0x0E, _ data: [UInt8] = []) -> [UInt8] {
        [0, 0, type, UInt8(extents.count)] + extents.flatMap { ArrayBytes.bigEndian($0) } + data
    }

    @Test(arguments: [false, true]) func extentsOfIDXBeyondAnyFile(isPacked: Bool) throws {
        let big = UInt32.max
        for extents in [[big, big, big], [0, big, big, big], [big, big, big, 0], [big], [3, big, 2]] {
            let bytes = idx(extents)
            let name = isPacked ? "a-images.gz" : "a-images"
            let text = try reading(name, isPacked ? GzipTests.compress(bytes) : bytes)
            #expect(text.contains(name), "\(text)")
            #expect(text.contains("announces") || text.contains("is cut off"), "\(extents): \(text)")
        }
    }

    @Test func shapesOfNPYBeyondAnyFile() throws {
        for shape in [
            "(0, 4294967296, 4294967296)", "(4294967296, 4294967296, 0)", "(9223372036854775807, 2)",
            "(4611686018427387904,)", "(2, 3037000500, 3037000500)",
        ] {
            let text = try reading("a.npy", NPYTests.npy("<f8", shape: shape, data: []))
            #expect(text.contains("a.npy") && (text.contains("announces") || text.contains("is cut off")), "\(text)")
        }
    }

    /// Deflate makes at most 1032 bytes of one.
    @Test func packedBytesThatCannotBeThatMany() throws {
        let text = try reading("a-images.gz", GzipTests.compress(idx([1 << 20, 1 << 10], type: 8)))
        #expect(text.contains("is cut off") && text.contains("packed bytes"), "\(text)")
    }

    @Test func zipEntriesBeyondInt() throws {
        let array = NPYTests.npy("<f8", shape: "(2, 2)", data: [UInt8](repeating: 0, count: 32))
        let whole = ArrayBytes.zip([("x.npy", array)], deflated: false, is64: true)
        let record = try #require(
            whole.indices.dropLast(4).first { whole[$0..<$0 + 4].elementsEqual([0x50, 0x4B, 6, 6]) })
        // Count of entries, size and place of the directory.
        for field in [24, 32, 40, 48] {
            for value in [UInt64(1) << 63, .max, 1 << 62, 1 << 40] {
                var bytes = whole
                bytes.replaceSubrange(record + field..<record + field + 8, with: ArrayBytes.littleEndian(value))
                let text = try reading("a.npz", bytes)
                #expect(text == "no error" ? field == 24 : text.contains("directory is damaged"), "\(field): \(text)")
            }
        }
    }

    @Test func aStoredMemberHasOneSize() throws {
        let array = NPYTests.npy("<f8", shape: "(2, 2)", data: [UInt8](repeating: 0, count: 32))
        var bytes = ArrayBytes.zip([("x.npy", array)], deflated: false)
        let entry = try #require(
            bytes.indices.dropLast(4).first { bytes[$0..<$0 + 4].elementsEqual([0x50, 0x4B, 1, 2]) })
        bytes.replaceSubrange(entry + 24..<entry + 28, with: ArrayBytes.littleEndian(UInt32(0x7FFF_FFFF)))
        #expect(try reading("a.npz", bytes).contains("directory is damaged"))
    }

    @Test func aPipeIsRefusedAndNotWaitedFor() throws {
        let path = folder.path + "/pipe"
        #expect(mkfifo(path, 0o600) == 0)
        #expect(message { _ = try DataFile(path: path) }.contains("is a named pipe"))
        #expect(MappedFile(path: path) == nil)
    }

    @Test func columnNumbersHaveNoEnd() {
        let reference = ColumnReference(file: "a.csv", columns: ["a", "b"])
        for number in ["-9223372036854775808", "9223372036854775807", "-3"] {
            #expect(message { _ = try reference.position(number, option: "`label`") }.contains("there are 2 columns"))
        }
    }

    @Test func shapesThatRowsCannotHave() throws {
        #expect(SampleShape("1048576x1048576x1048576") == nil)
        #expect(SampleShape("2147483647x1x1") != nil && SampleShape("0x3") == nil)
        #expect(throws: (any Error).self) {
            try roundTrip(SampleShape(channels: 1 << 31, height: 1 << 31, width: 1 << 31))
        }
        #expect(throws: (any Error).self) { try roundTrip(SampleShape(channels: -1, height: -1, width: 1)) }
        #expect(try roundTrip(SampleShape(channels: 3, height: 8, width: 8)).count == 192)
    }
}
