/// Rows of a two-dimensional array in Fortran order: one read a column, into a dense table first.
struct ColumnMajorReader {
    private let table: ArrayTable
    private let labels: ArrayLabels?

    init(_ table: ArrayTable, withLabels: Bool = true) throws {
        self.table = table
        labels = withLabels ? try table.labels.map(ArrayLabels.init) : nil
    }

    func read(_ range: Range<Int>) throws -> RowBlock {
        let header = table.data.header
        let input = try ArrayInput(table.data.source)
        var block = RowBlock()
        block.columnCount = table.columns
        try labels?.fill(&block, range)
        if labels == nil { block.labels = [Double](repeating: .nan, count: range.count) }
        var dense = [Double](repeating: 0, count: range.count * table.columns)
        var bytes = [UInt8](repeating: 0, count: range.count * header.elementSize)
        for column in 0..<header.width {
            let start = header.start + (column * header.rows + range.lowerBound) * header.elementSize
            let got = try bytes.withUnsafeMutableBytes { try input.read(into: $0, at: start) }
            guard got == bytes.count else {
                throw ParseError(file: table.data.source.name, message: "became shorter while it was read")
            }
            let label = table.labelColumn ?? .max
            let feature = column < label ? column : column - 1
            try bytes.withUnsafeBytes { bytes in
                guard let address = bytes.baseAddress else { return }
                try ArrayValues.forEachCase(header) { value in
                    for row in 0..<range.count {
                        let number = value(address, row)
                        guard number.isFinite else {
                            throw ParseError(
                                file: table.data.source.name,
                                message: "row \(range.lowerBound + row + 1), column \(column + 1): \(number) is not a "
                                    + "finite number; mend this row")
                        }
                        if column == label {
                            block.labels[row] = number
                        } else {
                            // −0 is 0.
                            dense[row * table.columns + feature] = number + 0
                        }
                    }
                }
            }
        }
        block.setDense(dense, nonZeros: dense.count { $0 != 0 })
        return block
    }
}
