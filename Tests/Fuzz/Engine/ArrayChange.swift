@testable import Datasets

/// Changes of the heads of NPY and IDX arrays.
enum ArrayChange {
    /// The dictionary changes as text, and the length before it follows, most of the time.
    static func npy(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8] {
        guard bytes.count > 12, bytes.starts(with: NPYHeader.magic), random.next(8) > 0 else {
            return ByteChange.settingNumber(bytes, in: 0..<16, &random)
        }
        let isShort = bytes[6] == 1
        let start = isShort ? 10 : 12
        let length = Int(bytes[8]) | Int(bytes[9]) << 8
        let end = min(bytes.count, start + length)
        var text = TextChange.apply(Array(bytes[start..<end]), limit: 1 << 12, &random)
        if random.next(3) == 0 { text = replacing(text, &random) }
        var head = Array(bytes[..<start])
        if random.next(10) > 0 {
            head[8] = UInt8(truncatingIfNeeded: text.count)
            head[9] = UInt8(truncatingIfNeeded: text.count >> 8)
        }
        return head + text + bytes[end...]
    }

    /// Another type, order or shape.
    private static func replacing(_ text: [UInt8], _ random: inout MutationRandom) -> [UInt8] {
        let types =
            ArrayElement.allCases.map { "'<\($0.rawValue)'" } + [
                "'>f8'", "'|u1'", "'=i8'", "'<U3'", "'|O'", "'>U1'", "'|S1'", "'|S4'", "'<U268435455'",
            ]
        let shapes = [
            "()", "(0,)", "(0, 4294967296, 4294967296)", "(2, 3)", "(4611686018427387904, 2)", "(2, 0)", "(1, 2, 2, 1)",
        ]
        let string = String(decoding: text, as: UTF8.self)
        switch random.next(3) {
        case 0: return Array(string.replacing(/'[<>|=][a-zA-Z][0-9]*'/, with: random.pick(types)).utf8)
        case 1: return Array(string.replacing(/\([0-9, ]*\)/, with: random.pick(shapes)).utf8)
        default: return Array(string.replacing("False", with: "True").utf8)
        }
    }

    /// The type, the number of extents, or an extent.
    static func idx(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8] {
        guard bytes.count > 8 else { return ByteChange.apply(bytes, limit: 1 << 12, &random) }
        var result = bytes
        switch random.next(5) {
        case 0: result[2] = random.pick([8, 9, 0x0B, 0x0C, 0x0D, 0x0E, 0x0A])
        case 1: result[3] = UInt8(random.next(10))
        case 2:
            // One extent more.
            result[3] &+= 1
            let extent = CriticalNumber.word(near: bytes.count, &random)
            result.insert(contentsOf: (0..<4).map { UInt8(truncatingIfNeeded: extent >> UInt64(24 - 8 * $0)) }, at: 4)
        default:
            let place = 4 + 4 * random.next(max(1, Int(bytes[3]) % 9))
            return ByteChange.setting(bytes, at: place, width: 4, isBig: true, &random)
        }
        return result
    }
}
