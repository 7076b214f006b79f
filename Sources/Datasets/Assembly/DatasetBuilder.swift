import Kernels

/// Takes standardised rows in any order and puts each at its place in a new `Dataset`.
final class DatasetBuilder {
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
    ///   - values: `count` values, standardised (sparse: scaled, not centred).
    func place(
        row: Int, label: Float, weight: Float, count: Int, entryColumns: UnsafePointer<Int32>?,
        values: UnsafePointer<Float>
    ) {
        labels[row] = label
        weights?[row] = weight
        let norm: Double
        switch matrix {
        case .dense(let matrix):
            norm = placeDense(matrix.row(row), count, entryColumns, values)
        case .sparse(let matrix):
            let start = matrix.rowOffsets[row]
            norm = placeSparse(
                matrix.columnIndices.pointer + start, matrix.values.pointer + start, count, entryColumns, values)
        }
        squaredNorms[row] = Float(max(norm, 0))
    }

    private func placeDense(
        _ target: UnsafeMutablePointer<Float>, _ count: Int, _ entryColumns: UnsafePointer<Int32>?,
        _ values: UnsafePointer<Float>
    ) -> Double {
        if let entryColumns {
            offset.withUnsafeBufferPointer { offset in
                if let absent = offset.baseAddress { target.update(from: absent, count: offset.count) }
            }
            for entry in 0..<count { target[Int(entryColumns[entry])] = values[entry] }
        } else {
            target.update(from: values, count: count)
        }
        var norm = 0.0
        for column in 0..<columns { norm += Double(target[column]) * Double(target[column]) }
        return norm
    }

    private func placeSparse(
        _ targetColumns: UnsafeMutablePointer<Int32>, _ targetValues: UnsafeMutablePointer<Float>, _ count: Int,
        _ entryColumns: UnsafePointer<Int32>?, _ values: UnsafePointer<Float>
    ) -> Double {
        var norm = offsetNorm
        targetValues.update(from: values, count: count)
        for entry in 0..<count {
            let column = entryColumns?[entry] ?? Int32(entry)
            let value = Double(values[entry])
            targetColumns[entry] = column
            // (v − s)² − s².
            norm += offset.isEmpty ? value * value : value * (value - 2 * Double(offset[Int(column)]))
        }
        return norm
    }

    func finish() -> Dataset {
        var shift: AlignedBuffer<Float>?
        if case .sparse = matrix, !offset.isEmpty { shift = AlignedBuffer(offset) }
        return Dataset(
            order: order, features: matrix, shift: shift, labels: labels, weights: weights, squaredNorms: squaredNorms)
    }
}
