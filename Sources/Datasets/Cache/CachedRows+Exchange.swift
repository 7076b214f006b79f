import Kernels
import MPI

extension CachedRows {
    /// Sends every row of this rank's share to its owner. Collective.
    func exchanged() throws -> [Dataset] {
        let orders = layout.rows.map { DataOrder(count: $0, ranks: communicator.size, rank: communicator.rank) }
        let scaler = scaler
        let exchange = StoredRowExchange(
            communicator: communicator, columns: layout.columns, isSparse: layout.storage == .sparse)
        return try exchange.run(share(orders), orders: orders) { part, counts in
            DatasetBuilder(order: orders[part], scaler: scaler, entryCounts: counts, hasWeights: layout.hasWeights)
        }
    }

    /// This rank's equal share of the stored rows.
    private func share(_ owners: [DataOrder]) -> [StoredRows] {
        layout.share(ranks: communicator.size, rank: communicator.rank).map {
            rows($0.rows, part: $0.part, writer: $0.writer, owners: owners[$0.part])
        }
    }

    /// Consecutive rows of one section and part, with their destinations.
    private func rows(_ rows: Range<Int>, part: Int, writer: Int, owners: DataOrder) -> StoredRows {
        let arrays = layout.section(rank: writer).parts[part]
        let base = UnsafeRawPointer(reader.rows) + layout.sectionStarts[writer]
        func pointer<T>(_ range: Range<Int>, _: T.Type) -> UnsafePointer<T> {
            (base + range.lowerBound).assumingMemoryBound(to: T.self)
        }
        let isDense = layout.storage == .dense
        let stride = DenseMatrix.stride(columns: layout.columns)
        let written = layout.order(part: part, rank: writer)
        let seeds = (reader.description.seed, seed)
        let isSameOrder = seeds.0 == seeds.1
        let before = Permutation(count: written.count, seed: seeds.0, stream: UInt64(part))
        let after = Permutation(count: written.count, seed: seeds.1, stream: UInt64(part))
        let destinations = rows.map { row in
            var position = written.position(ofLocal: row)
            if !isSameOrder { position = after.position(of: before.number(at: position)) }
            return RowPlacement.Destination(
                part: part, owner: owners.owner(of: position), row: owners.localRow(of: position))
        }
        return StoredRows(
            count: rows.count, columns: layout.columns, destinations: destinations, denseStride: isDense ? stride : nil,
            rowOffsets: pointer(arrays.rowOffsets, Int.self) + (isDense ? 0 : rows.lowerBound),
            columnIndices: pointer(arrays.columnIndices, Int32.self),
            values: pointer(arrays.values, Float.self) + (isDense ? rows.lowerBound * stride : 0),
            labels: pointer(arrays.labels, Float.self) + rows.lowerBound,
            weights: layout.hasWeights ? pointer(arrays.weights, Float.self) + rows.lowerBound : nil,
            squaredNorms: pointer(arrays.squaredNorms, Float.self) + rows.lowerBound, labelMap: labelMap)
    }
}
