import Kernels
import MPI

extension Dataset {
    /// The same rows under other shares (nil: equal ones): every row goes to its new owner, with its label, weight and
    /// norm, in one exchange. Collective; the shares are the same on every rank.
    ///
    /// While it lasts a rank holds its old and its new rows and a few megabytes of messages; the old ones are freed, or
    /// unmapped, with the last reference to this value.
    public func moved(to shares: BlockShares?, communicator: any Communicator) throws -> Dataset {
        let target = DataOrder(order, shares: shares)
        let exchange = StoredRowExchange(communicator: communicator, columns: features.columns, isSparse: isSparse)
        var result = try withExtendedLifetime(self) {
            try exchange.run([rows(to: target)], orders: [target]) { _, counts in
                DatasetBuilder(
                    order: target, columns: features.columns, shift: shift, entryCounts: counts,
                    hasWeights: weights != nil)
            }[0]
        }
        result.interceptSquaredNorm = interceptSquaredNorm
        result.columnSquares = columnSquares
        result.columnMaxima = columnMaxima
        result.origins = origins
        result.sampleShape = sampleShape
        result.seed = seed
        result.augmentation = augmentation
        return result
    }

    /// Bytes of this rank's rows.
    public var byteCount: Int {
        let perRow = weights == nil ? 8 : 12
        return switch features {
        case .dense(let matrix): matrix.rows * (4 * matrix.stride + perRow)
        case .sparse(let matrix): matrix.rows * (8 + perRow) + 8 * matrix.nonZeros
        }
    }

    private var isSparse: Bool { if case .sparse = features { true } else { false } }

    private func rows(to target: DataOrder) -> StoredRows {
        let destinations = (0..<order.localCount).map { row in
            let position = order.position(ofLocal: row)
            return RowPlacement.Destination(
                part: 0, owner: target.owner(of: position), row: target.localRow(of: position))
        }
        // Dense rows have no offsets and no columns, and are never asked for them: any address will do.
        let none = UnsafeRawPointer(labels.pointer)
        var stride: Int?
        var offsets = none.assumingMemoryBound(to: Int.self)
        var columns = none.assumingMemoryBound(to: Int32.self)
        let values: UnsafePointer<Float>
        switch features {
        case .dense(let matrix):
            stride = matrix.stride
            values = UnsafePointer(matrix.storage.pointer)
        case .sparse(let matrix):
            offsets = UnsafePointer(matrix.rowOffsets.pointer)
            columns = UnsafePointer(matrix.columnIndices.pointer)
            values = UnsafePointer(matrix.values.pointer)
        }
        return StoredRows(
            count: order.localCount, columns: features.columns, destinations: destinations, denseStride: stride,
            rowOffsets: offsets, columnIndices: columns, values: values, labels: UnsafePointer(labels.pointer),
            weights: weights.map { UnsafePointer($0.pointer) }, squaredNorms: UnsafePointer(squaredNorms.pointer))
    }
}
