/// Typed values as pandas and Arrow write them to a CSV file.
struct ColumnText {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ column: ArrowColumn, _ row: Int) {
        switch column.kind {
        case .null: break
        case .text32, .text64: bytes += column.bytes(row)
        case .boolean: bytes += (column.bit(row) ? "True" : "False").utf8
        case .double: write(real: column.load(row, as: Double.self))
        case .float: write(real: column.load(row, as: Float.self))
        case .half: write(real: Float16(bitPattern: column.load(row, as: UInt16.self)))
        case .uint64: bytes += String(column.load(row, as: UInt64.self)).utf8
        case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32: bytes += String(column.integer(row)).utf8
        case .date32: write(day: column.integer(row))
        case .date64: write(day: ColumnText.floored(column.integer(row), 86_400_000).quotient)
        case .timestamp: write(time: column.integer(row), digits: column.scale, hasZone: column.hasZone)
        case .decimal: write(decimal: column, row)
        }
    }

    private mutating func write<Value: BinaryFloatingPoint & CustomStringConvertible>(real value: Value) {
        guard !value.isNaN else { return }
        bytes += value.description.utf8
    }

    /// Of a number that has as many digits at least.
    private mutating func write(_ value: Int, digits: Int) {
        let text = String(value.magnitude)
        if value < 0 { bytes.append(0x2D) }
        for _ in 0..<max(0, digits - text.utf8.count) { bytes.append(0x30) }
        bytes += text.utf8
    }

    private mutating func write(day: Int) {
        // Beyond these, days are no dates of any calendar, and years would not fit.
        guard abs(day) < 1 << 40 else {
            bytes += String(day).utf8
            bytes += " days".utf8
            return
        }
        let date = DateText.civil(ColumnText.floored(day, 146_097).remainder)
        write(date.year + 400 * ColumnText.floored(day, 146_097).quotient, digits: 4)
        bytes.append(0x2D)
        write(date.month, digits: 2)
        bytes.append(0x2D)
        write(date.day, digits: 2)
    }

    private mutating func write(time: Int, digits: Int, hasZone: Bool) {
        let unit = [1, 1000, 1_000_000, 1_000_000_000][digits / 3]
        let (seconds, fraction) = ColumnText.floored(time, unit)
        let (day, second) = ColumnText.floored(seconds, 86_400)
        write(day: day)
        for (mark, part) in [(0x20 as UInt8, second / 3600), (0x3A, second / 60 % 60), (0x3A, second % 60)] {
            bytes.append(mark)
            write(part, digits: 2)
        }
        if digits > 0 {
            bytes.append(0x2E)
            write(fraction, digits: digits)
        }
        if hasZone { bytes.append(0x5A) }
    }

    static func floored(_ value: Int, _ divisor: Int) -> (quotient: Int, remainder: Int) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private mutating func write(decimal column: ArrowColumn, _ row: Int) {
        let digits: String
        let isNegative: Bool
        switch column.width {
        case 4: (digits, isNegative) = ColumnText.digits(Int(column.load(row, as: Int32.self)))
        case 8: (digits, isNegative) = ColumnText.digits(Int(column.load(row, as: Int64.self)))
        default:
            let low = column.values.loadUnaligned(fromByteOffset: 16 * row, as: UInt64.self)
            let high = column.values.loadUnaligned(fromByteOffset: 16 * row + 8, as: Int64.self)
            (digits, isNegative) = ColumnText.digits(high: high, low: low)
        }
        if isNegative { bytes.append(0x2D) }
        guard column.scale > 0 else {
            bytes += digits.utf8
            for _ in 0..<(-column.scale) { bytes.append(0x30) }
            return
        }
        let padded = [UInt8](repeating: 0x30, count: max(0, column.scale + 1 - digits.utf8.count)) + digits.utf8
        bytes += padded.dropLast(column.scale)
        bytes.append(0x2E)
        bytes += padded.suffix(column.scale)
    }

    private static func digits(_ value: Int) -> (String, Bool) { (String(value.magnitude), value < 0) }

    /// Of a number of 128 bits.
    private static func digits(high: Int64, low: UInt64) -> (String, Bool) {
        var (upper, lower) = (UInt64(bitPattern: high), low)
        if high < 0 {
            upper = ~upper &+ (lower == 0 ? 1 : 0)
            lower = ~lower &+ 1
        }
        let part: UInt64 = 10_000_000_000_000_000_000
        guard upper > 0 else { return (String(lower), high < 0) }
        // 2¹²⁸ has 39 digits: two parts of 19 and one.
        let (most, rest) = upper.quotientAndRemainder(dividingBy: part)
        let (second, last) = part.dividingFullWidth((rest, lower))
        guard most > 0 || second >= part else { return (String(second) + padded(last), high < 0) }
        let (first, middle) = part.dividingFullWidth((most, second))
        return (String(first) + padded(middle) + padded(last), high < 0)
    }

    private static func padded(_ value: UInt64) -> String {
        let text = String(value)
        return String(repeating: "0", count: 19 - text.utf8.count) + text
    }
}

extension ColumnText {
    /// Blanks around a text do not belong to it, unless quotes would be around them.
    @inline(__always)
    static func trimmed(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        guard let first = text.first, let last = text.last, isBlank(first) || isBlank(last) else { return text }
        return stripped(text)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0D || byte == 0x09 }

    @inline(never)
    private static func stripped(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        if text.contains(where: { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }) { return text }
        guard let first = text.firstIndex(where: { !isBlank($0) }), let last = text.lastIndex(where: { !isBlank($0) })
        else { return UnsafeBufferPointer(start: text.baseAddress, count: 0) }
        return UnsafeBufferPointer(rebasing: text[first...last])
    }

    /// A digit, a sign or a point in front.
    @inline(__always)
    static func mayBeNumber(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = text.first else { return false }
        return first &- 0x30 < 10 || first == 0x2D || first == 0x2E || first == 0x2B
    }

    /// The text's number; nil: it is not all of one.
    static func number(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        // With an end that is no digit, and room behind it.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: text.count + 16) { copy -> Double? in
            guard let start = copy.baseAddress, let source = text.baseAddress else { return nil }
            start.update(from: source, count: text.count)
            (start + text.count).update(repeating: 0x0A, count: 16)
            var cursor = UnsafePointer(start)
            guard let value = NumberParser.parse(&cursor), cursor == UnsafePointer(start) + text.count else {
                return nil
            }
            return value
        }
    }
}
