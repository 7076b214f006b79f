import Platform

/// Decimal text to the nearest Double, round half to even, as strtod does, at a nanosecond or so a byte.
///
/// Grammar: [+-] digits [. digits] [e [+-] digits], at least one digit before or after the point. The text must be
/// followed by a byte that cannot continue a number, and by eight more that may be read.
enum NumberParser {
    /// Reads a number at `cursor` and moves past it; nil (cursor unspecified) when there is none. Too large a number
    /// is ±infinity.
    @inline(__always)
    static func parse(_ cursor: inout UnsafePointer<UInt8>) -> Double? {
        let start = cursor
        if let number = short(&cursor), cursor.pointee | 0x20 != 0x65 { return number }
        cursor = start
        return general(&cursor)
    }

    /// A number with at most eight digits before its point and seven behind it, as nearly all are, and no exponent: what comes
    /// behind is for the caller to see. Nil (cursor unspecified): something else.
    ///
    /// Nobody foresees signs and how many digits there are behind a point: those are read without a branch.
    @inline(__always)
    static func short(_ cursor: inout UnsafePointer<UInt8>) -> Double? {
        let isNegative = cursor.pointee == 0x2D
        if isNegative { cursor += 1 }
        let start = cursor
        var whole: UInt64 = 0
        while cursor.pointee &- 0x30 < 10 {
            whole = whole &* 10 &+ UInt64(cursor.pointee &- 0x30)
            cursor += 1
        }
        let digits = cursor - start
        guard digits <= 8 else { return nil }
        guard cursor.pointee == 0x2E else {
            return digits > 0 ? signed(Double(Int64(bitPattern: whole)), isNegative) : nil
        }
        let (fraction, length) = leadingDigits(cursor + 1)
        guard digits | length != 0, length < 8 else { return nil }
        cursor += 1 + length
        // Fifteen digits at most: both are exact, so the one rounding is the right one.
        return signed(
            Double(Int64(bitPattern: whole &* wholePowersOfTen[length] &+ fraction)) / powersOfTen[length], isNegative)
    }

    @inline(__always)
    private static func signed(_ magnitude: Double, _ isNegative: Bool) -> Double {
        Double(bitPattern: magnitude.bitPattern | (isNegative ? 1 : 0) << 63)
    }

    @inline(never)
    private static func general(_ cursor: inout UnsafePointer<UInt8>) -> Double? {
        let start = cursor
        var p = cursor
        let isNegative = p.pointee == 0x2D
        if isNegative || p.pointee == 0x2B { p += 1 }
        var mantissa: UInt64 = 0
        let integer = p
        while true {
            let digit = p.pointee &- 0x30
            if digit > 9 { break }
            mantissa = mantissa &* 10 &+ UInt64(digit)
            p += 1
        }
        var digits = p - integer
        var exponent = 0
        if p.pointee == 0x2E {
            p += 1
            let fraction = p
            while true {
                let (value, length) = leadingDigits(p)
                mantissa = mantissa &* wholePowersOfTen[length] &+ value
                p += length
                if length < 8 { break }
            }
            exponent = fraction - p
            digits -= exponent
        }
        if digits == 0 { return nil }
        if p.pointee | 0x20 == 0x65 {
            guard let written = writtenExponent(&p) else { return nil }
            exponent += written
        }
        cursor = p
        if digits <= 19, mantissa <= 1 << 53, exponent >= -22, exponent <= 22 {
            // Clinger's fast path: both factors are exact, so the one rounding is the right one.
            let magnitude =
                exponent < 0
                ? Double(mantissa) / powersOfTen[-exponent] : Double(mantissa) * powersOfTen[exponent]
            return isNegative ? -magnitude : magnitude
        }
        return slow(start, mantissa: mantissa, exponent: exponent, digits: digits, isNegative: isNegative)
    }

    /// The number that up to eight digits at `p` spell, and how many there are, without a branch: fractions differ in
    /// length, which a loop over digits would mispredict. (Lemire, "Quickly parsing eight digits", 2018.)
    @inline(__always)
    static func leadingDigits(_ p: UnsafePointer<UInt8>) -> (value: UInt64, length: Int) {
        let text = UInt64(littleEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt64.self)) ^ 0x3030_3030_3030_3030
        // A byte's top bit is set unless it is a digit, 0 ... 9 by now. (A carry only spoils bytes behind the first
        // that is none.)
        let others = ((text &+ 0x7676_7676_7676_7676) | text) & 0x8080_8080_8080_8080
        let length = others.trailingZeroBitCount / 8
        // The digits to the top, zeros before them.
        var digits = length == 0 ? 0 : text &<< UInt64(64 &- 8 &* length)
        digits = (digits &* 10 &+ digits &>> 8) & 0x00FF_00FF_00FF_00FF
        digits = (digits &* 100 &+ digits &>> 16) & 0x0000_FFFF_0000_FFFF
        return ((digits &* 10_000 &+ digits &>> 32) & 0xFFFF_FFFF, length)
    }

    private static let wholePowersOfTen: [UInt64] = [
        1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000,
    ]

    @inline(never)
    private static func writtenExponent(_ p: inout UnsafePointer<UInt8>) -> Int? {
        p += 1
        let isNegative = p.pointee == 0x2D
        if isNegative || p.pointee == 0x2B { p += 1 }
        guard p.pointee &- 0x30 <= 9 else { return nil }
        var value = 0
        while p.pointee &- 0x30 <= 9 {
            if value < 100_000 { value = value * 10 + Int(p.pointee &- 0x30) }
            p += 1
        }
        return isNegative ? -value : value
    }

    @inline(never)
    private static func slow(
        _ start: UnsafePointer<UInt8>, mantissa: UInt64, exponent: Int, digits: Int, isNegative: Bool
    ) -> Double {
        // Leading zeros count as digits above but leave the mantissa exact.
        if digits - leadingZeros(start) <= 19 {
            if mantissa == 0 { return isNegative ? -0.0 : 0 }
            if let magnitude = eiselLemire(mantissa, exponent) { return isNegative ? -magnitude : magnitude }
        }
        return start.withMemoryRebound(to: CChar.self, capacity: 1) { strtod($0, nil) }
    }

    private static func leadingZeros(_ start: UnsafePointer<UInt8>) -> Int {
        var p = start
        var count = 0
        if p.pointee == 0x2D || p.pointee == 0x2B { p += 1 }
        while p.pointee == 0x30 || p.pointee == 0x2E {
            if p.pointee == 0x30 { count += 1 }
            p += 1
        }
        return count
    }

    /// w·10^q, w ≠ 0, correctly rounded, or nil where 128 bits of 5^q do not decide or the result is not normal
    /// (Lemire 2021, algorithm 1).
    private static func eiselLemire(_ w: UInt64, _ q: Int) -> Double? {
        guard PowersOfFive.exponents.contains(q) else { return nil }
        let index = 2 * (q - PowersOfFive.exponents.lowerBound)
        let shift = w.leadingZeroBitCount
        let normal = w << UInt64(shift)
        var (high, low) = normal.multipliedFullWidth(by: PowersOfFive.words[index])
        if high & 0x1FF == 0x1FF {
            let carry = normal.multipliedFullWidth(by: PowersOfFive.words[index + 1]).high
            low = low &+ carry
            if carry > low { high &+= 1 }
        }
        if low == .max, q < -27 || q > 55 { return nil }
        let upper = Int(high >> 63)
        var mantissa = high >> UInt64(upper + 9)
        var power = ((217_706 * q) >> 16) + 63 + upper - shift + 1023
        guard power > 0 else { return nil }
        // Half-way between two doubles: round to even.
        if low <= 1, q >= -4, q <= 23, mantissa & 3 == 1, mantissa << UInt64(upper + 9) == high { mantissa &= ~1 }
        mantissa = (mantissa + (mantissa & 1)) >> 1
        if mantissa >= 1 << 53 {
            mantissa = 1 << 52
            power += 1
        }
        guard power < 0x7FF else { return nil }
        return Double(bitPattern: UInt64(power) << 52 | mantissa & (1 << 52 - 1))
    }

    static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// Whether `text` spells a number that is not finite (nan, inf, infinity, with or without a sign).
    static func isNotFiniteWord(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = text.first == 0x2D || text.first == 0x2B ? 1 : 0
        let word = String(decoding: text[start...], as: UTF8.self).lowercased()
        return word == "nan" || word == "inf" || word == "infinity"
    }
}
