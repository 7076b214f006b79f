import Kernels

/// Takes standardised rows in any order and puts each at its place in a new `Dataset`.
struct DatasetBuilder {
    private let order: DataOrder
    private let columns: Int
    private let labels: AlignedBuffer<Float>
    private let weights: AlignedBuffer<Float>?
    private let squaredNorms: AlignedBuffer<Float>
    private let matrix: FeatureMatrix
    /// Dense: what an absent entry becomes; empty when that is 0. Sparse: mean / scale, to be subtracted; empty likewise.
    private let offset: [Float]
    /// Sparse: Σ offset².
    private let offsetNorm: Double

    /// - Parameter entryCounts: entries per local row; nil makes dense storage.
    init(order: DataOrder, columns: Int, entryCounts: [UInt32]?, offset: [Float], hasWeights: Bool) {
        let rows = order.localCount
        self.order = order
        self.columns = columns
        self.offset = offset
        offsetNorm = offset.reduce(0) { $0 + Double($1) * Double($1) }
        labels = AlignedBuffer(count: rows)
        weights = hasWeights ? AlignedBuffer(count: rows) : nil
        squaredNorms = AlignedBuffer(count: rows)
        guard let entryCounts else {
            matrix = .dense(DenseMatrix(rows: rows, columns: columns))
            return
        }
        let offsets = AlignedBuffer<Int>(count: rows + 1)
        for (row, count) in entryCounts.enumerated() { offsets[row + 1] = offsets[row] + Int(count) }
        matrix = .sparse(
            SparseMatrix(
                rows: rows, columns: columns, rowOffsets: offsets, columnIndices: AlignedBuffer(count: offsets[rows]),
                values: AlignedBuffer(count: offsets[rows])))
    }

    /// Puts one row at its place.
    /// - Parameters:
    ///   - entryColumns: `count` columns; nil when every column has an entry.
    ///   - values: standardised (sparse: scaled, not centred).
    func place(
        row: Int, label: Float, weight: Float, count: Int, entryColumns: UnsafeRawBufferPointer?,
        values: UnsafeRawBufferPointer
    ) {
        labels[row] = label
        weights?[row] = weight
        func column(_ entry: Int) -> Int32 {
            entryColumns?.loadUnaligned(fromByteOffset: 4 * entry, as: Int32.self) ?? Int32(entry)
        }
        var norm = 0.0
        switch matrix {
        case .dense(let matrix):
            let target = matrix.row(row)
            for (column, value) in offset.enumerated() { target[column] = value }
            for entry in 0..<count {
                target[Int(column(entry))] = values.loadUnaligned(fromByteOffset: 4 * entry, as: Float.self)
            }
            for column in 0..<columns { norm += Double(target[column]) * Double(target[column]) }
        case .sparse(let matrix):
            let start = matrix.rowOffsets[row]
            norm = offsetNorm
            for entry in 0..<count {
                let value = values.loadUnaligned(fromByteOffset: 4 * entry, as: Float.self)
                let column = column(entry)
                matrix.columnIndices[start + entry] = column
                matrix.values[start + entry] = value
                if offset.isEmpty {
                    norm += Double(value) * Double(value)
                } else {
                    // (v − s)² − s² in a form without cancellation.
                    norm += Double(value) * (Double(value) - 2 * Double(offset[Int(column)]))
                }
            }
        }
        squaredNorms[row] = Float(max(norm, 0))
    }

    func finish() -> Dataset {
        var shift: AlignedBuffer<Float>?
        if case .sparse = matrix, !offset.isEmpty { shift = AlignedBuffer(offset) }
        return Dataset(
            order: order, features: matrix, shift: shift, labels: labels, weights: weights, squaredNorms: squaredNorms)
    }
}
