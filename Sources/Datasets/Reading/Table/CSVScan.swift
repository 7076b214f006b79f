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
    }

    /// Takes in a chunk of the file that `layout` describes. Throws `ParseError`.
    public mutating func add(_ chunk: TextChunk, layout file: TableLayout) throws {
        let match = ColumnMatch(wanted: layout.columns, areNamed: layout.hasHeader, file: file)
        let scanned = layout.columns.indices.filter { roles.isRead($0) }
        let positions = try scanned.map { try match.require($0) }
        let missing = MissingText(missingWords)
        try chunk.withTerminatedBytes { bytes in
            var lines = CSVTokenizer(
                bytes: bytes, delimiter: file.delimiter, start: file.dataOffset - chunk.offset - chunk.markLength)
            do throws(CSVFault) {
                while try lines.next() {
                    try lines.requireWidth(file)
                    rows += 1
                    for (column, position) in zip(scanned, positions) {
                        try add(lines, lines.fields[position], to: column, missing, chunk)
                    }
                }
            } catch {
                throw chunk.error(error, in: bytes)
            }
        }
    }

    @inline(__always)
    private mutating func add(
        _ lines: CSVTokenizer, _ field: CSVField, to column: Int, _ missing: MissingText, _ chunk: TextChunk
    ) throws(CSVFault) {
        switch lines.value(field, missing) {
        case .number(let value):
            columns[column].add(number: value)
            if !columns[column].hasManyNumbers { lines.withText(field) { columns[column].addNumberText($0) } }
            if value < 0, columns[column].firstNegative == nil {
                columns[column].firstNegative = sighting(lines, field, chunk)
            }
        case .missing:
            columns[column].missing += 1
            if columns[column].firstMissing == nil { columns[column].firstMissing = sighting(lines, field, chunk) }
        case .notFinite:
            columns[column].notFinite += 1
            if columns[column].firstNotFinite == nil { columns[column].firstNotFinite = sighting(lines, field, chunk) }
        case .text:
            columns[column].texts += 1
            if columns[column].firstText == nil { columns[column].firstText = sighting(lines, field, chunk) }
            let isNew = lines.withText(field) { columns[column].addText($0) }
            if isNew, !lines.withText(field, { String(validating: $0, as: UTF8.self) != nil }) {
                throw CSVFault(
                    message: "column '\(layout.columns[column])' is not UTF-8 text; convert the file "
                        + "(iconv -f LATIN1 -t UTF-8)",
                    place: lines.lineStart)
            }
        }
    }

    private func sighting(_ lines: CSVTokenizer, _ field: CSVField, _ chunk: TextChunk) -> Sighting {
        let before = countBytes(0x0A, in: UnsafeBufferPointer(rebasing: lines.bytes[..<lines.lineStart]))
        return Sighting(
            file: chunk.file, offset: chunk.offset + chunk.markLength + lines.lineStart,
            line: chunk.firstLine.map { $0 + before }, text: lines.text(field))
    }

    /// Adds the scan of other rows of the same data.
    public mutating func merge(_ other: CSVScan) {
        rows += other.rows
        for column in columns.indices { columns[column].merge(other.columns[column]) }
    }
}

extension CSVTokenizer {
    /// Every row has as many fields as the first line.
    @inline(__always)
    func requireWidth(_ layout: TableLayout) throws(CSVFault) {
        if fields.count != layout.columns.count {
            let first = layout.hasHeader ? "the header" : "the first line"
            throw CSVFault(
                message: "has \(fields.count) field\(fields.count == 1 ? "" : "s"), "
                    + "\(first) has \(layout.columns.count); mend this row (fields that hold "
                    + "the delimiter need quotes)",
                place: lineStart)
        }
    }
}
