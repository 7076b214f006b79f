/// Pass 2: the rows of one CSV file as features, with a schema made from the training data.
public struct CSVParser: TextParser {
    public let schema: TableSchema
    /// What the file has that the schema does not use, for people.
    public let notes: [String]

    /// Matches the file's columns with the schema: by name when both have a header, else by position.
    /// Throws `ParseError` where a column is missing. The label column may be missing with `allowMissingLabels`.
    public init(schema: TableSchema, layout: TableLayout, options: ReadOptions) throws {
        self.schema = schema
        notes = []
    }

    public func parse(_ chunk: TextChunk) throws -> RowBlock {
        throw ParseError(file: chunk.file, message: "CSV files cannot be read yet")
    }
}
