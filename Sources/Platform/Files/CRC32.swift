import CZlib

/// CRC-32 as zlib, gzip and Python's `zlib.crc32` have it.
public struct CRC32: Sendable {
    private var value: UInt = 0

    public init() {}

    public mutating func add(_ bytes: UnsafeRawBufferPointer) {
        value = crc32_z(value, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    }

    /// Eight hexadecimal digits.
    public var text: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    public static func text(of bytes: some Collection<UInt8>) -> String {
        var sum = CRC32()
        if bytes.withContiguousStorageIfAvailable({ sum.add(UnsafeRawBufferPointer($0)) }) == nil {
            Array(bytes).withUnsafeBytes { sum.add($0) }
        }
        return sum.text
    }
}

/// The cyclic redundancy check of Castagnoli's polynomial (RFC 3720, B.4), bits reflected, as TFRecord files use it.
public enum CRC32C {
    public static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var sum: UInt32 = 0xFFFF_FFFF
        for byte in bytes { sum = table[Int((sum ^ UInt32(byte)) & 0xFF)] ^ (sum >> 8) }
        return ~sum
    }

    /// The masked sum that TFRecord stores: one of bytes that hold such sums themselves would be weak.
    public static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
        let sum = of(bytes)
        return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? (sum >> 1) ^ 0x82F6_3B78 : sum >> 1 }
    }
}
