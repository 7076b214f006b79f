import Foundation
import Telemetry
import TestSupport
import Testing

/// A field of a protocol buffers message, as it lies in the file.
enum WireValue: Equatable {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    case bytes([UInt8])

    var bytes: [UInt8]? { if case .bytes(let value) = self { value } else { nil } }
    var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
    var integer: Int? { if case .varint(let value) = self { Int(Int64(bitPattern: value)) } else { nil } }
    var double: Double? { if case .fixed64(let bits) = self { Double(bitPattern: bits) } else { nil } }
    var float: Float? { if case .fixed32(let bits) = self { Float(bitPattern: bits) } else { nil } }
    var doubles: [Double]? {
        guard let bytes, bytes.count % 8 == 0 else { return nil }
        return stride(from: 0, to: bytes.count, by: 8).map { start in
            Double(bitPattern: bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) })
        }
    }
}

/// A reader of TFRecord files and of protocol buffers that shares nothing with the writer and forgives nothing.
enum EventFileReader {
    struct Malformed: Error { var what: String }

    /// The records of a file whose sums all agree.
    static func records(_ bytes: [UInt8]) throws -> [[UInt8]] {
        var records: [[UInt8]] = []
        var place = 0
        func number(_ count: Int) throws -> UInt64 {
            guard place + count <= bytes.count else { throw Malformed(what: "cut short at \(place)") }
            defer { place += count }
            return bytes[place..<place + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        while place < bytes.count {
            let header = place
            let length = Int(try number(8))
            guard try number(4) == UInt64(maskedSum(bytes[header..<header + 8])) else {
                throw Malformed(what: "sum of the length at \(header)")
            }
            guard place + length <= bytes.count else { throw Malformed(what: "cut short at \(place)") }
            let data = bytes[place..<place + length]
            place += length
            guard try number(4) == UInt64(maskedSum(data)) else {
                throw Malformed(what: "sum of the data at \(header)")
            }
            records.append(Array(data))
        }
        return records
    }

    static func fields(_ bytes: [UInt8]) throws -> [(number: Int, value: WireValue)] {
        var fields: [(number: Int, value: WireValue)] = []
        var place = 0
        func byte() throws -> UInt8 {
            guard place < bytes.count else { throw Malformed(what: "message cut short") }
            defer { place += 1 }
            return bytes[place]
        }
        func varint() throws -> UInt64 {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 70, by: 7) {
                let next = try byte()
                value |= UInt64(next & 0x7F) << shift
                if next < 0x80 { return value }
            }
            throw Malformed(what: "varint of more than ten bytes")
        }
        func fixed(_ count: Int) throws -> UInt64 {
            try (0..<count).reduce(0) { value, index in value | UInt64(try byte()) << UInt64(8 * index) }
        }
        while place < bytes.count {
            let key = try varint()
            let number = Int(key >> 3)
            switch key & 7 {
            case 0: fields.append((number, .varint(try varint())))
            case 1: fields.append((number, .fixed64(try fixed(8))))
            case 2:
                let count = Int(try varint())
                fields.append((number, .bytes(try (0..<count).map { _ in try byte() })))
            case 5: fields.append((number, .fixed32(UInt32(try fixed(4)))))
            default: throw Malformed(what: "wire type \(key & 7)")
            }
        }
        return fields
    }

    /// Bit by bit, as the definition has it.
    static func sum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var rest: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            for bit in 0..<8 {
                let differs = (rest ^ UInt32(byte) >> UInt32(bit)) & 1 == 1
                rest = rest >> 1 ^ (differs ? 0x82F6_3B78 : 0)
            }
        }
        return rest ^ 0xFFFF_FFFF
    }

    private static func maskedSum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        let sum = sum(bytes)
        return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
    }
}

/// An event as TensorBoard takes it.
struct ReadEvent {
    var wallTime = 0.0
    var step = 0
    var version: String?
    var isStart = false
    var scalars: [String: Float] = [:]
    var texts: [String: String] = [:]
    /// Fields of a `HistogramProto` by number.
    var histograms: [String: [Int: WireValue]] = [:]
    /// Plugin and description by tag.
    var metadata: [String: (plugin: String, description: String)] = [:]

    init(_ bytes: [UInt8]) throws {
        for (number, value) in try EventFileReader.fields(bytes) {
            switch number {
            case 1: wallTime = try #require(value.double)
            case 2: step = try #require(value.integer)
            case 3:
                let text: String = try #require(value.text)
                version = text
            case 5: for (number, value) in try nested(value) { try add(number, value) }
            case 7: isStart = try nested(value).first { $0.number == 1 }?.value == .varint(1)
            default: throw EventFileReader.Malformed(what: "field \(number) of Event")
            }
        }
    }

    private func nested(_ value: WireValue) throws -> [(number: Int, value: WireValue)] {
        try EventFileReader.fields(try #require(value.bytes))
    }

    private mutating func add(_ number: Int, _ value: WireValue) throws {
        guard number == 1 else { throw EventFileReader.Malformed(what: "field \(number) of Summary") }
        let fields = try nested(value)
        let tag = try #require(fields.first { $0.number == 1 }?.value.text)
        for (number, value) in fields.dropFirst() {
            switch number {
            case 2:
                let scalar: Float = try #require(value.float)
                scalars[tag] = scalar
            case 5: histograms[tag] = Dictionary(uniqueKeysWithValues: try nested(value).map { ($0.number, $0.value) })
            case 8:
                let text: String = try #require(try nested(value).first { $0.number == 8 }?.value.text)
                texts[tag] = text
            case 9:
                let metadata = try nested(value)
                let plugin = try nested(try #require(metadata.first { $0.number == 1 }?.value))
                self.metadata[tag] = (
                    try #require(plugin.first { $0.number == 1 }?.value.text),
                    try #require(metadata.first { $0.number == 3 }?.value.text)
                )
            default: throw EventFileReader.Malformed(what: "field \(number) of Summary.Value")
            }
        }
    }

    /// All events of all files in a folder, file by file.
    static func all(in folder: String) throws -> [[ReadEvent]] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { name in
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)))
            return try EventFileReader.records(bytes).map { try ReadEvent($0) }
        }
    }
}
