/// How the numbers of a column are written where they are no plain ones: with separators between thousands, a decimal comma,
/// a sign for per cent or money.
public struct NumberForm: Codable, Sendable, Equatable {
    /// 1.234,5 in place of 1,234.5.
    public var hasDecimalComma: Bool
    /// Place in `FormText.units`; nil: none.
    public var unit: Int?

    /// The number that `text` writes in this form, of which a percentage is a hundredth; nil: it is none.
    func value(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        guard let found = FormText.parse(text), found.unit == unit || found.unit == nil else { return nil }
        return hasDecimalComma ? found.comma : found.point
    }

    var isPercentage: Bool { unit == 0 }

    /// What it is for people.
    var words: String {
        let unit = self.unit.map { FormText.units[$0] }
        let comma = hasDecimalComma ? ", 1.234,5 is 1234.5" : ""
        return (unit == "%" ? "percentages, 5 % is 0.05" : unit.map { "amounts in \($0)" } ?? "numbers with separators")
            + comma
    }
}

/// Reads one text as a number in both ways that points and commas are used.
enum FormText {
    struct Found {
        /// With a decimal point, and with a decimal comma; nil: not a number so.
        var point: Double?
        var comma: Double?
        var unit: Int?
    }

    static let units = ["%", "$", "€", "£", "¥", "₹", "USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR"]
    private static let unitBytes = units.map { Array($0.utf8) }
    /// Blank, no-break blanks, thin blank.
    private static let blanks: [[UInt8]] = [[0x20], [0xC2, 0xA0], [0xE2, 0x80, 0xAF], [0xE2, 0x80, 0x89]]
    private static let longest = 48

    static func parse(_ text: UnsafeBufferPointer<UInt8>) -> Found? {
        guard text.count <= longest, let first = text.first, startsNumber(first) else { return nil }
        var rest = text[...]
        var isNegative = false
        var unit: Int?
        if first == 0x28, rest.last == 0x29 {
            // Accountants' way.
            isNegative = true
            rest = rest.dropFirst().dropLast()
        }
        for _ in 0..<2 {
            if unit == nil, let found = unitBytes.firstIndex(where: { rest.starts(with: $0) }), found > 0 {
                unit = found
                rest = withoutBlanks(rest.dropFirst(unitBytes[found].count))
            }
            if !isNegative, let sign = [[0x2D], [0x2B], [0xE2, 0x88, 0x92]].first(where: { rest.starts(with: $0) }) {
                isNegative = sign != [0x2B]
                rest = rest.dropFirst(sign.count)
            }
        }
        if unit == nil, let found = unitBytes.firstIndex(where: { rest.ends(with: $0) }) {
            unit = found
            rest = rest.dropLast(unitBytes[found].count)
            while let blank = blanks.first(where: { rest.ends(with: $0) }) { rest = rest.dropLast(blank.count) }
        }
        guard let first = rest.first, first &- 0x30 < 10 || first == 0x2E || first == 0x2C else { return nil }
        let point = number(rest, decimal: 0x2E, isNegative: isNegative, isPercent: unit == 0)
        let comma = number(rest, decimal: 0x2C, isNegative: isNegative, isPercent: unit == 0)
        return point == nil && comma == nil ? nil : Found(point: point, comma: comma, unit: unit)
    }

    /// Most texts are told from numbers by their first byte.
    private static func startsNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x24, 0x28, 0x2B, 0x2C, 0x2D, 0x2E, 0xC2, 0xE2, 0x43, 0x45, 0x47, 0x49, 0x4A, 0x55: true
        default: false
        }
    }

    private static func withoutBlanks(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Slice<UnsafeBufferPointer<UInt8>> {
        var rest = text
        while let blank = blanks.first(where: { rest.starts(with: $0) }) { rest = rest.dropFirst(blank.count) }
        return rest
    }

    /// Digits, in groups of three behind the first where there are separators, and decimals.
    private static func number(
        _ text: Slice<UnsafeBufferPointer<UInt8>>, decimal: UInt8, isNegative: Bool, isPercent: Bool
    ) -> Double? {
        var digits: [UInt8] = isNegative ? [0x2D] : []
        let start = digits.count
        var rest = text
        var separator: [UInt8]?
        var group = 0
        while let byte = rest.first {
            if byte &- 0x30 < 10 {
                digits.append(byte)
                group += 1
                rest = rest.dropFirst()
                guard separator == nil || group <= 3 else { return nil }
            } else if byte == decimal {
                break
            } else {
                // A first group of one to three digits that does not begin with 0, then groups of three.
                guard let found = grouping(rest, decimal: decimal), separator == nil || separator == found,
                    separator == nil ? (1...3).contains(group) && digits[start] != 0x30 : group == 3
                else { return nil }
                separator = found
                group = 0
                rest = rest.dropFirst(found.count)
            }
        }
        guard separator == nil || group == 3 else { return nil }
        let whole = digits.count - start
        if rest.first == decimal {
            digits.append(0x2E)
            for byte in rest.dropFirst() {
                guard byte &- 0x30 < 10 else { return nil }
                digits.append(byte)
            }
        }
        guard whole > 0 || digits.count > start + 1 else { return nil }
        digits += isPercent ? [0x65, 0x2D, 0x32] : []
        let count = digits.count
        return (digits + [UInt8](repeating: 0x0A, count: 16)).withUnsafeBufferPointer { buffer in
            guard var cursor = buffer.baseAddress else { return nil }
            let end = cursor + count
            guard let value = NumberParser.parse(&cursor), cursor == end, value.isFinite else { return nil }
            return value
        }
    }

    private static func grouping(_ rest: Slice<UnsafeBufferPointer<UInt8>>, decimal: UInt8) -> [UInt8]? {
        let other: [UInt8] = decimal == 0x2E ? [0x2C] : [0x2E]
        // Switzerland writes 1'000, sometimes with a curved sign.
        return ([other, [0x27], [0xE2, 0x80, 0x99]] + blanks).first { rest.starts(with: $0) }
    }
}

extension Slice<UnsafeBufferPointer<UInt8>> {
    fileprivate func ends(with bytes: [UInt8]) -> Bool {
        count >= bytes.count && suffix(bytes.count).elementsEqual(bytes)
    }
}

/// What the texts of a column are as numbers, over some of the rows.
struct FormScan: Codable, Sendable {
    /// Texts that are numbers with a decimal point, with a decimal comma, and not the same in both ways.
    private(set) var points = 0
    private(set) var commas = 0
    private(set) var differing = 0
    private var pointSum = CompensatedSum()
    private var commaSum = CompensatedSum()
    /// Units that occur, a bit each; and texts with one.
    private var units = 0
    private var withUnit = 0

    /// False: it is no number in either way.
    mutating func add(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let found = FormText.parse(text) else { return false }
        if let point = found.point {
            points += 1
            pointSum.add(point)
        }
        if let comma = found.comma {
            commas += 1
            commaSum.add(comma)
        }
        if found.point != found.comma { differing += 1 }
        if let unit = found.unit {
            units |= 1 << unit
            withUnit += 1
        }
        return true
    }

    mutating func merge(_ other: FormScan) {
        points += other.points
        commas += other.commas
        differing += other.differing
        pointSum.add(other.pointSum)
        commaSum.add(other.commaSum)
        units |= other.units
        withUnit += other.withUnit
    }

    /// Texts that are numbers, in the way that suits most of them.
    var count: Int { max(points, commas) }

    enum Verdict {
        case none
        case numbers(NumberForm, sum: CompensatedSum)
        /// Numbers in both ways, and not the same ones.
        case ambiguous
        /// Numbers, but some are $ and some are %.
        case mixedUnits
    }

    /// - Parameters:
    ///   - texts: that there are.
    ///   - decimal: as the user said it, or the file shows it.
    func verdict(texts: Int, decimal: ReadOptions.Decimal) -> Verdict {
        guard texts > 0, points == texts || commas == texts else { return .none }
        let isPercentage = units & 1 == 1
        guard units.nonzeroBitCount <= 1, !isPercentage || withUnit == texts else { return .mixedUnits }
        let unit = units == 0 ? nil : units.trailingZeroBitCount
        let canPoint = points == texts && decimal != .comma
        let canComma = commas == texts && decimal != .point
        if canPoint, canComma, differing > 0 { return .ambiguous }
        if canPoint { return .numbers(NumberForm(hasDecimalComma: false, unit: unit), sum: pointSum) }
        if canComma { return .numbers(NumberForm(hasDecimalComma: true, unit: unit), sum: commaSum) }
        return .none
    }
}
