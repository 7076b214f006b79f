import Kernels
import MPI

/// Finished rows in memory, each with the place it goes to: on another rank, or another one on this.
struct StoredRows {
    let count: Int
    let columns: Int
    let destinations: [RowPlacement.Destination]
    /// Nil: sparse.
    let denseStride: Int?
    let rowOffsets: UnsafePointer<Int>
    let columnIndices: UnsafePointer<Int32>
    let values: UnsafePointer<Float>
    let labels: UnsafePointer<Float>
    let weights: UnsafePointer<Float>?
    let squaredNorms: UnsafePointer<Float>
    /// What labels become; nil: they stay.
    var labelMap: [Float]?

    func entryCount(_ row: Int) -> Int { denseStride == nil ? rowOffsets[row + 1] - rowOffsets[row] : columns }

    private func firstEntry(_ row: Int) -> Int { denseStride.map { $0 * row } ?? rowOffsets[row] }

    private func label(_ row: Int) -> Float { labelMap.map { $0[Int(labels[row])] } ?? labels[row] }

    /// False when the outbox has no room.
    func send(_ row: Int, _ outbox: Outbox) -> Bool {
        let destination = destinations[row]
        let entries = entryCount(row)
        let size = RowRecord.size(entries: entries, columns: columns)
        guard outbox.hasRoom(for: size, to: destination.owner) else { return false }
        let place = outbox.extend(by: size, to: destination.owner)
        RowRecord.writeHead(
            place, rowField: destination.rowField, entries: entries, label: label(row), weight: weights?[row] ?? 1,
            squaredNorm: squaredNorms[row])
        var target = place + RowRecord.headerSize
        let first = firstEntry(row)
        if entries < columns {
            target.copyMemory(from: columnIndices + first, byteCount: 4 * entries)
            target += 4 * entries
        }
        target.copyMemory(from: values + first, byteCount: 4 * entries)
        return true
    }

    /// A row whose destination is on this rank, as a record in place.
    func record(_ row: Int) -> RowRecord {
        let entries = entryCount(row)
        let first = firstEntry(row)
        return RowRecord(
            rowField: destinations[row].rowField, label: label(row), weight: weights?[row] ?? 1,
            squaredNorm: squaredNorms[row], count: entries,
            entryColumns: entries < columns ? columnIndices + first : nil, values: values + first)
    }
}

/// Sends stored rows to their places: one all-to-all exchange, in rounds of a few megabytes, and one of row lengths
/// before it for sparse rows. Rows that stay on their rank are copied.
struct StoredRowExchange {
    let communicator: any Communicator
    let columns: Int
    let isSparse: Bool

    /// Collective. `builder` makes the place for a part's rows, given their numbers of entries where rows are sparse.
    func run(
        _ runs: [StoredRows], orders: [DataOrder], builder: (_ part: Int, _ entryCounts: [UInt32]?) -> DatasetBuilder
    ) throws -> [Dataset] {
        var counts: RowCounts?
        if isSparse {
            var received = RowCounts(orders)
            var place = (run: 0, row: 0)
            try RoundedExchange(communicator: communicator).run { outbox in
                Self.walk(runs, &place) { RowCounts.send($0.entryCount($1), $0.destinations[$1], outbox) }
            } consume: { bytes in
                received.receive(bytes)
            }
            counts = received
        }
        let builders = orders.indices.map { builder($0, counts?.counts[$0]) }
        var place = (run: 0, row: 0)
        let rank = communicator.rank
        try RoundedExchange(communicator: communicator).run { outbox in
            Self.walk(runs, &place) { rows, row in
                let destination = rows.destinations[row]
                guard destination.owner == rank else { return rows.send(row, outbox) }
                builders[destination.part].place(rows.record(row))
                return true
            }
        } consume: { bytes in
            RowRecord.forEach(in: bytes, columns: columns) { builders[$0.part].place($0) }
        }
        return builders.map { $0.finish() }
    }

    /// Goes through the rows from round to round; true at the end.
    private static func walk(
        _ runs: [StoredRows], _ place: inout (run: Int, row: Int), send: (StoredRows, Int) -> Bool
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
