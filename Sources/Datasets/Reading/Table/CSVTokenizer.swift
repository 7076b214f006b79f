/// Splits lines into fields (RFC 4180: a quoted field may hold line ends).
///
/// Blanks around a field do not belong to it; blank lines are skipped. Where blanks are the delimiter, any number of them is one. The bytes must end with a line end.
struct CSVTokenizer {
    let bytes: UnsafeBufferPointer<UInt8>
    let delimiter: UInt8
    /// 1,5 is one and a half.
    let hasDecimalComma: Bool
    /// Fields may be read as `plainFields` does.
    private let isPlain: Bool
    private let storage = FieldStorage()
    /// All fields of the current line are plain numbers.
    private var isPlainLine = false
    /// Of plain numbers, one begins with 0 and another digit.
    private(set) var mayHoldCodes = false
    /// Number of fields of the current line.
    private(set) var count = 0
    private(set) var lineStart: Int
    private(set) var cursor: Int

    init(bytes: UnsafeBufferPointer<UInt8>, delimiter: UInt8, hasDecimalComma: Bool = false, start: Int = 0) {
        self.bytes = bytes
        self.hasDecimalComma = hasDecimalComma
        self.delimiter = delimiter
        isPlain = !hasDecimalComma && delimiter != 0x20
        cursor = max(0, min(start, bytes.count))
        lineStart = cursor
    }

    subscript(index: Int) -> CSVField { storage[index] }

    var plainNumbers: UnsafePointer<Double>? { isPlainLine ? UnsafePointer(storage.numbers) : nil }

    /// Line ends before the current line.
    var linesBefore: Int { storage.lines(before: lineStart, in: bytes) }

    /// The current line's fields.
    var fields: [CSVField] { (0..<count).map { self[$0] } }

    /// Columns that a table may have; each takes memory of its own.
    static let mostFields = 1 << 20

    @inline(__always)
    private mutating func append(_ field: CSVField) throws(CSVFault) {
        if count == storage.capacity {
            guard count < Self.mostFields else { throw tooWide }
            storage.grow()
        }
        storage[count] = field
        count += 1
    }

    private var tooWide: CSVFault {
        CSVFault(
            message: "has more than \(Self.mostFields) fields; give tables as wide as that as LIBSVM or NPY",
            place: lineStart)
    }

    /// Moves to the next line that is not blank; false at the end.
    mutating func next() throws(CSVFault) -> Bool {
        count = 0
        guard let base = bytes.baseAddress else { return false }
        while true {
            guard cursor < bytes.count else { return false }
            lineStart = cursor
            var p = base + cursor
            while isBlank(p.pointee) { p += 1 }
            if p.pointee != 0x0A { break }
            cursor = p - base + 1
        }
        (isPlainLine, mayHoldCodes) = (isPlain, false)
        while true {
            if isPlain, plainFields(base) { return true }
            isPlainLine = false
            try field(base)
            let stop = base[cursor]
            cursor += 1
            if stop == 0x0A { return true }
            if delimiter == 0x20, isLineOver(base) { return true }
        }
    }

    /// Fields from the cursor on that are numbers as they mostly are, without anything around them; true when they end the line.
    /// Everything is in a local variable, and so in a register.
    @inline(never)
    private mutating func plainFields(_ base: UnsafePointer<UInt8>) -> Bool {
        let (starts, ends, numbers) = (storage.starts, storage.ends, storage.numbers)
        let (room, delimiter) = (storage.capacity, delimiter)
        var next = base + cursor
        var place = count
        var isOver = false
        var hasCode: UInt8 = 0
        while place < room {
            var p = next
            hasCode |= (p[0] == 0x30 ? 1 : 0) & (p[1] &- 0x30 < 10 ? 1 : 0)
            guard let number = NumberParser.short(&p) else { break }
            let stop = p.pointee
            guard stop == delimiter || stop == 0x0A || stop == 0x0D && p[1] == 0x0A else { break }
            starts[place] = UInt32(truncatingIfNeeded: next - base)
            ends[place] = UInt32(truncatingIfNeeded: p - base)
            numbers[place] = number
            place &+= 1
            next = p + 1
            if stop != delimiter {
                if stop == 0x0D { next += 1 }
                isOver = true
                break
            }
        }
        (cursor, count) = (next - base, place)
        if hasCode != 0 { mayHoldCodes = true }
        return isOver
    }

    /// Blanks at the end of a line are no delimiters.
    private mutating func isLineOver(_ base: UnsafePointer<UInt8>) -> Bool {
        var p = base + cursor
        while isBlank(p.pointee) { p += 1 }
        guard p.pointee == 0x0A else { return false }
        cursor = p - base + 1
        return true
    }

    @inline(__always)
    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0D || byte == 0x09 && delimiter != 0x09 }

    /// One field; leaves the cursor on its delimiter or line end.
    private mutating func field(_ base: UnsafePointer<UInt8>) throws(CSVFault) {
        var start = base + cursor
        while isBlank(start.pointee) { start += 1 }
        if start.pointee == 0x22 { return try quoted(base, start + 1) }
        if delimiter == 0x20 { return try unbroken(base, start) }
        // The end is looked for first, so that the next field does not wait until this one is read.
        let stop = fieldEnd(start)
        cursor = stop - base
        let first = start.pointee
        if first &- 0x30 < 10 || first == 0x2D || first == 0x2E, !hasDecimalComma {
            var p = start
            if let number = NumberParser.parse(&p), p == stop || p + 1 == stop && p.pointee == 0x0D {
                return try append(CSVField(start: start - base, end: p - base, number: number))
            }
        }
        var end = stop
        while end > start, isBlank((end - 1).pointee) { end -= 1 }
        try append(CSVField(start: start - base, end: end - base))
    }

    /// The first delimiter or line end from `start` on, by eight bytes at a time.
    @inline(__always)
    private func fieldEnd(_ start: UnsafePointer<UInt8>) -> UnsafePointer<UInt8> {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let delimiters = ones &* UInt64(delimiter)
        var p = start
        while true {
            let word = UInt64(littleEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt64.self))
            let (one, other) = (word ^ delimiters, word ^ ones &* 0x0A)
            // The lowest bit set marks the first byte that is zero; what is above may not.
            let found = ((one &- ones) & ~one | (other &- ones) & ~other) & 0x8080_8080_8080_8080
            if found != 0 { return p + found.trailingZeroBitCount / 8 }
            p += 8
        }
    }

    /// Up to the next blank, where blanks are the delimiter.
    private mutating func unbroken(_ base: UnsafePointer<UInt8>, _ start: UnsafePointer<UInt8>) throws(CSVFault) {
        var p = start
        while !isBlank(p.pointee), p.pointee != 0x0A { p += 1 }
        try append(CSVField(start: start - base, end: p - base))
        cursor = p - base
    }

    private mutating func quoted(_ base: UnsafePointer<UInt8>, _ start: UnsafePointer<UInt8>) throws(CSVFault) {
        var isEscaped = false
        var p = start
        while true {
            if p.pointee == 0x0A, p - base == bytes.count - 1 {
                throw CSVFault(
                    message: "field \(count + 1) opens a quote that is never closed (a quote inside quotes is doubled)",
                    place: lineStart)
            }
            if p.pointee == 0x22 {
                if p[1] != 0x22 { break }
                isEscaped = true
                p += 1
            }
            p += 1
        }
        try append(CSVField(start: start - base, end: p - base, isEscaped: isEscaped))
        p += 1
        while delimiter != 0x20, isBlank(p.pointee) { p += 1 }
        guard p.pointee == delimiter || p.pointee == 0x0A || delimiter == 0x20 && isBlank(p.pointee) else {
            throw CSVFault(
                message: "field \(count) has text after its closing quote (a quote inside quotes is doubled)",
                place: lineStart)
        }
        cursor = p - base
    }

    /// Runs `body` on the field's text, doubled quotes made single.
    @inline(__always)
    func withText<Result>(_ field: CSVField, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let raw = UnsafeBufferPointer(rebasing: bytes[field.start..<field.end])
        guard field.isEscaped else { return body(raw) }
        var text: [UInt8] = []
        var skip = false
        for byte in raw {
            skip = byte == 0x22 && !skip
            if !skip { text.append(byte) }
        }
        return text.withUnsafeBufferPointer(body)
    }

    func text(_ field: CSVField) -> String { withText(field) { String(decoding: $0, as: UTF8.self) } }

    /// The field's number: nil when it is not all of one. Infinite when too large.
    @inline(__always)
    func number(_ field: CSVField) -> Double? { field.number.isNaN ? numberOfText(field) : field.number }

    @inline(never)
    private func numberOfText(_ field: CSVField) -> Double? {
        guard var cursor = bytes.baseAddress.map({ $0 + field.start }) else { return nil }
        let end = cursor + (field.end - field.start)
        guard let value = NumberParser.parse(&cursor), cursor == end else {
            if let inner = withinBlanks(field) { return number(inner) }
            return hasDecimalComma ? numberWithComma(field) : nil
        }
        // Beside 1,5 a point stands between thousands, or nowhere.
        return hasDecimalComma && bytes[field.start..<field.end].contains(0x2E) ? nil : value
    }

    /// Without the blanks that quotes may keep around a number; nil: there are none.
    private func withinBlanks(_ field: CSVField) -> CSVField? {
        guard field.start < field.end, bytes[field.start] == 0x20 || bytes[field.end - 1] == 0x20 else { return nil }
        var inner = field
        while inner.start < inner.end, bytes[inner.start] == 0x20 { inner.start += 1 }
        while inner.start < inner.end, bytes[inner.end - 1] == 0x20 { inner.end -= 1 }
        return inner.start < inner.end ? inner : nil
    }

    /// 1,5 and 1.234.567,8: points between groups of three digits are passed over.
    func numberWithComma(_ field: CSVField) -> Double? {
        let raw = bytes[field.start..<field.end]
        guard let comma = raw.firstIndex(of: 0x2C), raw.count < 64 else { return nil }
        let groups = raw[..<comma].split(separator: 0x2E, omittingEmptySubsequences: false)
        guard groups.dropFirst().allSatisfy({ $0.count == 3 }),
            groups.count == 1 || groups[0].last.map({ $0 &- 0x30 < 10 }) == true
        else { return nil }
        // Slack behind the number, as behind a chunk.
        let text = Array(groups.joined()) + [0x2E] + raw[(comma + 1)...]
        return (text + [UInt8](repeating: 0x0A, count: 16)).withUnsafeBufferPointer { buffer in
            guard var cursor = buffer.baseAddress else { return nil }
            let end = cursor + text.count
            guard let value = NumberParser.parse(&cursor), cursor == end else { return nil }
            return value
        }
    }
}

extension TextChunk {
    /// A `ParseError` at the line of a fault.
    func error(_ fault: CSVFault, in bytes: UnsafeBufferPointer<UInt8>) -> ParseError {
        let before = countBytes(0x0A, in: UnsafeBufferPointer(rebasing: bytes[..<min(fault.place, bytes.count)]))
        return ParseError(chunk: self, lineInChunk: before + 1, message: fault.message)
    }
}
