/// How often `byte` occurs.
func countBytes(_ byte: UInt8, in bytes: UnsafeBufferPointer<UInt8>) -> Int { countBytes(byte, byte, in: bytes).0 }

/// How often each of two bytes occurs, in one pass: eight bytes a step, each in its own lane of a word.
func countBytes(_ first: UInt8, _ second: UInt8, in bytes: UnsafeBufferPointer<UInt8>) -> (Int, Int) {
    let raw = UnsafeRawBufferPointer(bytes)
    let ones: UInt64 = 0x0101_0101_0101_0101
    let (one, other) = (ones &* UInt64(first), ones &* UInt64(second))
    var total = (0, 0)
    var offset = 0
    while raw.count - offset >= 8 {
        // A lane counts to 255 at most.
        let steps = min((raw.count - offset) / 8, 255)
        var (lanes, otherLanes): (UInt64, UInt64) = (0, 0)
        for _ in 0..<steps {
            let word = raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            lanes &+= zeroBytes(word ^ one)
            otherLanes &+= zeroBytes(word ^ other)
            offset &+= 8
        }
        total.0 += sum(lanes)
        total.1 += sum(otherLanes)
    }
    while offset < raw.count {
        total.0 += raw[offset] == first ? 1 : 0
        total.1 += raw[offset] == second ? 1 : 0
        offset += 1
    }
    return total
}

/// 1 in every byte that is 0.
@inline(__always)
private func zeroBytes(_ word: UInt64) -> UInt64 {
    // The top bit of a lane is set unless the lane is 0.
    let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    let differs = ((word & low) &+ low) | word
    return (~differs >> 7) & 0x0101_0101_0101_0101
}

private func sum(_ lanes: UInt64) -> Int {
    var pairs = (lanes & 0x00FF_00FF_00FF_00FF) &+ ((lanes >> 8) & 0x00FF_00FF_00FF_00FF)
    pairs = pairs &+ (pairs >> 32)
    return Int((pairs &+ (pairs >> 16)) & 0xFFFF)
}
