/// A sparse matrix on disk as a table, with labels from an array of their own.
struct SparseTable: Codable, Sendable, Equatable {
    let matrix: StoredMatrix
    let labels: LabelArray?
    /// What was found out, for people.
    let notes: [String]

    /// - Parameter labelsFile: nil: found beside the data.
    /// - Throws: `ParseError`: no labels, another number of them than rows. With `allowMissingLabels` they may be left out.
    init(_ matrix: StoredMatrix, _ contents: ArrayContents, path: String, options: ReadOptions, labels file: String?)
        throws
    {
        if options.label != nil {
            throw ParseError(
                file: path,
                message: "`label` names a column of a table; the columns of a sparse matrix are features: use `labels`")
        }
        self.matrix = matrix
        var notes = contents.notes
        labels = try file.map { try LabelArray(file: $0, options) } ?? contents.labels
        if file == nil, let labels { notes.append("the labels are from \(labels.source.name)") }
        if matrix.layout != .csr {
            notes.append(
                "\(path): every rank reads the whole matrix, which is in the format \(matrix.layout.rawValue); "
                    + "in csr each would read its own rows")
        }
        self.notes = notes
        if let labels {
            try labels.check(rows: matrix.rows, of: matrix.name)
        } else if !options.allowMissingLabels {
            throw contents.labelsMissing(path, column: nil)
        }
    }

    /// Rows `range`. Throws `ParseError`: an index beyond the matrix, a value or label that is not finite.
    ///
    /// - Precondition: a packed matrix by rows is read from its first row on.
    func read(_ range: Range<Int>, withLabels: Bool = true) throws -> RowBlock {
        guard matrix.layout == .csr else { return try SparseScan(self, withLabels: withLabels).read(range) }
        let parser = try SparseParser(self, withLabels: withLabels)
        let reader = try SparseReader(matrix, rows: range, chunkSize: .max)
        return try reader.next().map { try parser.parse($0) } ?? RowBlock()
    }
}
