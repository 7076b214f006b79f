/// Bytes of a protocol buffers message, written field by field.
/// Source: https://protobuf.dev/programming-guides/encoding/.
package struct ProtobufMessage {
    package private(set) var bytes: [UInt8] = []

    private enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case lengthDelimited = 2
        case fixed32 = 5
    }

    package mutating func add(_ field: Int, varint value: Int) {
        key(field, .varint)
        varint(UInt64(bitPattern: Int64(value)))
    }

    package mutating func add(_ field: Int, double value: Double) {
        key(field, .fixed64)
        littleEndian(value.bitPattern)
    }

    package mutating func add(_ field: Int, float value: Float) {
        key(field, .fixed32)
        littleEndian(value.bitPattern)
    }

    package mutating func add(_ field: Int, string value: String) { add(field, bytes: Array(value.utf8)) }

    package mutating func add(_ field: Int, message: ProtobufMessage) { add(field, bytes: message.bytes) }

    package mutating func add(_ field: Int, packed values: [Double]) {
        var packed: [UInt8] = []
        packed.reserveCapacity(values.count * 8)
        for value in values { Self.appendLittleEndian(value.bitPattern, to: &packed) }
        add(field, bytes: packed)
    }

    private mutating func add(_ field: Int, bytes value: [UInt8]) {
        key(field, .lengthDelimited)
        varint(UInt64(value.count))
        bytes += value
    }

    private mutating func key(_ field: Int, _ type: WireType) { varint(UInt64(field) << 3 | type.rawValue) }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func littleEndian(_ value: some FixedWidthInteger) {
        Self.appendLittleEndian(value, to: &bytes)
    }

    package static func appendLittleEndian(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
