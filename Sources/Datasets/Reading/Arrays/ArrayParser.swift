/// Turns records of an array into rows without their zeros.
struct ArrayParser: Sendable {
    private let table: ArrayTable
    private let labels: ArrayLabels?
    /// Features and their elements where they are not one after the other; nil: every element is the feature of its number.
    private let cells: [(feature: Int32, element: Int32)]?

    init(_ table: ArrayTable, withLabels: Bool = true) throws {
        self.table = table
        labels = withLabels ? try table.labels.map(ArrayLabels.init) : nil
        if let image = table.image {
            cells = image.order == .planes && image.shape == image.stored ? nil : image.cells
        } else {
            cells = table.labelColumn.map { label in
                (0..<table.data.header.width).filter { $0 != label }
                    .map { (Int32($0 < label ? $0 : $0 - 1), Int32($0)) }
            }
        }
    }

    /// The rows of a chunk that a `RecordReader` of this array delivered. Throws `ParseError`: a value or label that is not
    /// finite.
    func parse(_ chunk: TextChunk) throws -> RowBlock {
        let header = table.data.header
        let first = chunk.offset / header.bytesPerRow
        let rows = chunk.count / header.bytesPerRow
        var block = RowBlock()
        block.columnCount = table.columns
        try labels?.fill(&block, first..<first + rows)
        if labels == nil { block.labels = [Double](repeating: .nan, count: rows) }
        try chunk.withBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            if isFull(start, rows) { return try fill(&block, start, first..<first + rows) }
            block.rowOffsets.reserveCapacity(rows + 1)
            if header.element == .u1 {
                let zeros = bytes.withMemoryRebound(to: UInt8.self) { countBytes(0, in: $0) }
                block.columns.reserveCapacity(bytes.count - zeros)
                block.values.reserveCapacity(bytes.count - zeros)
            }
            try ArrayValues.forEachCase(header) { value in
                for row in 0..<rows {
                    let record = start + row * header.bytesPerRow
                    try append(record, value, row: first + row, to: &block)
                    if let label = table.labelColumn {
                        let number = value(record, label)
                        guard number.isFinite else { throw notFinite(first + row, label, number) }
                        block.labels[row] = number
                    }
                }
            }
        }
        return block
    }

    /// Whether the first rows have few zeros: others will hardly have many more, and may.
    private func isFull(_ start: UnsafeRawPointer, _ rows: Int) -> Bool {
        let header = table.data.header
        var (zeros, count) = (0, 0)
        ArrayValues.forEachCase(header) { value in
            for row in 0..<min(rows, 1 + 4096 / max(1, header.width)) {
                let record = start + row * header.bytesPerRow
                for element in 0..<header.width { zeros += value(record, element) == 0 ? 1 : 0 }
                count += header.width
            }
        }
        return 3 * zeros < count
    }

    /// All values of rows that have few zeros.
    private func fill(_ block: inout RowBlock, _ start: UnsafeRawPointer, _ rows: Range<Int>) throws {
        let (header, width) = (table.data.header, table.columns)
        var nonZeros = 0
        var fault: ParseError?
        let dense = [Double](unsafeUninitializedCapacity: rows.count * width) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            // Around images there may be zeros.
            if let cells, cells.count < width { base.initialize(repeating: 0, count: rows.count * width) }
            ArrayValues.forEachCase(header) { value in
                for row in 0..<rows.count where fault == nil {
                    let record = start + row * header.bytesPerRow
                    let target = base + row * width
                    // A value that is not finite makes this NaN.
                    var check = 0.0
                    for index in 0..<(cells?.count ?? width) {
                        // −0 is 0.
                        let number = value(record, cells.map { Int($0[index].element) } ?? index) + 0
                        check += number * 0
                        target[cells.map { Int($0[index].feature) } ?? index] = number
                        nonZeros &+= number != 0 ? 1 : 0
                    }
                    if check != 0 { fault = notFinite(rows.lowerBound + row, record, value) }
                    if let label = table.labelColumn {
                        let number = value(record, label)
                        if !number.isFinite { fault = fault ?? notFinite(rows.lowerBound + row, label, number) }
                        block.labels[row] = number
                    }
                }
            }
            count = rows.count * width
        }
        if let fault { throw fault }
        block.setDense(dense, nonZeros: nonZeros)
    }

    /// The first value of a record that is not finite.
    private func notFinite(
        _ row: Int, _ record: UnsafeRawPointer, _ value: (UnsafeRawPointer, Int) -> Double
    ) -> ParseError {
        let elements = cells.map { $0.map { Int($0.element) } } ?? Array(0..<table.columns)
        let wrong = elements.first { !value(record, $0).isFinite } ?? 0
        return notFinite(row, wrong, value(record, wrong))
    }

    @inline(__always)
    private func append(
        _ record: UnsafeRawPointer, _ value: (UnsafeRawPointer, Int) -> Double, row: Int, to block: inout RowBlock
    ) throws {
        let count = cells?.count ?? table.columns
        try withUnsafeTemporaryAllocation(of: Int32.self, capacity: count + 1) { columns in
            try withUnsafeTemporaryAllocation(of: Double.self, capacity: count + 1) { values in
                var found = 0
                // A value that is not finite makes this NaN.
                var check = 0.0
                for index in 0..<count {
                    let number = value(record, cells.map { Int($0[index].element) } ?? index)
                    check += number * 0
                    values[found] = number
                    columns[found] = cells?[index].feature ?? Int32(truncatingIfNeeded: index)
                    found += number != 0 ? 1 : 0
                }
                if check != 0 {
                    let wrong = (0..<found).first { !values[$0].isFinite } ?? 0
                    let element = cells?.first { $0.feature == columns[wrong] }?.element ?? columns[wrong]
                    throw notFinite(row, Int(element), values[wrong])
                }
                block.columns.append(contentsOf: UnsafeBufferPointer(rebasing: columns[..<found]))
                block.values.append(contentsOf: UnsafeBufferPointer(rebasing: values[..<found]))
            }
        }
        block.rowOffsets.append(block.values.count)
    }

    private func notFinite(_ row: Int, _ column: Int, _ value: Double) -> ParseError {
        ParseError(
            file: table.data.source.name,
            message: "row \(row + 1), column \(column + 1): \(value) is not a finite number; mend this row")
    }
}
