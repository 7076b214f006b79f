/// The rows of a table, one after the other: lines of text, or typed columns. Both passes over a table are written for these,
/// so that a column means the same however it is stored.
protocol TableRows {
    /// One value of the current row.
    associatedtype Cell
    /// What rows say of their place.
    associatedtype Source
    /// Numbers met lately that a scan remembers for each column; a power of two.
    static var recentCount: Int { get }
    /// Where the current row is, for faults.
    var place: Int { get }
    /// Rows that there can be, of so many columns.
    func mostRows(columns: Int) -> Int
    /// Moves to the next row; false at the end.
    mutating func next() throws(CSVFault) -> Bool
    /// Every row has as many values as the table has columns.
    func requireWidth(_ layout: TableLayout) throws(CSVFault)
    /// The values of the current row, where all are numbers and plainly written as such.
    var plainNumbers: UnsafePointer<Double>? { get }
    /// Whether one of those may be written as codes are.
    var mayHoldCodes: Bool { get }
    subscript(column: Int) -> Cell { get }
    /// Whether a number is written as codes are, 01234.
    func looksLikeCode(_ cell: Cell) -> Bool
    func value(_ cell: Cell, _ missing: MissingText) -> CellValue
    func isEmpty(_ cell: Cell) -> Bool
    /// Tells a short number from all others, and is not 0; nil: it would take longer than to look the number up.
    func recentKey(_ cell: Cell) -> UInt64?
    /// Runs `body` on the value as text.
    func withText<Result>(_ cell: Cell, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result
    func sighting(_ cell: Cell, in source: Source) -> Sighting
}

extension TableRows {
    var plainNumbers: UnsafePointer<Double>? { nil }
    var mayHoldCodes: Bool { false }

    func text(_ cell: Cell) -> String { withText(cell) { String(decoding: $0, as: UTF8.self) } }
}

extension UnsafeBufferPointer<UInt8> {
    /// Nothing but digits, of which the first is 0.
    var isCode: Bool { count > 1 && self[0] == 0x30 && allSatisfy { $0 &- 0x30 < 10 } }
}

extension CSVTokenizer: TableRows {
    static var recentCount: Int { 16 }

    var place: Int { lineStart }

    /// A row takes a byte for every field: blank lines beside a wide table do not count.
    func mostRows(columns: Int) -> Int { min(countBytes(0x0A, in: bytes), bytes.count / max(1, columns) + 1) }

    @inline(__always)
    func isEmpty(_ field: CSVField) -> Bool { field.start >= field.end }

    @inline(__always)
    func looksLikeCode(_ field: CSVField) -> Bool {
        bytes[field.start] == 0x30 && field.end - field.start > 1 && withText(field) { $0.isCode }
    }

    /// The text itself, of up to eight bytes.
    @inline(__always)
    func recentKey(_ field: CSVField) -> UInt64? {
        let length = field.end - field.start
        guard length <= 8, length > 0, !field.isEscaped, let base = bytes.baseAddress else { return nil }
        // There is slack behind the bytes.
        let word = UInt64(littleEndian: UnsafeRawPointer(base + field.start).loadUnaligned(as: UInt64.self))
        return word << UInt64(64 - 8 * length)
    }

    func sighting(_ field: CSVField, in chunk: TextChunk) -> Sighting {
        Sighting(
            file: chunk.file, offset: chunk.offset + chunk.markLength + lineStart,
            line: chunk.firstLine.map { $0 + linesBefore }, text: text(field))
    }

    @inline(__always)
    func requireWidth(_ layout: TableLayout) throws(CSVFault) {
        if count != layout.columns.count {
            let first = layout.hasHeader ? "the header" : "the first line"
            throw CSVFault(
                message: "has \(count) field\(count == 1 ? "" : "s"), "
                    + "\(first) has \(layout.columns.count); mend this row (fields that hold "
                    + "the delimiter need quotes)",
                place: lineStart)
        }
    }
}
