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
