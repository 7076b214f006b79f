import Kernels
import MPI

/// Sends every parsed row to the rank that owns its position and builds the `Dataset`s there. Blocks are freed as they
/// go: at no time are all parsed rows and all finished rows in memory together.
struct RowExchange {
    let communicator: any Communicator
    let placement: RowPlacement
    let standardization: Standardization
    let storage: StorageKind
    /// D. Entries beyond it are left out.
    let columns: Int
    let lookup: LabelLookup
    /// Per part: what a raw weight is multiplied by; nil without weights.
    let weightFactors: [Double]?

    /// One row's record: local row with the part in the top bit, entries, label, weight; then columns (left out when
    /// every column has an entry) and values, 4 bytes each.
    private static let headerSize = 16
    private static let partBit: UInt32 = 1 << 31

    /// Collective. Empties `blocks`.
    func run(_ blocks: inout [RowBlock]) throws -> [Dataset] {
        let counts = storage == .sparse ? try entryCounts(blocks) : nil
        let offset = (0..<(standardization.mean.isEmpty ? 0 : columns)).map { column in
            switch storage {
            case .dense: Float(standardization.apply(0, column))
            case .sparse: Float(standardization.mean[column] / standardization.scale[column])
            }
        }
        let builders = placement.orders.enumerated().map { part, order in
            DatasetBuilder(
                order: order, columns: columns, entryCounts: counts?[part], offset: offset,
                hasWeights: weightFactors != nil)
        }
        var sender = Sender(exchange: self)
        try RoundedExchange(communicator: communicator).run { outbox in
            sender.fill(&outbox, from: &blocks)
        } consume: { bytes in
            receive(bytes, builders)
        }
        return builders.map { $0.finish() }
    }

    /// The number of entries of a row that count.
    private func entries(_ block: RowBlock, _ row: Int) -> Range<Int> {
        let start = block.rowOffsets[row]
        var end = block.rowOffsets[row + 1]
        while end > start, Int(block.columns[end - 1]) >= columns { end -= 1 }
        return start..<end
    }

    /// Sparse storage has to know the length of every row before the rows come.
    private func entryCounts(_ blocks: [RowBlock]) throws -> [[UInt32]] {
        var result = placement.orders.map { [UInt32](repeating: 0, count: $0.localCount) }
        var sender = Sender(exchange: self, countsOnly: true)
        var copy = blocks
        try RoundedExchange(communicator: communicator).run { outbox in
            sender.fill(&outbox, from: &copy)
        } consume: { bytes in
            for place in stride(from: 0, to: bytes.count, by: 8) {
                let row = bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)
                let count = bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self)
                result[row & Self.partBit == 0 ? 0 : 1][Int(row & ~Self.partBit)] = count
            }
        }
        return result
    }

    private func receive(_ bytes: UnsafeRawBufferPointer, _ builders: [DatasetBuilder]) {
        var place = 0
        while place < bytes.count {
            let row = bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)
            let count = Int(bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self))
            let label = bytes.loadUnaligned(fromByteOffset: place + 8, as: Float.self)
            let weight = bytes.loadUnaligned(fromByteOffset: place + 12, as: Float.self)
            place += Self.headerSize
            var entryColumns: UnsafeRawBufferPointer?
            if count < columns {
                entryColumns = UnsafeRawBufferPointer(rebasing: bytes[place..<place + 4 * count])
                place += 4 * count
            }
            builders[row & Self.partBit == 0 ? 0 : 1].place(
                row: Int(row & ~Self.partBit), label: label, weight: weight, count: count, entryColumns: entryColumns,
                values: UnsafeRawBufferPointer(rebasing: bytes[place..<place + 4 * count]))
            place += 4 * count
        }
    }

    /// Walks through the blocks row by row, from round to round.
    private struct Sender {
        let exchange: RowExchange
        var countsOnly = false
        private var block = 0
        private var row = 0
        private var cursor: RowPlacement.Cursor?
        /// Where the row at hand goes, once asked for.
        private var destination: RowPlacement.Destination?
        private var values: [Float] = []

        init(exchange: RowExchange, countsOnly: Bool = false) {
            self.exchange = exchange
            self.countsOnly = countsOnly
        }

        /// True when there is nothing more to send.
        mutating func fill(_ outbox: inout Outbox, from blocks: inout [RowBlock]) -> Bool {
            while block < blocks.count {
                if cursor == nil { cursor = exchange.placement.cursor(block: block, firstRow: blocks[block].firstRow) }
                while row < blocks[block].rows {
                    guard let destination = destination ?? cursor?.next() else { break }
                    guard send(blocks[block], to: destination, &outbox) else {
                        self.destination = destination
                        return false
                    }
                    self.destination = nil
                    row += 1
                }
                blocks[block] = RowBlock()
                block += 1
                row = 0
                cursor = nil
            }
            return true
        }

        /// False when the outbox has no room.
        private mutating func send(
            _ block: RowBlock, to destination: RowPlacement.Destination, _ outbox: inout Outbox
        ) -> Bool {
            let entries = exchange.entries(block, row)
            let owner = destination.owner
            let isFull = entries.count == exchange.columns
            let size = countsOnly ? 8 : RowExchange.headerSize + entries.count * (isFull ? 4 : 8)
            guard outbox.hasRoom(for: size, to: owner) else { return false }
            outbox.append(UInt32(destination.row) | (destination.part == 0 ? 0 : RowExchange.partBit), to: owner)
            outbox.append(UInt32(entries.count), to: owner)
            if countsOnly { return true }
            outbox.append(exchange.lookup(block.labels[row]), to: owner)
            let weight = exchange.weightFactors.map { Float($0[destination.part] * block.weights[row]) } ?? 1
            outbox.append(weight, to: owner)
            if !isFull {
                block.columns.withUnsafeBytes {
                    outbox.append(
                        UnsafeRawBufferPointer(rebasing: $0[4 * entries.lowerBound..<4 * entries.upperBound]), to: owner
                    )
                }
            }
            values.removeAll(keepingCapacity: true)
            let isDense = exchange.storage == .dense
            for entry in entries {
                let column = Int(block.columns[entry])
                let value = block.values[entry]
                let scaled =
                    isDense
                    ? exchange.standardization.apply(value, column)
                    : exchange.standardization.applyScale(value, column)
                values.append(Float(scaled))
            }
            values.withUnsafeBytes { outbox.append($0, to: owner) }
            return true
        }
    }
}
