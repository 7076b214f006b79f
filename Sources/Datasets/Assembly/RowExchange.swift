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

    private static let headerSize = 16

    /// Collective. Empties `blocks`.
    ///
    /// One row's record: local row with the part in the top bit, number of entries, label, weight; then columns (left
    /// out when every column has an entry) and values, 4 bytes each.
    func run(_ blocks: inout [RowBlock]) throws -> [Dataset] {
        let counts = storage == .sparse ? try entryCounts(&blocks) : nil
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
        var walk = RowWalk(placement, freesBlocks: true)
        var values: [Float] = []
        try RoundedExchange(communicator: communicator).run { outbox in
            walk.run(&blocks) { block, row, destination in
                send(block, row, destination, &outbox, &values)
            }
        } consume: { bytes in
            receive(bytes, builders)
        }
        return builders.map { $0.finish() }
    }

    /// The entries of a row that count.
    private func entries(_ block: RowBlock, _ row: Int) -> Range<Int> {
        let start = block.rowOffsets[row]
        var end = block.rowOffsets[row + 1]
        while end > start, Int(block.columns[end - 1]) >= columns { end -= 1 }
        return start..<end
    }

    /// Sparse storage has to know the length of every row before the rows come. Per part and local row.
    private func entryCounts(_ blocks: inout [RowBlock]) throws -> [[UInt32]] {
        var result = placement.orders.map { [UInt32](repeating: 0, count: $0.localCount) }
        var walk = RowWalk(placement)
        try RoundedExchange(communicator: communicator).run { outbox in
            walk.run(&blocks) { block, row, destination in
                guard outbox.hasRoom(for: 8, to: destination.owner) else { return false }
                outbox.append(destination.rowField, to: destination.owner)
                outbox.append(UInt32(entries(block, row).count), to: destination.owner)
                return true
            }
        } consume: { bytes in
            for place in stride(from: 0, to: bytes.count, by: 8) {
                let row = bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)
                let count = bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self)
                result[row & RowWalk.partBit == 0 ? 0 : 1][Int(row & ~RowWalk.partBit)] = count
            }
        }
        return result
    }

    /// False when the outbox has no room.
    private func send(
        _ block: RowBlock, _ row: Int, _ destination: RowPlacement.Destination, _ outbox: inout Outbox,
        _ values: inout [Float]
    ) -> Bool {
        let entries = entries(block, row)
        let owner = destination.owner
        let isFull = entries.count == columns
        guard outbox.hasRoom(for: Self.headerSize + entries.count * (isFull ? 4 : 8), to: owner) else { return false }
        outbox.append(destination.rowField, to: owner)
        outbox.append(UInt32(entries.count), to: owner)
        outbox.append(lookup(block.labels[row]), to: owner)
        // A part of the files may lack the weight column.
        let raw = block.weights.isEmpty ? 1 : block.weights[row]
        outbox.append(weightFactors.map { Float($0[destination.part] * raw) } ?? 1, to: owner)
        if !isFull {
            block.columns.withUnsafeBytes { bytes in
                let range = 4 * entries.lowerBound..<4 * entries.upperBound
                outbox.append(UnsafeRawBufferPointer(rebasing: bytes[range]), to: owner)
            }
        }
        values.removeAll(keepingCapacity: true)
        for entry in entries {
            let column = Int(block.columns[entry])
            let value = block.values[entry]
            let scaled =
                storage == .dense
                ? standardization.apply(value, column) : standardization.applyScale(value, column)
            values.append(Float(scaled))
        }
        values.withUnsafeBytes { outbox.append($0, to: owner) }
        return true
    }

    private func receive(_ bytes: UnsafeRawBufferPointer, _ builders: [DatasetBuilder]) {
        guard var place = bytes.baseAddress else { return }
        let end = place + bytes.count
        while place < end {
            // Records are multiples of 4 bytes, so everything in them is aligned.
            let header = place.assumingMemoryBound(to: UInt32.self)
            let row = header[0]
            let count = Int(header[1])
            place += Self.headerSize
            var entryColumns: UnsafePointer<Int32>?
            if count < columns {
                entryColumns = place.assumingMemoryBound(to: Int32.self)
                place += 4 * count
            }
            builders[row & RowWalk.partBit == 0 ? 0 : 1].place(
                row: Int(row & ~RowWalk.partBit), label: Float(bitPattern: header[2]),
                weight: Float(bitPattern: header[3]), count: count, entryColumns: entryColumns,
                values: place.assumingMemoryBound(to: Float.self))
            place += 4 * count
        }
    }
}
