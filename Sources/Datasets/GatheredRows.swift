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
        return Dataset(
            order: DataOrder(count: rows.count, ranks: 1, rank: 0), features: .dense(matrix),
            labels: AlignedBuffer(rows.map { labels.pointer[$0] }),
            weights: weights.map { weights in AlignedBuffer(rows.map { weights.pointer[$0] }) },
            squaredNorms: AlignedBuffer(count: rows.count))
    }
}
