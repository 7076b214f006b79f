/// Numbers for people. Not by Foundation's formatters, which would add 44 MB of locale data to the program.
public enum NumberFormat {
    /// `value` rounded to `digits` places after the point: fixed(0.4567, 2) = "0.46".
    public static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return nonFinite(value) }
        let scale = powerOfTen(digits)
        let scaled = (value.magnitude * scale).rounded()
        guard scaled < 9e15 else { return significant(value, 6) }
        let all = String(Int(scaled))
        let padded = String(repeating: "0", count: max(0, digits + 1 - all.count)) + all
        let sign = value < 0 && scaled > 0 ? "-" : ""
        if digits == 0 { return sign + padded }
        return sign + padded.dropLast(digits) + "." + padded.suffix(digits)
    }

    /// `value` rounded to `digits` significant digits, in plain notation where it is short: 0.0012, 3.1e-07, 12300.
    public static func significant(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return nonFinite(value) }
        if value == 0 { return "0" }
        let sign = value < 0 ? "-" : ""
        let (text, exponent) = decimalDigits(value.magnitude, digits)
        var trimmed = text
        while trimmed.count > 1, trimmed.last == "0" { trimmed.removeLast() }
        if exponent < -4 || exponent > max(digits, 6) {
            let mantissa = trimmed.prefix(1) + (trimmed.count > 1 ? "." + trimmed.dropFirst() : "")
            let magnitude = String(exponent.magnitude)
            return sign + mantissa + "e" + (exponent < 0 ? "-" : "+") + (magnitude.count < 2 ? "0" : "") + magnitude
        }
        if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + trimmed }
        if trimmed.count <= exponent + 1 {
            return sign + trimmed + String(repeating: "0", count: exponent + 1 - trimmed.count)
        }
        return sign + trimmed.prefix(exponent + 1) + "." + trimmed.dropFirst(exponent + 1)
    }

    /// 581012 = "581,012".
    public static func count(_ value: Int) -> String {
        let digits = Array(String(value.magnitude))
        var text = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// 1234 = "1.23k", 12_345_678 = "12.3M": three significant digits with a suffix.
    public static func compact(_ value: Double) -> String {
        guard value.isFinite else { return nonFinite(value) }
        for (limit, suffix) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where value.magnitude >= limit * 0.9995 {
            return significant(value / limit, 3) + suffix
        }
        return significant(value, 3)
    }

    /// Seconds as people say them: "0.4 s", "12 s", "3 min 20 s", "2 h 05 min".
    public static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite else { return nonFinite(seconds) }
        if seconds < 0.9995 { return significant(seconds * 1000, 2) + " ms" }
        if seconds < 9.95 { return fixed(seconds, 1) + " s" }
        guard seconds < 1e15 else { return significant(seconds, 3) + " s" }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(twoDigits(whole % 60)) s" }
        return "\(whole / 3600) h \(twoDigits(whole % 3600 / 60)) min"
    }

    /// An amount of money, in whatever currency: "under 0.01", "3.50", "1230".
    public static func money(_ amount: Double) -> String {
        guard amount.isFinite else { return nonFinite(amount) }
        if amount > 0, amount < 0.01 { return "under 0.01" }
        return amount < 100 ? fixed(amount, 2) : fixed(amount, 0)
    }

    /// Cores × time: "0.012 core-seconds", "5.4 core-minutes", "3.4 core-hours", "12 core-days".
    public static func coreTime(hours: Double) -> String {
        let seconds = hours * 3600
        guard seconds.isFinite else { return nonFinite(seconds) + " core-hours" }
        if seconds > 0, seconds < 0.01 { return "under 0.01 core-seconds" }
        let units = [(86_400.0, "day"), (3600, "hour"), (60, "minute")]
        let (size, unit) = units.first { seconds >= $0.0 * 0.995 } ?? (1, "second")
        let amount = seconds / size
        // All digits before the decimal point.
        let text = amount >= 99.5 ? fixed(amount, 0) : significant(amount, 2)
        return "\(text) core-\(unit)\(text == "1" ? "" : "s")"
    }

    /// Bytes in decimal units, as memory limits are given: "1.2 GB".
    public static func bytes(_ value: Int) -> String {
        let amount = Double(value)
        for (limit, suffix) in [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")] where amount >= limit * 0.9995 {
            return significant(amount / limit, 3) + " " + suffix
        }
        return "\(value) B"
    }

    /// 0.123 = "12 %"; one digit more below ten per cent.
    public static func percent(_ share: Double) -> String {
        guard share.isFinite else { return nonFinite(share) }
        return (share >= 0.0995 || share == 0 ? fixed(share * 100, 0) : significant(share * 100, 2)) + " %"
    }

    private static func nonFinite(_ value: Double) -> String {
        value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"
    }

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    private static func powerOfTen(_ exponent: Int) -> Double {
        var result = 1.0
        for _ in 0..<exponent.magnitude { result *= 10 }
        return exponent < 0 ? 1 / result : result
    }

    /// The first `count` digits of a positive value, rounded, and the power of ten of the first one. Works on the
    /// shortest decimal text of the number, so no scaling error enters.
    private static func decimalDigits(_ value: Double, _ count: Int) -> (digits: String, exponent: Int) {
        let text = value.description.utf8
        let end = text.firstIndex(of: UInt8(ascii: "e")) ?? text.endIndex
        let point = text[..<end].firstIndex(of: UInt8(ascii: ".")) ?? end
        var exponent = end == text.endIndex ? 0 : Int(String(Substring(text[text.index(after: end)...]))) ?? 0
        var digits = text[..<end].compactMap { $0 == UInt8(ascii: ".") ? nil : $0 &- UInt8(ascii: "0") }
        exponent += text.distance(from: text.startIndex, to: point) - 1
        let zeros = digits.prefix { $0 == 0 }.count
        digits.removeFirst(zeros)
        exponent -= zeros
        if digits.count > count {
            let roundUp = digits[count] >= 5
            digits.removeLast(digits.count - count)
            var place = count - 1
            while roundUp, place >= 0 {
                digits[place] += 1
                if digits[place] < 10 { break }
                digits[place] = 0
                place -= 1
            }
            if roundUp, place < 0 {
                digits = [1] + digits.dropLast()
                exponent += 1
            }
        }
        digits += [UInt8](repeating: 0, count: count - digits.count)
        return (String(decoding: digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self), exponent)
    }
}
