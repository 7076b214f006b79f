/// The shape of one CSV file: what its first lines tell.
public struct TableLayout: Codable, Sendable, Equatable {
    public var file: String
    public var delimiter: UInt8
    public var hasHeader: Bool
    /// One per column; "column 1", "column 2", … without a header.
    public var columns: [String]

    static let delimiters: [UInt8] = [0x09, 0x3B, 0x2C, 0x7C]

    /// From the first lines of a file. Throws `ParseError`: bad quoting in the first line, names that occur twice.
    public init(head: TextChunk, options: ReadOptions) throws {
        throw ParseError(file: head.file, message: "CSV files cannot be read yet")
    }
}
