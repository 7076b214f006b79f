/// A seeded random bijection of 0 ..< count that needs no table: either direction is computed from the number itself.
///
/// A Feistel network on the smallest power of two ≥ count; numbers that land outside 0 ..< count walk on along their
/// cycle (format-preserving encryption: Black & Rogaway 2002, method "cycle walking"), which takes fewer than two walks
/// on average. The round function is a 64-bit finaliser with full avalanche under a key per round.
public struct Permutation: Sendable, Equatable {
    public let count: Int
    private let keys: [UInt64]
    /// Widths of the two halves of a number; they swap roles from round to round.
    private let lowBits: UInt64
    private let highBits: UInt64

    /// - Parameter stream: different streams of one seed are independent orders.
    public init(count: Int, seed: UInt64, stream: UInt64 = 0) {
        precondition(count >= 0)
        self.count = count
        let bits = UInt64(max(1, Int.bitWidth - max(0, count - 1).leadingZeroBitCount))
        lowBits = bits / 2
        highBits = bits - bits / 2
        // Narrow halves mix less in a round.
        let rounds = bits <= 8 ? 24 : 8
        let base = mix64(seed &+ mix64(stream &+ 0x9E37_79B9_7F4A_7C15))
        keys = (0..<rounds).map { mix64(base &+ (UInt64($0) &+ 1) &* 0x9E37_79B9_7F4A_7C15) }
    }

    /// The place of `number` in the random order.
    public func position(of number: Int) -> Int {
        assert(number >= 0 && number < count)
        var value = UInt64(number)
        repeat { value = forward(value) } while value >= UInt64(count)
        return Int(value)
    }

    /// The places of `places.count` consecutive numbers: the same as one by one, but several at a time in the processor.
    func positions(from first: Int, into places: UnsafeMutableBufferPointer<Int>) {
        guard let place = places.baseAddress else { return }
        let limit = UInt64(count)
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: places.count) { open in
            keys.withUnsafeBufferPointer { keys in
                // Numbers that have landed outside and walk on.
                var left = 0
                for index in 0..<places.count {
                    let value = forward(UInt64(first + index), keys)
                    place[index] = Int(truncatingIfNeeded: value)
                    open[left] = Int32(truncatingIfNeeded: index)
                    left += value >= limit ? 1 : 0
                }
                while left > 0 {
                    var stillLeft = 0
                    for entry in 0..<left {
                        let index = open[entry]
                        let value = forward(UInt64(place[Int(index)]), keys)
                        place[Int(index)] = Int(truncatingIfNeeded: value)
                        open[stillLeft] = index
                        stillLeft += value >= limit ? 1 : 0
                    }
                    left = stillLeft
                }
            }
        }
    }

    /// The number at a place of the random order: the inverse of `position(of:)`.
    public func number(at position: Int) -> Int {
        assert(position >= 0 && position < count)
        var value = UInt64(position)
        repeat { value = backward(value) } while value >= UInt64(count)
        return Int(value)
    }

    // Even rounds change the high part by a function of the low one, odd rounds the low part by the high one.
    private func forward(_ value: UInt64) -> UInt64 { keys.withUnsafeBufferPointer { forward(value, $0) } }

    @inline(__always)
    private func forward(_ value: UInt64, _ keys: UnsafeBufferPointer<UInt64>) -> UInt64 {
        var high = value >> lowBits
        var low = value & mask(lowBits)
        for round in stride(from: 0, to: keys.count, by: 2) {
            high ^= mix64(low ^ keys[round]) & mask(highBits)
            low ^= mix64(high ^ keys[round + 1]) & mask(lowBits)
        }
        return high << lowBits | low
    }

    private func backward(_ value: UInt64) -> UInt64 {
        var high = value >> lowBits
        var low = value & mask(lowBits)
        for (index, key) in keys.enumerated().reversed() {
            if index & 1 == 0 {
                high ^= mix64(low ^ key) & mask(highBits)
            } else {
                low ^= mix64(high ^ key) & mask(lowBits)
            }
        }
        return high << lowBits | low
    }

    private func mask(_ bits: UInt64) -> UInt64 { (1 << bits) - 1 }
}

/// A bijection of 64-bit words in which every input bit moves every output bit (Stafford's variant 13 of the
/// MurmurHash3 finaliser, as in SplitMix64).
@inlinable
public func mix64(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
}
