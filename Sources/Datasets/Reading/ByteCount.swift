/// How often `byte` occurs: eight bytes a step, each in its own lane of a word.
func countBytes(_ byte: UInt8, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
    let raw = UnsafeRawBufferPointer(bytes)
    let ones: UInt64 = 0x0101_0101_0101_0101
    let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    let pattern = ones &* UInt64(byte)
    var total = 0
    var offset = 0
    while raw.count - offset >= 8 {
        // A lane counts to 255 at most.
        let steps = min((raw.count - offset) / 8, 255)
        var lanes: UInt64 = 0
        for _ in 0..<steps {
            let word = raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self) ^ pattern
            // The top bit of a lane is set unless the lane is 0, that is, equal to `byte`.
            let differs = ((word & low) &+ low) | word
            lanes &+= (~differs >> 7) & ones
            offset &+= 8
        }
        total += sum(lanes)
    }
    while offset < raw.count {
        total += raw[offset] == byte ? 1 : 0
        offset += 1
    }
    return total
}

private func sum(_ lanes: UInt64) -> Int {
    var pairs = (lanes & 0x00FF_00FF_00FF_00FF) &+ ((lanes >> 8) & 0x00FF_00FF_00FF_00FF)
    pairs = pairs &+ (pairs >> 32)
    return Int((pairs &+ (pairs >> 16)) & 0xFFFF)
}

/// How often each of two bytes occurs, in one pass.
func countBytes(_ first: UInt8, _ second: UInt8, in bytes: UnsafeBufferPointer<UInt8>) -> (Int, Int) {
    guard let base = bytes.baseAddress else { return (0, 0) }
    let raw = UnsafeRawPointer(base)
    let ones = SIMD16<UInt8>(repeating: 1)
    var counts = (0, 0)
    var offset = 0
    while bytes.count - offset >= 16 {
        // A lane counts to 255 at most.
        var (a, b) = (SIMD16<UInt8>(), SIMD16<UInt8>())
        for _ in 0..<min((bytes.count - offset) / 16, 255) {
            let word = raw.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
            a &+= SIMD16<UInt8>().replacing(with: ones, where: word .== first)
            b &+= SIMD16<UInt8>().replacing(with: ones, where: word .== second)
            offset += 16
        }
        for lane in 0..<16 {
            counts.0 += Int(a[lane])
            counts.1 += Int(b[lane])
        }
    }
    for byte in bytes[offset...] {
        counts.0 += byte == first ? 1 : 0
        counts.1 += byte == second ? 1 : 0
    }
    return counts
}
