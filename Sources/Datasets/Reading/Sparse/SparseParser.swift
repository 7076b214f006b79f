/// Turns chunks that a `SparseReader` delivered into rows.
struct SparseParser: Sendable {
    private let matrix: StoredMatrix
    private let labels: ArrayLabels?

    init(_ table: SparseTable, withLabels: Bool = true) throws {
        matrix = table.matrix
        labels = withLabels ? try table.labels.map(ArrayLabels.init) : nil
    }

    /// Throws `ParseError`: a column beyond the matrix, a value or label that is not finite.
    func parse(_ chunk: TextChunk) throws -> RowBlock {
        var block = RowBlock()
        block.columnCount = matrix.columns
        try chunk.withBytes { bytes in
            guard let start = bytes.baseAddress, bytes.count >= 8 else { return }
            let rows = start.load(as: Int.self)
            var ends = [0]
            ends.reserveCapacity(rows + 1)
            for row in 0..<rows { ends.append(ends[row] + start.load(fromByteOffset: 8 + 8 * row, as: Int.self)) }
            try labels?.fill(&block, chunk.offset..<chunk.offset + rows)
            if labels == nil { block.labels = [Double](repeating: .nan, count: rows) }
            let columns = start + 8 + 8 * rows
            try fill(&block, ends, columns, columns + ends[rows] * matrix.indices.header.elementSize, chunk.offset)
            block.tally.unsortedRows = RowEntries.settle(&block, ends, matrix.values.header.element)
        }
        return block
    }

    private func fill(
        _ block: inout RowBlock, _ ends: [Int], _ indices: UnsafeRawPointer, _ numbers: UnsafeRawPointer, _ row: Int
    ) throws {
        let count = ends.last ?? 0
        let limit = UInt(matrix.columns)
        var isWithin = true
        block.columns = [Int32](unsafeUninitializedCapacity: count) { columns, filled in
            ArrayValues.forEachInteger(matrix.indices.header) { column in
                for entry in 0..<count {
                    let number = column(indices, entry)
                    isWithin = isWithin && UInt(bitPattern: number) < limit
                    columns[entry] = Int32(truncatingIfNeeded: number)
                }
            }
            filled = count
        }
        // A value that is not finite makes this NaN.
        var check = 0.0
        block.values = [Double](unsafeUninitializedCapacity: count) { values, filled in
            ArrayValues.forEachCase(matrix.values.header) { value in
                for entry in 0..<count {
                    let number = value(numbers, entry)
                    check += number * 0
                    values[entry] = number
                }
            }
            filled = count
        }
        guard !isWithin || check != 0 else { return }
        for place in 0..<ends.count - 1 {
            for entry in ends[place]..<ends[place + 1] {
                let column = ArrayValues.integer(matrix.indices.header, indices, entry)
                if UInt(bitPattern: column) >= limit || !block.values[entry].isFinite {
                    throw Self.fault(matrix, row + place, column, block.values[entry])
                }
            }
        }
    }

    static func fault(_ matrix: StoredMatrix, _ row: Int, _ column: Int, _ value: Double) -> ParseError {
        guard (0..<matrix.columns).contains(column) else {
            return ParseError(
                file: matrix.name,
                message: "row \(row + 1): an entry is in column \(column), and columns are 0 to \(matrix.columns - 1): "
                    + "the matrix is damaged; write it again")
        }
        return ParseError(
            file: matrix.name,
            message: "row \(row + 1), column \(column + 1): \(value) is not a finite number; mend this row")
    }
}
