/// Pass 1 over a table: what every column holds. Scans of parts of the data merge in any order to the same result.
///
/// Make one per rank with the layout of the first file, add every chunk (with the layout of its own file), merge over
/// ranks, then make a `TableSchema`.
public struct CSVScan: Codable, Sendable {
    /// Layout of the first file.
    public let layout: TableLayout
    public private(set) var rows = 0

    /// Throws `ParseError` where an option names a column that is not there.
    public init(layout: TableLayout, options: ReadOptions) throws {
        self.layout = layout
    }

    /// Takes in a chunk of the file that `layout` describes. Throws `ParseError`.
    public mutating func add(_ chunk: TextChunk, layout: TableLayout) throws {
        throw ParseError(file: chunk.file, message: "CSV files cannot be read yet")
    }

    public mutating func merge(_ other: CSVScan) {
        rows += other.rows
    }
}
