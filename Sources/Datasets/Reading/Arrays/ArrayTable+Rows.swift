extension ArrayTable {
    /// Rows `range`. Throws `ParseError`: a value or label that is not finite, a file that is cut off.
    ///
    /// - Precondition: a packed array is read from its first row on.
    /// - Parameter withLabels: false: rows have the label NaN, and no file of labels is looked at.
    func read(_ range: Range<Int>, withLabels: Bool = true) throws -> RowBlock {
        if data.header.isFortran { return try ColumnMajorReader(self, withLabels: withLabels).read(range) }
        let parser = try ArrayParser(self, withLabels: withLabels)
        let reader = try RecordReader(data, rows: range, chunkSize: max(1, range.count * data.header.bytesPerRow))
        return try reader.next().map { try parser.parse($0) } ?? RowBlock()
    }
}
