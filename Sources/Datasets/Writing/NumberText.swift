/// Steps of a power of ten, to which numbers are rounded that are no more exact.
package struct DecimalSteps: Sendable {
    let perUnit: Double
    /// perUnit = 10^decimals.
    let decimals: Int

    /// The steps that divide `scale` into 10^8 to 10^9: where a Float of that deviation ends.
    package init(scale: Double) {
        var (steps, decimals) = (1.0, 0)
        while steps * scale < 1e8, steps < 1e200 { (steps, decimals) = (steps * 10, decimals + 1) }
        while steps * scale > 1e9, steps > 1e-200 { (steps, decimals) = (steps / 10, decimals - 1) }
        (perUnit, self.decimals) = (steps, decimals)
    }

    package func rounded(_ value: Double) -> Double {
        let steps = value * perUnit
        return steps.magnitude < 0x1p52 ? steps.rounded() / perUnit : value
    }
}

/// Numbers as text, straight into memory: the bytes of `description`, the shortest decimal that reads back as the same
/// number.
package enum NumberText {
    /// No number takes more bytes.
    package static let longest = 32

    /// Returns how many bytes it wrote. (The text of a Float is so short that it takes no memory.)
    package static func write(_ value: Float, to place: UnsafeMutablePointer<UInt8>) -> Int {
        write(text: value.description, to: place)
    }

    /// - Parameter steps: a value that is a whole number of them is written in half the time.
    package static func write(_ value: Double, steps: DecimalSteps, to place: UnsafeMutablePointer<UInt8>) -> Int {
        let count = (value * steps.perUnit).rounded()
        // Of decimals with at most 15 digits no two round to the same number: these are its shortest.
        guard count.magnitude < 1e15, 0...22 ~= steps.decimals, count / steps.perUnit == value,
            value.magnitude >= 1e-4
        else { return write(text: value.description, to: place) }
        var (digits, decimals) = (UInt64(count.magnitude), steps.decimals)
        while decimals > 0, digits % 10 == 0 { (digits, decimals) = (digits / 10, decimals - 1) }
        if decimals == 0 { (digits, decimals) = (digits * 10, 1) }
        var (length, bound) = (decimals + 1, power(decimals + 1))
        while digits >= bound { (length, bound) = (length + 1, bound * 10) }
        let start = value < 0 ? 1 : 0
        place[0] = UInt8(ascii: "-")
        // From the last digit to the first.
        for index in stride(from: start + length, through: start, by: -1) {
            guard index != start + length - decimals else {
                place[index] = UInt8(ascii: ".")
                continue
            }
            place[index] = UInt8(ascii: "0") + UInt8(digits % 10)
            digits /= 10
        }
        return start + length + 1
    }

    private static func power(_ exponent: Int) -> UInt64 {
        (0..<exponent).reduce(1) { power, _ in power &* 10 }
    }

    private static func write(text: String, to place: UnsafeMutablePointer<UInt8>) -> Int {
        var text = text
        return text.withUTF8 { bytes in
            if let start = bytes.baseAddress { place.update(from: start, count: bytes.count) }
            return bytes.count
        }
    }
}
