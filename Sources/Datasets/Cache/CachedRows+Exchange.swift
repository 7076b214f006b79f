import Kernels
import MPI

extension CachedRows {
    /// Consecutive rows of one section of the cache.
    private struct Run {
        var part: Int
        var writer: Int
        var rows: Range<Int>
    }

    /// Sends every row of this rank's share to its owner. Collective.
    func exchanged() throws -> [Dataset] {
        let orders = layout.rows.map { DataOrder(count: $0, ranks: communicator.size, rank: communicator.rank) }
        let scaler = scaler
        let runs = share.map {
            CachedRun(self, part: $0.part, writer: $0.writer, rows: $0.rows, owners: orders[$0.part])
        }
        var counts: RowCounts?
        if layout.storage == .sparse {
            var received = RowCounts(orders)
            var place = (run: 0, row: 0)
            try RoundedExchange(communicator: communicator).run { outbox in
                Self.walk(runs, &place) { RowCounts.send($0.entryCount($1), $0.destinations[$1], outbox) }
            } consume: { bytes in
                received.receive(bytes)
            }
            counts = received
        }
        let builders = orders.enumerated().map { part, order in
            DatasetBuilder(
                order: order, scaler: scaler, entryCounts: counts?.counts[part], hasWeights: layout.hasWeights)
        }
        var place = (run: 0, row: 0)
        try RoundedExchange(communicator: communicator).run { outbox in
            Self.walk(runs, &place) { $0.send($1, outbox) }
        } consume: { bytes in
            RowRecord.forEach(in: bytes, columns: layout.columns) { builders[$0.part].place($0) }
        }
        return builders.map { $0.finish() }
    }

    private var share: [Run] {
        var all: [Run] = []
        for part in layout.rows.indices {
            for writer in 0..<layout.ranks {
                all.append(Run(part: part, writer: writer, rows: 0..<layout.order(part: part, rank: writer).localCount))
            }
        }
        return LineDealer.shares(of: all.map(\.rows.count), ranks: communicator.size, rank: communicator.rank).map {
            Run(part: all[$0.item].part, writer: all[$0.item].writer, rows: $0.range)
        }
    }

    /// Goes through the rows from round to round; true at the end.
    private static func walk(
        _ runs: [CachedRun], _ place: inout (run: Int, row: Int), send: (CachedRun, Int) -> Bool
    ) -> Bool {
        while place.run < runs.count {
            let run = runs[place.run]
            while place.row < run.count, send(run, place.row) { place.row += 1 }
            if place.row < run.count { return false }
            place = (place.run + 1, 0)
        }
        return true
    }
}

/// Rows of one section and part of a cache, with their destinations.
private struct CachedRun {
    let count: Int
    let destinations: [RowPlacement.Destination]
    private let columns: Int
    private let denseStride: Int?
    private let rowOffsets: UnsafePointer<Int>
    private let columnIndices: UnsafePointer<Int32>
    private let values: UnsafePointer<Float>
    private let labels: UnsafePointer<Float>
    private let weights: UnsafePointer<Float>?
    private let squaredNorms: UnsafePointer<Float>
    private let labelMap: [Float]?

    init(_ cached: CachedRows, part: Int, writer: Int, rows: Range<Int>, owners: DataOrder) {
        let layout = cached.layout
        let arrays = layout.section(rank: writer).parts[part]
        let base = UnsafeRawPointer(cached.reader.rows) + layout.sectionStarts[writer]
        let isDense = layout.storage == .dense
        let stride = DenseMatrix.stride(columns: layout.columns)
        count = rows.count
        columns = layout.columns
        denseStride = isDense ? stride : nil
        rowOffsets =
            (base + arrays.rowOffsets.lowerBound).assumingMemoryBound(to: Int.self) + (isDense ? 0 : rows.lowerBound)
        columnIndices = (base + arrays.columnIndices.lowerBound).assumingMemoryBound(to: Int32.self)
        values =
            (base + arrays.values.lowerBound).assumingMemoryBound(to: Float.self)
            + (isDense ? rows.lowerBound * stride : 0)
        labels = (base + arrays.labels.lowerBound).assumingMemoryBound(to: Float.self) + rows.lowerBound
        weights =
            layout.hasWeights
            ? (base + arrays.weights.lowerBound).assumingMemoryBound(to: Float.self) + rows.lowerBound : nil
        squaredNorms = (base + arrays.squaredNorms.lowerBound).assumingMemoryBound(to: Float.self) + rows.lowerBound
        labelMap = cached.labelMap
        let written = layout.order(part: part, rank: writer)
        let seeds = (cached.reader.description.seed, cached.seed)
        let isSameOrder = seeds.0 == seeds.1
        let before = Permutation(count: written.count, seed: seeds.0, stream: UInt64(part))
        let after = Permutation(count: written.count, seed: seeds.1, stream: UInt64(part))
        destinations = rows.map { row in
            var position = written.position(ofLocal: row)
            if !isSameOrder { position = after.position(of: before.number(at: position)) }
            return RowPlacement.Destination(
                part: part, owner: owners.owner(of: position), row: owners.localRow(of: position))
        }
    }

    func entryCount(_ row: Int) -> Int { denseStride == nil ? rowOffsets[row + 1] - rowOffsets[row] : columns }

    /// False when the outbox has no room.
    func send(_ row: Int, _ outbox: Outbox) -> Bool {
        let destination = destinations[row]
        let entries = entryCount(row)
        let size = RowRecord.size(entries: entries, columns: columns)
        guard outbox.hasRoom(for: size, to: destination.owner) else { return false }
        let place = outbox.extend(by: size, to: destination.owner)
        let label = labelMap.map { $0[Int(labels[row])] } ?? labels[row]
        RowRecord.writeHead(
            place, rowField: destination.rowField, entries: entries, label: label, weight: weights?[row] ?? 1,
            squaredNorm: squaredNorms[row])
        var target = place + RowRecord.headerSize
        let first = denseStride.map { $0 * row } ?? rowOffsets[row]
        if entries < columns {
            target.copyMemory(from: columnIndices + first, byteCount: 4 * entries)
            target += 4 * entries
        }
        target.copyMemory(from: values + first, byteCount: 4 * entries)
        return true
    }
}
