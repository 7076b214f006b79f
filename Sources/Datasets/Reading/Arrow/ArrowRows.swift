/// The rows of a batch of typed columns. A value means what it would mean as pandas writes it to a CSV file.
struct ArrowRows: TableRows {
    /// A value of a column or, where that holds places in a dictionary, of the dictionary.
    struct Cell {
        let column: UnsafePointer<ArrowColumn>
        let row: Int
        var isNull: Bool
    }

    /// Each costs little, and numbers that are not remembered are made texts.
    static var recentCount: Int { 256 }

    private let columns: UnsafePointer<ArrowColumn>
    private let firstRow: Int
    private let end: Int
    private var row: Int
    private let start: Int

    /// - Parameter rows: of the batch, which has to outlive this.
    init(_ batch: ArrowBatch, rows: Range<Int>) {
        columns = UnsafePointer(batch.columns)
        firstRow = batch.firstRow
        start = rows.lowerBound
        row = start - 1
        end = rows.upperBound
    }

    var place: Int { firstRow + row }

    func mostRows(columns: Int) -> Int { end - start }

    @inline(__always)
    mutating func next() -> Bool {
        row &+= 1
        return row < end
    }

    func requireWidth(_ layout: TableLayout) {}

    @inline(__always)
    subscript(position: Int) -> Cell {
        let column = columns + position
        let isNull = column.pointee.isNull(row)
        guard let dictionary = column.pointee.dictionary, !isNull else {
            return Cell(column: column, row: row, isNull: isNull)
        }
        let place = column.pointee.integer(row)
        return Cell(column: dictionary, row: place, isNull: dictionary.pointee.isNull(place))
    }

    @inline(__always)
    func value(_ cell: Cell, _ missing: MissingText) -> CellValue {
        if cell.isNull { return .missing }
        let column = cell.column
        let number: Double
        switch column.pointee.kind {
        case .double: number = column.pointee.load(cell.row, as: Double.self)
        case .float: number = DecimalValue.of(column.pointee.load(cell.row, as: Float.self))
        case .int32: number = Double(column.pointee.load(cell.row, as: Int32.self))
        case .int64: number = Double(column.pointee.load(cell.row, as: Int64.self))
        case .int8, .int16, .uint8, .uint16, .uint32: number = Double(column.pointee.integer(cell.row))
        case .uint64: number = Double(column.pointee.load(cell.row, as: UInt64.self))
        case .half: number = DecimalValue.half(column.pointee.load(cell.row, as: UInt16.self))
        case .null, .boolean, .text32, .text64, .date32, .date64, .timestamp, .decimal:
            return textValue(cell, missing)
        }
        guard number.isFinite else { return number.isNaN ? .missing : .notFinite }
        if missing.includesNumbers, withText(cell, missing.matches) { return .missing }
        return .number(number)
    }

    /// Texts may be numbers, as they are in CSV.
    private func textValue(_ cell: Cell, _ missing: MissingText) -> CellValue {
        withText(cell) { text in
            if ColumnText.mayBeNumber(text), let number = ColumnText.number(text),
                !missing.includesNumbers || !missing.matches(text)
            {
                return number.isFinite ? .number(number) : .notFinite
            }
            if missing.matches(text) { return .missing }
            return text.count <= 9 && NumberParser.isNotFiniteWord(text) ? .notFinite : .text
        }
    }

    func isEmpty(_ cell: Cell) -> Bool { withText(cell) { $0.isEmpty } }

    @inline(__always)
    func looksLikeCode(_ cell: Cell) -> Bool {
        switch cell.column.pointee.kind {
        case .text32, .text64: withText(cell) { $0.isCode }
        default: false
        }
    }

    /// The bits of a number.
    @inline(__always)
    func recentKey(_ cell: Cell) -> UInt64? {
        let column = cell.column
        let bits: UInt64
        switch column.pointee.kind {
        case .double: bits = column.pointee.load(cell.row, as: UInt64.self)
        case .float: bits = UInt64(column.pointee.load(cell.row, as: UInt32.self))
        case .half: bits = UInt64(column.pointee.load(cell.row, as: UInt16.self))
        case .text32, .text64, .decimal: return nil
        default: bits = UInt64(bitPattern: Int64(column.pointee.integer(cell.row)))
        }
        let key = ~bits
        return key == 0 ? nil : key
    }

    @inline(__always)
    func withText<Result>(_ cell: Cell, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        if cell.isNull { return body(UnsafeBufferPointer(start: nil, count: 0)) }
        switch cell.column.pointee.kind {
        case .text32, .text64: return body(ColumnText.trimmed(cell.column.pointee.bytes(cell.row)))
        default: return withMadeText(cell, body)
        }
    }

    @inline(never)
    private func withMadeText<Result>(_ cell: Cell, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        var text = ColumnText()
        text.write(cell.column.pointee, cell.row)
        return text.bytes.withUnsafeBufferPointer(body)
    }

    func sighting(_ cell: Cell, in batch: ArrowBatch) -> Sighting {
        Sighting(file: batch.file, offset: place, line: nil, text: text(cell), isRow: true)
    }
}
