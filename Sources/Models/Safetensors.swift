import FoundationEssentials
import Platform

/// The safetensors container: an 8-byte little-endian header length, a JSON header, then the tensors' bytes.
///
/// https://huggingface.co/docs/safetensors. Read here: F32 and F64 tensors and the string metadata.
public struct Safetensors: Sendable {
    /// Row-major.
    public enum Values: Sendable, Equatable {
        /// F32.
        case floats([Float])
        /// F64.
        case doubles([Double])

        public var count: Int {
            switch self {
            case .floats(let values): values.count
            case .doubles(let values): values.count
            }
        }

        var isDouble: Bool { if case .doubles = self { true } else { false } }

        /// As they are in memory: little-endian on every machine that Swift runs on.
        func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
            switch self {
            case .floats(let values): try values.withUnsafeBytes(body)
            case .doubles(let values): try values.withUnsafeBytes(body)
            }
        }
    }

    public struct Tensor: Sendable, Equatable {
        public var shape: [Int]
        public var values: Values

        public init(shape: [Int], values: Values) {
            self.shape = shape
            self.values = values
        }
    }

    public var tensors: [String: Tensor] = [:]
    public var metadata: [String: String] = [:]

    public init() {}

    private static let metadataKey = "__metadata__"

    private struct Entry: Codable {
        var dtype: String
        var shape: [Int]
        var dataOffsets: [Int]

        enum CodingKeys: String, CodingKey {
            case dtype
            case shape
            case dataOffsets = "data_offsets"
        }
    }

    private enum HeaderValue: Codable {
        case tensor(Entry)
        case metadata([String: String])

        init(from decoder: any Decoder) throws {
            if let entry = try? Entry(from: decoder) {
                self = .tensor(entry)
            } else {
                self = .metadata(try [String: String](from: decoder))
            }
        }

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .tensor(let entry): try entry.encode(to: encoder)
            case .metadata(let map): try map.encode(to: encoder)
            }
        }
    }
}

// MARK: - Writing

extension Safetensors {
    /// Hands the file to `write`, piece by piece and in order, without a copy of the tensors.
    public func encode(_ write: (UnsafeRawBufferPointer) throws -> Void) throws {
        var header: [String: HeaderValue] = [Self.metadataKey: .metadata(metadata)]
        var offset = 0
        // Doubles first: each tensor starts on a multiple of its element size.
        let order = tensors.sorted { left, right in
            (left.value.values.isDouble ? 0 : 1, left.key) < (right.value.values.isDouble ? 0 : 1, right.key)
        }
        for (name, tensor) in order {
            let isDouble = tensor.values.isDouble
            let end = offset + tensor.values.count * (isDouble ? 8 : 4)
            header[name] = .tensor(
                Entry(dtype: isDouble ? "F64" : "F32", shape: tensor.shape, dataOffsets: [offset, end]))
            offset = end
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var json = [UInt8](try encoder.encode(header))
        json += [UInt8](repeating: 0x20, count: (8 - json.count % 8) % 8)
        try withUnsafeBytes(of: UInt64(json.count).littleEndian, write)
        try json.withUnsafeBytes(write)
        for (_, tensor) in order { try tensor.values.withBytes(write) }
    }

    func encoded() throws -> [UInt8] {
        var bytes: [UInt8] = []
        try encode { bytes += $0 }
        return bytes
    }
}

// MARK: - Reading

extension Safetensors {
    /// Throws `ModelError` naming `file` for anything but a complete file.
    public init(_ bytes: [UInt8], file: String) throws {
        guard bytes.count >= 8 else { throw ModelError("\(file) is not a model file: it has \(bytes.count) bytes") }
        let length = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        guard length >= 2, length <= 1 << 30, bytes[8...].first == UInt8(ascii: "{") else {
            throw ModelError("\(file) is not a model file: it does not begin like a safetensors file")
        }
        let start = 8 + Int(length)
        guard start <= bytes.count else {
            throw ModelError.damage("\(file) is cut short: its header has \(length) bytes, the file \(bytes.count)")
        }
        let header: [String: HeaderValue]
        do {
            header = try JSONDecoder().decode([String: HeaderValue].self, from: Data(bytes[8..<start]))
        } catch {
            throw ModelError.damage("\(file) is damaged: its header is not valid JSON of a safetensors file")
        }
        // Tensors lie one after the other: neither a gap nor an overlap, which could make much of a small file.
        var places: [Range<Int>] = []
        for (name, value) in header {
            switch value {
            case .metadata(let map):
                guard name == Self.metadataKey else { throw ModelError.damage("\(file) is damaged: tensor \(name)") }
                metadata = map
            case .tensor(let entry):
                places.append(try Self.place(name, entry, of: bytes.count - start, file: file))
            }
        }
        var end = 0
        for place in places.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
            guard place.lowerBound == end else {
                throw ModelError.damage("\(file) is damaged: its tensors do not lie one after the other")
            }
            end = place.upperBound
        }
        guard start + end == bytes.count else {
            throw ModelError.damage("\(file) is damaged: \(bytes.count - start - end) bytes follow its last tensor")
        }
        for case (let name, .tensor(let entry)) in header {
            tensors[name] = Self.tensor(entry, bytes[start...])
        }
    }

    /// Where a tensor lies among `available` bytes of data.
    private static func place(_ name: String, _ entry: Entry, of available: Int, file: String) throws -> Range<Int> {
        guard let size = ["F32": 4, "F64": 8][entry.dtype] else {
            throw ModelError("\(file): tensor \(name) has type \(entry.dtype); F32 and F64 are read")
        }
        var count = 1
        for length in entry.shape {
            let product = count.multipliedReportingOverflow(by: length)
            guard length >= 0, !product.overflow, product.partialValue < 1 << 40 else {
                throw ModelError.damage("\(file) is damaged: the shape of tensor \(name)")
            }
            count = product.partialValue
        }
        guard entry.dataOffsets.count == 2, entry.dataOffsets[0] >= 0,
            entry.dataOffsets[1] >= entry.dataOffsets[0],
            entry.dataOffsets[1] - entry.dataOffsets[0] == count * size
        else { throw ModelError.damage("\(file) is damaged: the place of tensor \(name)") }
        guard entry.dataOffsets[1] <= available else {
            throw ModelError.damage("\(file) is cut short: tensor \(name) is not complete")
        }
        return entry.dataOffsets[0]..<entry.dataOffsets[1]
    }

    /// A tensor whose place is known to be sound.
    private static func tensor(_ entry: Entry, _ data: ArraySlice<UInt8>) -> Tensor {
        let bytes = data[data.startIndex + entry.dataOffsets[0]..<data.startIndex + entry.dataOffsets[1]]
        return Tensor(
            shape: entry.shape,
            values: entry.dtype == "F64"
                ? .doubles(elements(of: bytes, count: bytes.count / 8))
                : .floats(elements(of: bytes, count: bytes.count / 4)))
    }

    private static func elements<Element: BitwiseCopyable>(of bytes: ArraySlice<UInt8>, count: Int) -> [Element] {
        [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
            bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
            initialized = count
        }
    }
}
