/// SplitMix64: the same seed, the same changes.
struct MutationRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    /// 0 ..< count.
    mutating func next(_ count: Int) -> Int { count <= 1 ? 0 : Int.random(in: 0..<count, using: &self) }

    mutating func pick<Element>(_ values: [Element]) -> Element { values[next(values.count)] }
}

/// Numbers at which arithmetic goes wrong.
enum CriticalNumber {
    /// As they are in binary headers: near the ends of 8, 16, 32 and 64 bits, near 2⁶³, and small.
    static func word(near length: Int, _ random: inout MutationRandom) -> UInt64 {
        switch random.next(4) {
        case 0: return UInt64(bitPattern: Int64(length + random.next(5) - 2))
        case 1: return UInt64(random.next(20))
        case 2:
            let power = UInt64(1) << UInt64(random.next(64))
            return power &+ UInt64(bitPattern: Int64(random.next(3) - 1))
        default:
            return random.pick([
                0, 1, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 32, 1 << 62, .max >> 1, 1 << 63, .max,
                .max - 7, UInt64(1) << 63 + 1,
            ])
        }
    }

    /// As texts have them.
    static let texts = [
        "0", "1", "-1", "2", "16", "255", "65536", "2147483647", "2147483648", "-2147483649", "4294967295",
        "4294967296",
        "4611686018427387904", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "-9223372036854775809", "18446744073709551615", "99999999999999999999999", "0.5", "-0.0", "1e-400", "1e308",
        "-1e308", "1e400", "9.3e18", "1e19", "nan", "inf", "-inf", "null", "true", "\"\"", "[]", "{}",
    ]
}
