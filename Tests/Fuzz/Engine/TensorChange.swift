@testable import Models

/// Changes of safetensors files: the JSON in front as it is, or tensors and metadata whose container stays whole.
enum TensorChange {
    /// A model file. Its description is JSON within the metadata.
    static func model(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8] { arrays(bytes, &random) }

    static func arrays(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8] {
        guard bytes.count > 16 else { return ByteChange.apply(bytes, limit: 1 << 16, &random) }
        switch random.next(4) {
        case 0: return ByteChange.setting(bytes, at: 0, width: 8, isBig: false, &random)
        case 1: return header(bytes, &random)
        default: return whole(bytes, &random) ?? header(bytes, &random)
        }
    }

    /// The JSON, and the length before it.
    private static func header(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8] {
        let length = (0..<4).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
        let end = min(bytes.count, 8 + length)
        var text = JSONChange.apply(Array(bytes[8..<end]), &random)
        text += [UInt8](repeating: 0x20, count: (8 - text.count % 8) % 8)
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + bytes[end...]
    }

    private static func whole(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8]? {
        guard var file = try? Safetensors(bytes, file: "") else { return nil }
        let names = file.tensors.keys.sorted()
        let keys = file.metadata.keys.sorted()
        if !names.isEmpty, random.next(2) == 0 {
            let name = random.pick(names)
            switch random.next(5) {
            case 0: file.tensors[name] = nil
            case 1: file.tensors[random.pick(names)] = file.tensors[name]
            default: file.tensors[name].map { file.tensors[name] = resized($0, &random) }
            }
        } else if !keys.isEmpty {
            let key = random.pick(keys)
            let text = file.metadata[key] ?? ""
            file.metadata[key] =
                random.next(10) == 0 ? nil : JSONChange.apply(text, &random) ?? random.pick(CriticalNumber.texts)
        }
        return try? file.encoded()
    }

    /// Other extents, as many numbers as they ask for, some of them critical.
    private static func resized(_ tensor: Safetensors.Tensor, _ random: inout MutationRandom) -> Safetensors.Tensor {
        var shape = tensor.shape
        if !shape.isEmpty, random.next(2) == 0 {
            shape[random.next(shape.count)] = random.next(9)
        } else if random.next(3) == 0 {
            shape.append(random.next(3))
        }
        let count = min(4096, shape.reduce(1) { $0 &* $1 })
        let odd = random.pick([0, -1, 5e-324, 1e300, .infinity, .nan, 1e39])
        let place = random.next(max(1, 2 * count))
        switch tensor.values {
        case .floats(let old):
            let values = (0..<count).map { $0 == place ? Float(odd) : $0 < old.count ? old[$0] : 1 }
            return .init(
                shape: shape, values: random.next(8) == 0 ? .doubles(values.map(Double.init)) : .floats(values))
        case .doubles(let old):
            let values = (0..<count).map { $0 == place ? odd : $0 < old.count ? old[$0] : 1 }
            return .init(shape: shape, values: .doubles(values))
        }
    }
}
