/// Rows of a matrix whose entries are not in the order of rows (`csc`, `coo`): two passes over all entries, of which those
/// of the wanted rows are kept. The first counts, so that memory is taken for them alone.
struct SparseScan {
    private let matrix: StoredMatrix
    private let labels: ArrayLabels?
    /// Entries that are looked at together.
    private static let step = 1 << 18

    init(_ table: SparseTable, withLabels: Bool = true) throws {
        matrix = table.matrix
        labels = withLabels ? try table.labels.map(ArrayLabels.init) : nil
    }

    /// Rows `range` as one block. Throws `ParseError`: an index beyond the matrix, a value or label that is not finite.
    func read(_ range: Range<Int>, progress: LoadProgress? = nil) throws -> RowBlock {
        var ends = [Int](repeating: 0, count: range.count + 1)
        try forEachEntry(withValues: false, progress) { row, _, _ in
            if range.contains(row) { ends[row - range.lowerBound + 1] += 1 }
        }
        for row in 0..<range.count { ends[row + 1] += ends[row] }
        var block = RowBlock()
        block.columnCount = matrix.columns
        try labels?.fill(&block, range)
        if labels == nil { block.labels = [Double](repeating: .nan, count: range.count) }
        block.columns = [Int32](repeating: 0, count: ends[range.count])
        block.values = [Double](repeating: 0, count: ends[range.count])
        var places = ends
        try block.columns.withUnsafeMutableBufferPointer { columns in
            try block.values.withUnsafeMutableBufferPointer { values in
                try forEachEntry(withValues: true, progress) { row, column, value in
                    guard range.contains(row) else { return }
                    guard value.isFinite else { throw SparseParser.fault(matrix, row, column, value) }
                    let place = places[row - range.lowerBound]
                    places[row - range.lowerBound] += 1
                    columns[place] = Int32(truncatingIfNeeded: column)
                    values[place] = value
                }
            }
        }
        let unsorted = RowEntries.settle(&block, ends, matrix.values.header.element)
        // Entries in any order are no fault of a list of rows and columns.
        block.tally.unsortedRows = matrix.layout == .csc ? unsorted : 0
        return block
    }

    private func forEachEntry(
        withValues: Bool, _ progress: LoadProgress?, _ body: (_ row: Int, _ column: Int, _ value: Double) throws -> Void
    ) throws {
        let majors = try ListReader(matrix.offsets)
        let minors = try ListReader(matrix.indices)
        let numbers = withValues ? try ListReader(matrix.values) : nil
        // Of `csc`: the column that the entry is in, and the first entry behind it.
        var (column, stop) = (-1, 0)
        if matrix.layout == .csc { guard try majors.next() == 0 else { throw fault(0) } }
        for start in stride(from: 0, to: matrix.entries, by: Self.step) {
            let count = min(Self.step, matrix.entries - start)
            var values = [Double](repeating: 0, count: numbers == nil ? 0 : count)
            try numbers?.loadValues(&values)
            let minor = try minors.integers(count)
            if matrix.layout == .coo {
                let major = try majors.integers(count)
                for entry in 0..<count {
                    try check(major[entry], minor[entry])
                    try body(major[entry], minor[entry], withValues ? values[entry] : 0)
                }
            } else {
                for entry in 0..<count {
                    while start + entry >= stop {
                        column += 1
                        // Entries behind the last offset are none.
                        guard column < matrix.columns else { return }
                        let end = try majors.next()
                        guard end >= stop, end <= matrix.entries else { throw fault(column + 1) }
                        stop = end
                    }
                    try check(minor[entry], column)
                    try body(minor[entry], column, withValues ? values[entry] : 0)
                }
            }
            progress?.add(count * (withValues ? matrix.values.header.elementSize : matrix.indices.header.elementSize))
        }
    }

    private func fault(_ column: Int) -> ParseError {
        ParseError(
            file: matrix.offsets.source.name,
            message:
                "column \(column + 1) does not start where the one before ends: the matrix is damaged; write it again"
        )
    }

    private func check(_ row: Int, _ column: Int) throws {
        guard (0..<matrix.rows).contains(row) else {
            throw ParseError(
                file: matrix.name,
                message:
                    "an entry is in row \(row), and rows are 0 to \(matrix.rows - 1): the matrix is damaged; write it again"
            )
        }
        guard (0..<matrix.columns).contains(column) else { throw SparseParser.fault(matrix, row, column, 0) }
    }
}
