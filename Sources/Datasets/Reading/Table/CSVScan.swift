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
    /// The distinct numbers of all columns are noted; otherwise those of the first rows of a chunk, and beside texts.
    var notesAllNumbers = true

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
    public mutating func add(_ chunk: TextChunk, layout: TableLayout) throws {
        _ = try add(chunk, layout: layout, keeping: false)
    }

    /// Returns the rows, where that is asked for and they can be kept.
    mutating func add(_ chunk: TextChunk, layout file: TableLayout, keeping: Bool) throws -> RowBlock? {
        let places = try places(in: file)
        return try chunk.withTerminatedBytes { bytes in
            var pass = ScanPass(
                names: layout.columns, roles: roles, missing: MissingText(missingWords), source: chunk,
                lines: CSVTokenizer(
                    bytes: bytes, delimiter: file.delimiter, hasDecimalComma: file.hasDecimalComma,
                    start: file.dataOffset - chunk.offset - chunk.markLength))
            return try columns.withUnsafeMutableBufferPointer { columns in
                do throws(CSVFault) {
                    let found = try pass.run(file, places, columns, keeping: keeping, noting: notesAllNumbers)
                    rows += found.rows
                    return found.kept
                } catch {
                    throw chunk.error(error, in: bytes)
                }
            }
        }
    }

    /// Takes in rows of a batch of typed columns. Throws `ParseError`.
    mutating func add(_ batch: ArrowBatch, rows part: Range<Int>, layout file: TableLayout) throws {
        let places = try places(in: file)
        var pass = ScanPass(
            names: layout.columns, roles: roles, missing: MissingText(missingWords), source: batch,
            lines: ArrowRows(batch, rows: part))
        try columns.withUnsafeMutableBufferPointer { columns in
            do throws(CSVFault) {
                rows += try pass.run(file, places, columns, keeping: false, noting: notesAllNumbers).rows
            } catch {
                throw batch.error(error)
            }
        }
    }

    /// The columns that a scan reads, each with where it is in a file.
    private func places(in file: TableLayout) throws -> [(column: Int, position: Int)] {
        let match = ColumnMatch(wanted: layout.columns, areNamed: layout.hasHeader, file: file)
        return try layout.columns.indices.filter { roles.isRead($0) }.map { ($0, try match.require($0)) }
    }

    /// Where the columns that a scan reads are in a file.
    func positions(in file: TableLayout) throws -> [Int] { try places(in: file).map(\.position) }

    /// Whether rows can be kept by a scan, so far as it is known before.
    var mayKeepRows: Bool { roles.ids.isEmpty && roles.categorical.isEmpty && roles.dates.isEmpty }

    /// The columns of features that `add` keeps, in the first file.
    var keptColumns: [Int] { layout.columns.indices.filter { roles.isFeature($0) } }

    /// Whether the rows have to be looked through again, noting all numbers.
    var needsAllNumbers: Bool { columns.contains(where: \.needsAllNumbers) }

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
