/// What numbers of few bits are once they are written with as few digits as tell them apart, and read again: 0.1, where the
/// nearest Float is 0.100000001490116. So they are written to CSV files.
enum DecimalValue {
    @inline(__always)
    static func of(_ value: Float) -> Double {
        let exact = Double(value)
        // Whole numbers have no shorter digits.
        if exact.magnitude < 16_777_216, Double(Int32(truncatingIfNeeded: Int(exact))) == exact { return exact }
        return shortest(value, exact)
    }

    private static func shortest(_ value: Float, _ exact: Double) -> Double {
        let magnitude = exact.magnitude
        guard magnitude < 9_999_999, magnitude > 1e-9, value.significandBitPattern != 0 else {
            return slow(value, exact)
        }
        let exponent = Int(value.bitPattern >> 23 & 0xFF) - 127
        // Eight digits before the point: 1233/4096 is log₁₀ 2.
        var place = 7 - (exponent * 1233) >> 12
        var scaled = magnitude * NumberParser.powersOfTen[place]
        if scaled >= 1e8 {
            place -= 1
            scaled = magnitude * NumberParser.powersOfTen[place]
        }
        // What lies nearer than half a step of Float reads as the same Float.
        let half = Double(bitPattern: UInt64(exponent - 24 + 1023) << 52) * NumberParser.powersOfTen[place]
        let digits8 = rounded(scaled)
        let error8 = (digits8 - scaled).magnitude
        var digits = digits8
        if error8 < half * (1 - margin) {
            let scaled7 = scaled * 0.1
            let digits7 = rounded(scaled7)
            let error7 = (digits7 - scaled7).magnitude
            if error7 < half * (0.1 - 0.1 * margin) {
                // Of six digits, and fewer, at most one number lies so near.
                let scaled6 = scaled * 0.01
                let digits6 = rounded(scaled6)
                let error6 = (digits6 - scaled6).magnitude
                if error6 < half * (0.01 - 0.01 * margin) {
                    (digits, place) = (digits6, place - 2)
                } else {
                    guard error6 > half * (0.01 + 0.01 * margin), error7 < 0.5 - margin else {
                        return slow(value, exact)
                    }
                    (digits, place) = (digits7, place - 1)
                }
            } else {
                guard error7 > half * (0.1 + 0.1 * margin), error8 < 0.5 - margin else { return slow(value, exact) }
            }
        } else {
            let scaled9 = scaled * 10
            digits = rounded(scaled9)
            guard error8 > half * (1 + margin), (digits - scaled9).magnitude < 0.5 - margin else {
                return slow(value, exact)
            }
            place += 1
        }
        let result = place >= 0 ? digits / NumberParser.powersOfTen[place] : digits * NumberParser.powersOfTen[-place]
        return exact < 0 ? -result : result
    }

    /// To a whole number, for less than 2⁵¹: without a call, which processors of before SSE4.1 need.
    @inline(__always)
    private static func rounded(_ value: Double) -> Double { (value + 0x1p52) - 0x1p52 }

    /// Far above what products of Doubles are wrong by.
    private static let margin = 1e-5

    static func half(_ bits: UInt16) -> Double { halves[Int(bits)] }

    private static let halves: [Double] = (0...65_535).map { bits in
        let value = Float16(bitPattern: UInt16(bits))
        return value.isFinite ? Double(value.description) ?? Double(value) : Double(value)
    }

    @inline(never)
    private static func slow(_ value: Float, _ exact: Double) -> Double {
        value.isFinite ? Double(value.description) ?? exact : exact
    }
}
