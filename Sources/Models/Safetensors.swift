import FoundationEssentials

/// The safetensors container: an 8-byte little-endian header length, a JSON header, then the tensors' bytes.
///
/// https://huggingface.co/docs/safetensors. Read here: F32 and F64 tensors and the string metadata.
struct Safetensors {
    struct Tensor: Equatable {
        /// F32 or F64.
        var isDouble: Bool
        var shape: [Int]
        /// Row-major.
        var values: [Double]
    }

    var tensors: [String: Tensor] = [:]
    var metadata: [String: String] = [:]

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
    func encoded() throws -> [UInt8] {
        var header: [String: HeaderValue] = [Self.metadataKey: .metadata(metadata)]
        var offset = 0
        // Doubles first: each tensor starts on a multiple of its element size.
        let order = tensors.sorted { ($0.value.isDouble ? 0 : 1, $0.key) < ($1.value.isDouble ? 0 : 1, $1.key) }
        for (name, tensor) in order {
            let end = offset + tensor.values.count * (tensor.isDouble ? 8 : 4)
            header[name] = .tensor(
                Entry(dtype: tensor.isDouble ? "F64" : "F32", shape: tensor.shape, dataOffsets: [offset, end]))
            offset = end
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var json = [UInt8](try encoder.encode(header))
        json += [UInt8](repeating: 0x20, count: (8 - json.count % 8) % 8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + json.count + offset)
        withUnsafeBytes(of: UInt64(json.count).littleEndian) { bytes += $0 }
        bytes += json
        for (_, tensor) in order {
            for value in tensor.values {
                if tensor.isDouble {
                    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
                } else {
                    withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { bytes += $0 }
                }
            }
        }
        return bytes
    }
}

// MARK: - Reading

extension Safetensors {
    /// Throws `ModelError` naming `file` for anything but a complete file.
    init(_ bytes: [UInt8], file: String) throws {
        guard bytes.count >= 8 else { throw ModelError("\(file) is not a model file: it has \(bytes.count) bytes") }
        let length = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        guard length >= 2, length <= 1 << 30, bytes[8...].first == UInt8(ascii: "{") else {
            throw ModelError("\(file) is not a model file: it does not begin like a safetensors file")
        }
        let start = 8 + Int(length)
        guard start <= bytes.count else {
            throw ModelError("\(file) is cut short: its header has \(length) bytes, the file \(bytes.count)")
        }
        let header: [String: HeaderValue]
        do {
            header = try JSONDecoder().decode([String: HeaderValue].self, from: Data(bytes[8..<start]))
        } catch {
            throw ModelError("\(file) is damaged: its header is not valid JSON of a safetensors file")
        }
        var end = 0
        for (name, value) in header {
            switch value {
            case .metadata(let map):
                guard name == Self.metadataKey else { throw ModelError("\(file) is damaged: tensor \(name)") }
                metadata = map
            case .tensor(let entry):
                tensors[name] = try Self.tensor(name, entry, bytes[start...], file: file)
                end = max(end, entry.dataOffsets[1])
            }
        }
        guard start + end == bytes.count else {
            throw ModelError("\(file) is damaged: \(bytes.count - start - end) bytes follow its last tensor")
        }
    }

    private static func tensor(_ name: String, _ entry: Entry, _ data: ArraySlice<UInt8>, file: String) throws
        -> Tensor
    {
        guard let size = ["F32": 4, "F64": 8][entry.dtype] else {
            throw ModelError("\(file): tensor \(name) has type \(entry.dtype); F32 and F64 are read")
        }
        var count = 1
        for length in entry.shape {
            let product = count.multipliedReportingOverflow(by: length)
            guard length >= 0, !product.overflow, product.partialValue < 1 << 40 else {
                throw ModelError("\(file) is damaged: the shape of tensor \(name)")
            }
            count = product.partialValue
        }
        guard entry.dataOffsets.count == 2, entry.dataOffsets[0] >= 0,
            entry.dataOffsets[1] >= entry.dataOffsets[0],
            entry.dataOffsets[1] - entry.dataOffsets[0] == count * size
        else { throw ModelError("\(file) is damaged: the place of tensor \(name)") }
        guard entry.dataOffsets[1] <= data.count else {
            throw ModelError("\(file) is cut short: tensor \(name) is not complete")
        }
        let values = data.withUnsafeBytes { raw in
            (0..<count).map { index in
                let place = entry.dataOffsets[0] + index * size
                return size == 8
                    ? Double(
                        bitPattern: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: UInt64.self)))
                    : Double(
                        Float(
                            bitPattern: UInt32(
                                littleEndian: raw.loadUnaligned(fromByteOffset: place, as: UInt32.self))))
            }
        }
        return Tensor(isDouble: size == 8, shape: entry.shape, values: values)
    }
}
