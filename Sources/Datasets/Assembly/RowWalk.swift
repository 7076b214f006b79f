/// Goes through a rank's parsed rows once, from round to round of an exchange, and knows where each row belongs.
struct RowWalk {
    /// The top bit of a row number in a record: the row belongs to the validation part.
    static let partBit: UInt32 = 1 << 31

    private let placement: RowPlacement
    private let freesBlocks: Bool
    private var block = 0
    private var row = 0
    private var cursor: RowPlacement.Cursor?
    /// Where the row at hand goes, once asked for.
    private var destination: RowPlacement.Destination?

    /// - Parameter freesBlocks: empties each block after its last row.
    init(_ placement: RowPlacement, freesBlocks: Bool = false) {
        self.placement = placement
        self.freesBlocks = freesBlocks
    }

    /// Calls `send` for every row until it says false: there was no room, and the row comes again in the next round.
    /// True when there are no more rows.
    mutating func run(
        _ blocks: inout [RowBlock], send: (RowBlock, _ row: Int, RowPlacement.Destination) -> Bool
    ) -> Bool {
        while block < blocks.count {
            let source = blocks[block]
            if cursor == nil { cursor = placement.cursor(block: block, firstRow: source.firstRow) }
            while row < source.rows, let target = destination ?? cursor?.next() {
                guard send(source, row, target) else {
                    destination = target
                    return false
                }
                destination = nil
                row += 1
            }
            if freesBlocks { blocks[block] = RowBlock() }
            block += 1
            row = 0
            cursor = nil
        }
        return true
    }
}

extension RowPlacement.Destination {
    /// Local row, with the part in the top bit.
    var rowField: UInt32 { UInt32(row) | (part == 0 ? 0 : RowWalk.partBit) }
}
