import CZlib

@testable import Datasets

/// Array files as other programs write them.
enum ArrayBytes {
    /// An IDX file of bytes: `type` 8 and the elements as they are, or another type and elements already big-endian.
    static func idx(_ extents: [Int], type: UInt8 = 8, _ data: [UInt8]) -> [UInt8] {
        [0, 0, type, UInt8(extents.count)] + extents.flatMap { bigEndian(UInt32($0)) } + data
    }

    static func bigEndian(_ word: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: word.bigEndian) { Array($0) }
    }

    static func littleEndian(_ word: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: word.littleEndian) { Array($0) }
    }

    /// A zip archive, its members stored or deflated; with 64-bit sizes if asked for.
    static func zip(_ members: [(name: String, bytes: [UInt8])], deflated: Bool, is64: Bool = false) -> [UInt8] {
        var file: [UInt8] = []
        var directory: [UInt8] = []
        for (name, bytes) in members {
            // A gzip member is a header of 10 bytes, deflated data, and 8 bytes behind.
            let data = deflated ? Array(GzipTests.compress(bytes).dropFirst(10).dropLast(8)) : bytes
            let sum = UInt32(truncatingIfNeeded: crc32(0, bytes, UInt32(bytes.count)))
            let start = file.count
            let common: [UInt8] =
                littleEndian(UInt16(20)) + [0, 0] + littleEndian(UInt16(deflated ? 8 : 0)) + [0, 0, 0, 0]
                + littleEndian(sum)
            let sizes = littleEndian(UInt32(data.count)) + littleEndian(UInt32(bytes.count))
            let hidden = [UInt8](repeating: 0xFF, count: 8)
            let extra =
                littleEndian(UInt16(1)) + littleEndian(UInt16(16)) + littleEndian(UInt64(bytes.count))
                + littleEndian(UInt64(data.count))
            let lengths = littleEndian(UInt16(name.utf8.count)) + littleEndian(UInt16(is64 ? extra.count : 0))
            let tail = Array(name.utf8) + (is64 ? extra : [])
            file += ZipArchive.magic + common + (is64 ? hidden : sizes) + lengths + tail + data
            directory += [0x50, 0x4B, 1, 2, 20, 0] + common + (is64 ? hidden : sizes) + lengths
            directory += [UInt8](repeating: 0, count: 10) + littleEndian(UInt32(start)) + tail
        }
        let start = file.count
        file += directory
        if is64 {
            let record = file.count
            file += [0x50, 0x4B, 6, 6] + littleEndian(UInt64(44)) + [UInt8](repeating: 0, count: 12)
            file += littleEndian(UInt64(members.count)) + littleEndian(UInt64(members.count))
            file += littleEndian(UInt64(directory.count)) + littleEndian(UInt64(start))
            file += [0x50, 0x4B, 6, 7, 0, 0, 0, 0] + littleEndian(UInt64(record)) + [1, 0, 0, 0]
        }
        let count = littleEndian(UInt16(is64 ? 0xFFFF : members.count))
        file += [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count
        file += littleEndian(is64 ? UInt32.max : UInt32(directory.count))
        file += littleEndian(is64 ? UInt32.max : UInt32(start)) + [0, 0]
        return file
    }
}
