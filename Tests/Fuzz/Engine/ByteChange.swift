/// Changes that every file of lengths, counts and offsets knows: numbers set to critical values, parts cut off, doubled, left
/// out or swapped.
enum ByteChange {
    static func apply(_ bytes: [UInt8], limit: Int, _ random: inout MutationRandom) -> [UInt8] {
        guard !bytes.isEmpty else { return [UInt8(truncatingIfNeeded: random.next())] }
        switch random.next(8) {
        case 0, 1, 2: return settingNumber(bytes, &random)
        case 3: return Array(bytes.prefix(random.next(bytes.count + 1)))
        case 4: return doubling(bytes, limit: limit, &random)
        case 5: return leavingOut(bytes, &random)
        case 6: return swapping(bytes, &random)
        default: return filling(bytes, limit: limit, &random)
        }
    }

    /// An integer of 1, 2, 4 or 8 bytes in either order gets a critical value or moves by a little.
    static func settingNumber(_ bytes: [UInt8], in range: Range<Int>? = nil, _ random: inout MutationRandom) -> [UInt8]
    {
        let range = (range ?? 0..<bytes.count).clamped(to: 0..<bytes.count)
        guard !range.isEmpty else { return bytes }
        let width = random.pick([1, 2, 4, 8])
        // Headers keep their numbers near the start and on multiples of their size.
        var place = range.lowerBound + random.next(random.next(2) == 0 ? min(range.count, 128) : range.count)
        if random.next(2) == 0 { place -= (place - range.lowerBound) % width }
        return setting(bytes, at: place, width: width, isBig: random.next(2) == 0, &random)
    }

    static func setting(_ bytes: [UInt8], at place: Int, width: Int, isBig: Bool, _ random: inout MutationRandom)
        -> [UInt8]
    {
        guard place >= 0, place + width <= bytes.count else { return bytes }
        var result = bytes
        let order = isBig ? Array((0..<width).reversed()) : Array(0..<width)
        var word = order.enumerated().reduce(UInt64(0)) {
            $0 | UInt64(bytes[place + $1.element]) << UInt64(8 * $1.offset)
        }
        word =
            random.next(3) == 0
            ? word &+ UInt64(bitPattern: Int64(random.next(9) - 4))
            : CriticalNumber.word(near: bytes.count, &random)
        for (shift, index) in order.enumerated() {
            result[place + index] = UInt8(truncatingIfNeeded: word >> UInt64(8 * shift))
        }
        return result
    }

    private static func part(_ bytes: [UInt8], _ random: inout MutationRandom) -> Range<Int> {
        let start = random.next(bytes.count)
        let longest = random.next(4) == 0 ? bytes.count : 64
        return start..<min(bytes.count, start + 1 + random.next(longest))
    }

    private static func doubling(_ bytes: [UInt8], limit: Int, _ random: inout MutationRandom) -> [UInt8] {
        let range = part(bytes, &random)
        let times = random.next(4) == 0 ? 1 + random.next(50) : 1
        var result = Array(bytes[..<range.upperBound])
        for _ in 0..<times where result.count < limit { result += bytes[range] }
        return result + bytes[range.upperBound...]
    }

    private static func leavingOut(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8] {
        let range = part(bytes, &random)
        return Array(bytes[..<range.lowerBound] + bytes[range.upperBound...])
    }

    private static func swapping(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8] {
        let (a, b) = (part(bytes, &random), part(bytes, &random))
        let (first, second) = a.lowerBound < b.lowerBound ? (a, b) : (b, a)
        guard first.upperBound <= second.lowerBound else { return leavingOut(bytes, &random) }
        return Array(
            bytes[..<first.lowerBound] + bytes[second] + bytes[first.upperBound..<second.lowerBound] + bytes[first]
                + bytes[second.upperBound...])
    }

    private static func filling(_ bytes: [UInt8], limit: Int, _ random: inout MutationRandom) -> [UInt8] {
        let place = random.next(bytes.count + 1)
        let value = random.pick([0, 0xFF, 0x7F, 0x80, 0x20, 0x0A] as [UInt8])
        let count = random.next(4) == 0 ? random.next(max(1, limit - bytes.count)) : 1 + random.next(16)
        return Array(bytes[..<place]) + [UInt8](repeating: value, count: count) + bytes[place...]
    }
}
