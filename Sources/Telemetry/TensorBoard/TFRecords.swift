import Platform

/// Records as TensorFlow's files frame them: length (8 bytes), its masked CRC-32C (4), data, the data's (4); all little
/// endian. Source: tensorflow/core/lib/io/record_writer.h.
package struct TFRecords {
    package private(set) var bytes: [UInt8] = []
    /// Where each record ends.
    package private(set) var ends: [Int] = []

    package mutating func append(_ data: [UInt8]) {
        var length: [UInt8] = []
        ProtobufMessage.appendLittleEndian(UInt64(data.count), to: &length)
        bytes += length
        ProtobufMessage.appendLittleEndian(CRC32C.masked(length), to: &bytes)
        bytes += data
        ProtobufMessage.appendLittleEndian(CRC32C.masked(data), to: &bytes)
        ends.append(bytes.count)
    }
}
