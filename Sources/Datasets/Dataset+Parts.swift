import Kernels

extension Dataset {
    /// ω of a local row.
    package func weight(of row: Int) -> Float { weights.map { $0.pointer[row] } ?? 1 }

    /// The same rows with other weights. Nothing else is copied.
    public func weighted(_ weights: AlignedBuffer<Float>) -> Dataset {
        made(order, features, labels, weights, squaredNorms)
    }

    /// The rows at the first `count` positions of the order, on the ranks that have them. What is known of columns stays what it is
    /// for all rows.
    public func firstRows(_ count: Int) -> Dataset {
        let first = DataOrder(
            DataOrder(count: count, ranks: order.ranks, rank: order.rank, blockSize: order.blockSize),
            shares: order.shares)
        let rows = first.localCount
        func part(_ values: AlignedBuffer<Float>) -> AlignedBuffer<Float> {
            AlignedBuffer(Array(values.elements[..<rows]))
        }
        let matrix: FeatureMatrix =
            switch features {
            case .dense(let all):
                .dense(
                    DenseMatrix(
                        rows: rows, columns: all.columns,
                        storage: AlignedBuffer(Array(all.storage.elements[..<(rows * all.stride)]))))
            case .sparse(let all):
                .sparse(
                    SparseMatrix(
                        rows: rows, columns: all.columns,
                        rowOffsets: AlignedBuffer(Array(all.rowOffsets.elements[...rows])),
                        columnIndices: all.columnIndices, values: all.values))
            }
        return made(first, matrix, part(labels), weights.map(part), part(squaredNorms))
    }

    private func made(
        _ order: DataOrder, _ features: FeatureMatrix, _ labels: AlignedBuffer<Float>, _ weights: AlignedBuffer<Float>?,
        _ squaredNorms: AlignedBuffer<Float>
    ) -> Dataset {
        var result = Dataset(
            order: order, features: features, shift: shift, labels: labels, weights: weights, squaredNorms: squaredNorms
        )
        result.interceptSquaredNorm = interceptSquaredNorm
        (result.columnSquares, result.columnMaxima) = (columnSquares, columnMaxima)
        (result.sampleShape, result.seed, result.augmentation) = (sampleShape, seed, augmentation)
        return result
    }
}
