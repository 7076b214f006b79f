import Kernels

extension Dataset {
    /// Some of this rank's rows as a data set of their own on one rank: dense, centring applied, in the order given. Row norms
    /// are not filled in.
    public func gathered(_ rows: [Int]) -> Dataset {
        let columns = features.columns
        let matrix = DenseMatrix(rows: rows.count, columns: columns)
        for (index, row) in rows.enumerated() {
            let target = matrix.row(index)
            switch features {
            case .dense(let source):
                target.update(from: source.row(row), count: columns)
                guard let shift else { continue }
                for column in 0..<columns { target[column] -= shift.pointer[column] }
            case .sparse(let source):
                if let shift { for column in 0..<columns { target[column] = -shift.pointer[column] } }
                for entry in source.rowOffsets.pointer[row]..<source.rowOffsets.pointer[row + 1] {
                    target[Int(source.columnIndices.pointer[entry])] += source.values.pointer[entry]
                }
            }
        }
        return picked(rows, .dense(matrix), shift: nil)
    }

    /// The same, with sparse rows as they are stored, and their centring.
    public func copied(_ rows: [Int]) -> Dataset {
        guard case .sparse(let source) = features else { return gathered(rows) }
        let offsets = AlignedBuffer<Int>(count: rows.count + 1)
        for (index, row) in rows.enumerated() {
            let entries = source.rowOffsets.pointer[row + 1] - source.rowOffsets.pointer[row]
            offsets.pointer[index + 1] = offsets.pointer[index] + entries
        }
        let indices = AlignedBuffer<Int32>(count: offsets.pointer[rows.count])
        let values = AlignedBuffer<Float>(count: offsets.pointer[rows.count])
        for (index, row) in rows.enumerated() {
            let (from, to) = (source.rowOffsets.pointer[row], offsets.pointer[index])
            let entries = offsets.pointer[index + 1] - to
            (indices.pointer + to).update(from: source.columnIndices.pointer + from, count: entries)
            (values.pointer + to).update(from: source.values.pointer + from, count: entries)
        }
        let matrix = SparseMatrix(
            rows: rows.count, columns: source.columns, rowOffsets: offsets, columnIndices: indices, values: values)
        return picked(rows, .sparse(matrix), shift: shift)
    }

    private func picked(_ rows: [Int], _ features: FeatureMatrix, shift: AlignedBuffer<Float>?) -> Dataset {
        Dataset(
            order: DataOrder(count: rows.count, ranks: 1, rank: 0), features: features, shift: shift,
            labels: AlignedBuffer(rows.map { labels.pointer[$0] }),
            weights: weights.map { weights in AlignedBuffer(rows.map { weights.pointer[$0] }) },
            squaredNorms: AlignedBuffer(count: rows.count))
    }
}
