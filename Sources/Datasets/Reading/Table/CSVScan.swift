/// Pass 1 over a table: what every column holds. Scans of parts of the data merge in any order to the same schema.
///
/// Make one per rank with the layout of the first file, add every chunk (with the layout of its own file), merge over
/// ranks, then make a `TableSchema`.
public struct CSVScan: Codable, Sendable {
    /// Layout of the first file.
    public let layout: TableLayout
    public private(set) var rows = 0
    let roles: ColumnRoles
    private(set) var columns: [ColumnScan]
    private let missingWords: [String]

    /// Throws `ParseError` where an option names a column that is not there, or no column is the label.
    public init(layout: TableLayout, options: ReadOptions) throws {
        self.layout = layout
        roles = try ColumnRoles(layout: layout, options: options)
        columns = Array(repeating: ColumnScan(), count: layout.columns.count)
        missingWords = options.missing
        if options.readsDates {
            for column in columns.indices where roles.isFeature(column) { columns[column].dates = DateScan() }
        }
        for column in roles.dates { columns[column].dates = DateScan() }
        for column in roles.categorical {
            columns[column].isCategorical = true
            columns[column].dates = nil
        }
        columns[roles.label].missingWords = CategoryTable()
    }

    /// Takes in a chunk of the file that `layout` describes. Throws `ParseError`.
    public mutating func add(_ chunk: TextChunk, layout file: TableLayout) throws {
        let match = ColumnMatch(wanted: layout.columns, areNamed: layout.hasHeader, file: file)
        let scanned = layout.columns.indices.filter { roles.isRead($0) }
        let positions = try scanned.map { try match.require($0) }
        try chunk.withTerminatedBytes { bytes in
            var pass = ScanPass(
                names: layout.columns, missing: MissingText(missingWords), source: chunk,
                lines: CSVTokenizer(
                    bytes: bytes, delimiter: file.delimiter, hasDecimalComma: file.hasDecimalComma,
                    start: file.dataOffset - chunk.offset - chunk.markLength))
            try columns.withUnsafeMutableBufferPointer { columns in
                do throws(CSVFault) {
                    rows += try pass.run(file, Array(zip(scanned, positions)), columns)
                } catch {
                    throw chunk.error(error, in: bytes)
                }
            }
        }
    }

    /// Takes in rows of a batch of typed columns. Throws `ParseError`.
    mutating func add(_ batch: ArrowBatch, rows part: Range<Int>, layout file: TableLayout) throws {
        let match = ColumnMatch(wanted: layout.columns, areNamed: layout.hasHeader, file: file)
        let scanned = layout.columns.indices.filter { roles.isRead($0) }
        let positions = try scanned.map { try match.require($0) }
        var pass = ScanPass(
            names: layout.columns, missing: MissingText(missingWords), source: batch,
            lines: ArrowRows(batch, rows: part))
        try columns.withUnsafeMutableBufferPointer { columns in
            do throws(CSVFault) {
                rows += try pass.run(file, Array(zip(scanned, positions)), columns)
            } catch {
                throw batch.error(error)
            }
        }
    }

    /// Where the columns that a scan reads are in a file.
    func positions(in file: TableLayout) throws -> [Int] {
        let match = ColumnMatch(wanted: layout.columns, areNamed: layout.hasHeader, file: file)
        return try layout.columns.indices.filter { roles.isRead($0) }.map { try match.require($0) }
    }

    /// Does not count the distinct numbers of columns that have too many in other rows.
    mutating func skipNumbers(of other: CSVScan) {
        for column in columns.indices where other.columns[column].hasManyNumbers { columns[column].forgetNumbers() }
    }

    /// Adds the scan of other rows of the same data.
    public mutating func merge(_ other: CSVScan) {
        rows += other.rows
        for column in columns.indices { columns[column].merge(other.columns[column]) }
    }
}

/// One pass of a scan over the rows of a chunk.
private struct ScanPass<Rows: TableRows> {
    let names: [String]
    let missing: MissingText
    let source: Rows.Source
    var lines: Rows
    /// Per column, short numbers met lately: the set of distinct numbers need not be asked again.
    private var recent: [UInt64]

    init(names: [String], missing: MissingText, source: Rows.Source, lines: Rows) {
        self.names = names
        self.missing = missing
        self.source = source
        self.lines = lines
        recent = Array(repeating: 0, count: names.count * Rows.recentCount)
    }

    /// Adds every line to `columns`; `places` pairs each column with its field. Returns the number of rows.
    mutating func run(
        _ file: TableLayout, _ places: [(Int, Int)], _ columns: UnsafeMutableBufferPointer<ColumnScan>
    ) throws(CSVFault) -> Int {
        var rows = 0
        while try lines.next() {
            try lines.requireWidth(file)
            rows += 1
            for (column, position) in places { try add(lines[position], column, &columns[column]) }
        }
        return rows
    }

    @inline(__always)
    private mutating func add(_ field: Rows.Cell, _ place: Int, _ column: inout ColumnScan) throws(CSVFault) {
        let value = lines.value(field, missing)
        if column.isCategorical, !value.isMissing { return try addText(field, place, &column) }
        switch value {
        case .number(let value):
            column.add(number: value)
            if !column.hasManyNumbers, !isRecent(field, place) { lines.withText(field) { column.addNumberText($0) } }
            // Asked in this order: a sign is a guess each time.
            if column.firstNegative == nil, value < 0 { column.firstNegative = sighting(field) }
        case .missing:
            column.missing += 1
            if column.firstMissing == nil { column.firstMissing = sighting(field) }
            if column.missingWords != nil, !lines.isEmpty(field) {
                lines.withText(field) { _ = column.missingWords?.add($0) }
            }
        case .notFinite:
            column.notFinite += 1
            if column.firstNotFinite == nil { column.firstNotFinite = sighting(field) }
        case .text: try addText(field, place, &column)
        }
    }

    private mutating func addText(_ field: Rows.Cell, _ place: Int, _ column: inout ColumnScan) throws(CSVFault) {
        column.texts += 1
        if column.firstText == nil { column.firstText = sighting(field) }
        var isDate = false
        if column.dates != nil {
            let orders = lines.withText(field) { column.dates?.add($0) }
            isDate = orders != nil
            if !isDate, column.firstNotDate == nil { column.firstNotDate = sighting(field) }
            for (order, fits) in (orders ?? []).enumerated() where !fits && column.firstMisfits[order] == nil {
                column.firstMisfits[order] = sighting(field)
            }
        }
        var isRead = isDate
        if !isDate, !column.isCategorical {
            isRead = lines.withText(field) { column.forms.add($0) }
            if !isRead, column.firstFormless == nil { column.firstFormless = sighting(field) }
        }
        let isNew = lines.withText(field) { column.addText($0, isRead: isRead) }
        if isNew, !lines.withText(field, { String(validating: $0, as: UTF8.self) != nil }) {
            throw CSVFault(
                message: "column '\(names[place])' is not UTF-8 text; convert the file (iconv -f LATIN1 -t UTF-8)",
                place: lines.place)
        }
    }

    /// Whether a short number is among the column's last ones; remembers it.
    @inline(__always)
    private mutating func isRecent(_ field: Rows.Cell, _ place: Int) -> Bool {
        guard let key = lines.recentKey(field) else { return false }
        let hash =
            (key &* 0x9E37_79B9_7F4A_7C15) >> UInt64(truncatingIfNeeded: Rows.recentCount.leadingZeroBitCount + 1)
        let slot = place * Rows.recentCount + Int(truncatingIfNeeded: hash)
        if recent[slot] == key { return true }
        recent[slot] = key
        return false
    }

    private func sighting(_ field: Rows.Cell) -> Sighting { lines.sighting(field, in: source) }
}
