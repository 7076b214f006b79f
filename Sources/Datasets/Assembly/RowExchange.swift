import Kernels
import MPI

/// Sends every parsed row to the rank that owns its position and builds the `Dataset`s there. Blocks are freed as they
/// go. One rank alone puts its rows straight to their places.
struct RowExchange {
    let communicator: any Communicator
    let placement: RowPlacement
    let scaler: RowScaler
    let lookup: LabelLookup
    /// Per part: what a raw weight is multiplied by; nil without weights.
    let weightFactors: [Double]?
    let threads: Int

    /// Collective. Empties `blocks`.
    func run(_ blocks: inout [RowBlock]) throws -> [Dataset] {
        if !scaler.isDense {
            for index in blocks.indices where blocks[index].isDense { blocks[index] = blocks[index].compressed() }
        }
        let counts = scaler.isDense ? nil : try entryCounts(&blocks)
        let builders = placement.orders.enumerated().map { part, order in
            DatasetBuilder(
                order: order, scaler: scaler, entryCounts: counts?[part], hasWeights: weightFactors != nil)
        }
        for builder in builders { builder.touch(threads: threads) }
        if communicator.size == 1 {
            placeAll(&blocks, builders)
            return builders.map { $0.finish() }
        }
        var walk = RowWalk(placement, freesBlocks: true)
        try RoundedExchange(communicator: communicator).run { outbox in
            walk.run(&blocks) { view, row, destination in send(view, row, destination, outbox) }
        } consume: { bytes in
            RowRecord.forEach(in: bytes, columns: scaler.columns) { builders[$0.part].place($0) }
        }
        return builders.map { $0.finish() }
    }

    /// Sparse storage has to know the length of every row before the rows come. Per part and local row.
    private func entryCounts(_ blocks: inout [RowBlock]) throws -> [[UInt32]] {
        var counts = RowCounts(placement.orders)
        var walk = RowWalk(placement)
        try RoundedExchange(communicator: communicator).run { outbox in
            walk.run(&blocks) { view, row, destination in
                RowCounts.send(view.entries(row, below: scaler.columns).count, destination, outbox)
            }
        } consume: { bytes in
            counts.receive(bytes)
        }
        return counts.counts
    }

    /// False when the outbox has no room.
    private func send(
        _ view: RowBlockView, _ row: Int, _ destination: RowPlacement.Destination, _ outbox: Outbox
    ) -> Bool {
        let entries = view.width == nil ? view.entries(row, below: scaler.columns) : 0..<scaler.columns
        let size = RowRecord.size(entries: entries.count, columns: scaler.columns)
        guard outbox.hasRoom(for: size, to: destination.owner) else { return false }
        let place = outbox.extend(by: size, to: destination.owner)
        var target = place + RowRecord.headerSize
        let norm: Float
        if let width = view.width {
            norm = scaler.fill(view.dense(row, width), into: target.assumingMemoryBound(to: Float.self))
        } else {
            if entries.count < scaler.columns {
                target.copyMemory(from: view.columns + entries.lowerBound, byteCount: 4 * entries.count)
                target += 4 * entries.count
            }
            norm = scaler.pack(view, entries, into: target.assumingMemoryBound(to: Float.self))
        }
        RowRecord.writeHead(
            place, rowField: destination.rowField, entries: entries.count, label: lookup(view.labels[row]),
            weight: weight(view, row, destination.part), squaredNorm: norm)
        return true
    }

    /// A part of the files may lack the weight column.
    @inline(__always)
    private func weight(_ view: RowBlockView, _ row: Int, _ part: Int) -> Float {
        guard let weightFactors else { return 1 }
        return Float(weightFactors[part] * (view.weights?[row] ?? 1))
    }

    /// Without other ranks: every thread takes a share of each block's rows.
    private func placeAll(_ blocks: inout [RowBlock], _ builders: [DatasetBuilder]) {
        let (training, validation) = (RowTarget(builders[0]), RowTarget(builders[1]))
        for index in blocks.indices {
            let destinations = placement.destinations(
                block: index, firstRow: blocks[index].firstRow, count: blocks[index].rows)
            _ = blocks[index].withView { view in
                destinations.withUnsafeBufferPointer { destinations in
                    concurrently(threads) { thread in
                        let share = view.rows * thread / threads..<view.rows * (thread + 1) / threads
                        for row in share {
                            if row + 8 < share.upperBound {
                                let next = destinations[row + 8]
                                (next.part == 0 ? training : validation).willPlace(next.row)
                            }
                            let destination = destinations[row]
                            put(view, row, destination, destination.part == 0 ? training : validation)
                        }
                    }
                }
            }
            blocks[index] = RowBlock()
        }
        withExtendedLifetime(builders) {}
    }

    @inline(__always)
    private func put(
        _ view: RowBlockView, _ row: Int, _ destination: RowPlacement.Destination, _ target: RowTarget
    ) {
        let place = destination.row
        target.labels[place] = lookup(view.labels[row])
        if let weights = target.weights { weights[place] = weight(view, row, destination.part) }
        if let width = view.width {
            target.squaredNorms[place] = scaler.fill(
                view.dense(row, width), into: target.values + place * target.stride)
            return
        }
        let entries = view.entries(row, below: scaler.columns)
        guard let rowOffsets = target.rowOffsets, let columnIndices = target.columnIndices else {
            target.squaredNorms[place] = scaler.fill(view, entries, into: target.values + place * target.stride)
            return
        }
        let start = rowOffsets[place]
        (columnIndices + start).update(from: view.columns + entries.lowerBound, count: entries.count)
        target.squaredNorms[place] = scaler.pack(view, entries, into: target.values + start)
    }
}

/// The numbers of entries of this rank's rows, as their senders report them.
struct RowCounts {
    /// Per part and local row.
    private(set) var counts: [[UInt32]]

    init(_ orders: [DataOrder]) { counts = orders.map { [UInt32](repeating: 0, count: $0.localCount) } }

    /// False when the outbox has no room.
    static func send(_ count: Int, _ destination: RowPlacement.Destination, _ outbox: Outbox) -> Bool {
        guard outbox.hasRoom(for: 8, to: destination.owner) else { return false }
        let place = outbox.extend(by: 8, to: destination.owner)
        place.storeBytes(of: destination.rowField, as: UInt32.self)
        place.storeBytes(of: UInt32(count), toByteOffset: 4, as: UInt32.self)
        return true
    }

    mutating func receive(_ bytes: UnsafeRawBufferPointer) {
        let partBit = RowPlacement.Destination.partBit
        for place in stride(from: 0, to: bytes.count, by: 8) {
            let field = bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)
            let count = bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self)
            counts[field & partBit == 0 ? 0 : 1][Int(field & ~partBit)] = count
        }
    }
}
