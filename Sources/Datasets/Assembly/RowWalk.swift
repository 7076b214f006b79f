/// The rows of a block, for loops that go over millions of them.
struct RowBlockView {
    let rows: Int
    /// Values of a dense row; nil: rows are compressed. Dense rows have neither offsets nor columns.
    let width: Int?
    let rowOffsets: UnsafePointer<Int>
    let columns: UnsafePointer<Int32>
    let values: UnsafePointer<Double>
    let labels: UnsafePointer<Double>
    /// Nil: every weight is 1.
    let weights: UnsafePointer<Double>?
    let ids: [String]

    /// The values of a dense row.
    @inline(__always)
    func dense(_ row: Int, _ width: Int) -> UnsafePointer<Double> { values + row * width }

    /// Entries of a compressed row below column `width`.
    @inline(__always)
    func entries(_ row: Int, below width: Int) -> Range<Int> {
        let start = rowOffsets[row]
        var end = rowOffsets[row + 1]
        while end > start, Int(columns[end - 1]) >= width { end -= 1 }
        return start..<end
    }
}

extension RowBlock {
    /// Calls `body` with the block's rows; not at all when there are none.
    func withView<Result>(_ body: (RowBlockView) -> Result) -> Result? {
        guard rows > 0 else { return nil }
        return rowOffsets.withUnsafeBufferPointer { offsets in
            columns.withUnsafeBufferPointer { columns in
                values.withUnsafeBufferPointer { values in
                    labels.withUnsafeBufferPointer { labels in
                        weights.withUnsafeBufferPointer { weights in
                            guard let offsets = offsets.baseAddress, let labels = labels.baseAddress else { return nil }
                            // Rows without entries are never asked for them: any address will do.
                            let none = UnsafeRawPointer(offsets)
                            return body(
                                RowBlockView(
                                    rows: rows, width: isDense ? columnCount : nil, rowOffsets: offsets,
                                    columns: columns.baseAddress ?? none.assumingMemoryBound(to: Int32.self),
                                    values: values.baseAddress ?? none.assumingMemoryBound(to: Double.self),
                                    labels: labels, weights: weights.isEmpty ? nil : weights.baseAddress, ids: ids))
                        }
                    }
                }
            }
        }
    }
}

/// Goes through a rank's parsed rows once, from round to round of an exchange, and knows where each row belongs.
struct RowWalk {

    private let placement: RowPlacement
    private let freesBlocks: Bool
    private var block = 0
    private var row = 0
    /// Where the rows of the block at hand go, once asked for.
    private var destinations: [RowPlacement.Destination] = []

    /// - Parameter freesBlocks: empties each block after its last row.
    init(_ placement: RowPlacement, freesBlocks: Bool = false) {
        self.placement = placement
        self.freesBlocks = freesBlocks
    }

    /// Calls `send` for every row until it says false: there was no room, and the row comes again in the next round.
    /// True when there are no more rows.
    mutating func run(
        _ blocks: inout [RowBlock], send: (RowBlockView, _ row: Int, RowPlacement.Destination) -> Bool
    ) -> Bool {
        while block < blocks.count {
            let rows = blocks[block].rows
            if destinations.isEmpty {
                destinations = placement.destinations(
                    block: block, firstRow: blocks[block].firstRow, count: rows)
            }
            _ = blocks[block].withView { view in
                destinations.withUnsafeBufferPointer { destinations in
                    while row < rows, send(view, row, destinations[row]) { row += 1 }
                }
            }
            if row < rows { return false }
            if freesBlocks { blocks[block] = RowBlock() }
            destinations = []
            block += 1
            row = 0
        }
        return true
    }
}
