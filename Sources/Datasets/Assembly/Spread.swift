import Kernels
import MPI

extension Dataset {
    /// The rows at the first `count` positions of the order, held by the first `ranks` ranks alone: the same batches on
    /// fewer ranks, or of a sample of the rows. Positions are a random order of the rows, so the first of them are a
    /// random sample. Collective; the present data set stays as it is. Nil on the other ranks.
    ///
    /// Rows travel in rounds of a few megabytes. Weights are scaled to a mean of 1 over the rows that are taken.
    ///
    /// - Throws: `DatasetError` for more ranks or rows than there are.
    public func spread(over ranks: Int, count: Int, communicator: any Communicator) throws -> Dataset? {
        guard (1...communicator.size).contains(ranks), (1...max(1, order.count)).contains(count) else {
            throw DatasetError(
                "\(count) rows on \(ranks) ranks: there are \(order.count) rows and \(communicator.size) ranks")
        }
        let rank = communicator.rank
        let target =
            rank < ranks ? DataOrder(count: count, ranks: ranks, rank: rank, blockSize: order.blockSize) : nil
        let factor = try weightFactor(count: count, communicator: communicator)
        var builder = target.map { SpreadRows(order: $0, like: self) }
        let words = try communicator.allreduce(sizeOfRows, .maximum)
        let step = max(order.blockSize, SpreadRows.wordsOfRound / max(1, words))
        for start in stride(from: 0, to: count, by: step) {
            let interval = start..<min(count, start + step)
            let outgoing = records(interval, ranks: ranks, blockSize: order.blockSize, size: communicator.size)
            let incoming = try exchange(outgoing, communicator)
            builder?.take(incoming, interval, from: order)
        }
        guard var result = builder?.finish(shift: shift, weightFactor: factor) else { return nil }
        result.interceptSquaredNorm = interceptSquaredNorm
        if count == order.count { (result.columnSquares, result.columnMaxima) = (columnSquares, columnMaxima) }
        result.origins = origins
        result.sampleShape = sampleShape
        result.seed = seed
        result.augmentation = augmentation
        return result
    }

    /// 1 / mean weight of the rows taken; nil without weights.
    private func weightFactor(count: Int, communicator: any Communicator) throws -> Float? {
        guard let weights else { return nil }
        guard count < order.count else { return 1 }
        let taken = order.localRange(0..<count).reduce(0.0) { $0 + Double(weights[$1]) }
        let sum = try communicator.allreduce(taken, .sum)
        guard sum > 0 else { throw DatasetError("all weights of a sample of \(count) rows are 0: take more rows") }
        return Float(Double(count) / sum)
    }

    /// Words of an average local row, rounded up.
    private var sizeOfRows: Int {
        switch features {
        case .dense(let matrix): SpreadRows.headerWords + matrix.columns
        case .sparse(let matrix): SpreadRows.headerWords + 2 * (matrix.nonZeros / max(1, matrix.rows) + 1)
        }
    }

    /// Per destination: this rank's rows of the interval, in the order of their positions.
    private func records(_ interval: Range<Int>, ranks: Int, blockSize: Int, size: Int) -> [[Int32]] {
        let target = DataOrder(count: interval.upperBound, ranks: ranks, rank: 0, blockSize: blockSize)
        var boxes = [[Int32]](repeating: [], count: size)
        for row in order.localRange(interval) {
            let owner = target.owner(of: order.position(ofLocal: row))
            boxes[owner].append(Int32(bitPattern: labels[row].bitPattern))
            boxes[owner].append(Int32(bitPattern: (weights?[row] ?? 1).bitPattern))
            boxes[owner].append(Int32(bitPattern: squaredNorms[row].bitPattern))
            switch features {
            case .dense(let matrix):
                boxes[owner].append(Int32(matrix.columns))
                let values = UnsafeBufferPointer(start: matrix.row(row), count: matrix.columns)
                boxes[owner].append(contentsOf: values.lazy.map { Int32(bitPattern: $0.bitPattern) })
            case .sparse(let matrix):
                let entries = matrix.rowOffsets[row]..<matrix.rowOffsets[row + 1]
                boxes[owner].append(Int32(entries.count))
                for entry in entries {
                    boxes[owner].append(matrix.columnIndices[entry])
                    boxes[owner].append(Int32(bitPattern: matrix.values[entry].bitPattern))
                }
            }
        }
        return boxes
    }

    /// Per source: what it sent here.
    private func exchange(_ boxes: [[Int32]], _ communicator: any Communicator) throws -> [[Int32]] {
        let ones = [Int](repeating: 1, count: communicator.size)
        let sendCounts = boxes.map(\.count)
        var receiveCounts = ones
        try sendCounts.withUnsafeBufferPointer { send in
            try receiveCounts.withUnsafeMutableBufferPointer {
                try communicator.alltoallv(send, sendCounts: ones, into: $0, receiveCounts: ones)
            }
        }
        var received = [Int32](repeating: 0, count: receiveCounts.reduce(0, +))
        try Array(boxes.joined()).withUnsafeBufferPointer { send in
            try received.withUnsafeMutableBufferPointer {
                try communicator.alltoallv(send, sendCounts: sendCounts, into: $0, receiveCounts: receiveCounts)
            }
        }
        var start = 0
        return receiveCounts.map { count in
            defer { start += count }
            return Array(received[start..<start + count])
        }
    }
}

/// Rows that arrive in the order of their positions.
private struct SpreadRows {
    /// Label, weight, squared norm, number of entries: 4 bytes each.
    static let headerWords = 4
    static let wordsOfRound = 1 << 22

    private let order: DataOrder
    private let columns: Int
    private let hasWeights: Bool
    private let labels: AlignedBuffer<Float>
    private let weights: AlignedBuffer<Float>
    private let squaredNorms: AlignedBuffer<Float>
    private let dense: DenseMatrix?
    private var rowOffsets = [0]
    private var columnIndices: [Int32] = []
    private var values: [Float] = []

    init(order: DataOrder, like dataset: Dataset) {
        let rows = order.localCount
        self.order = order
        columns = dataset.features.columns
        hasWeights = dataset.weights != nil
        labels = AlignedBuffer(count: rows)
        weights = AlignedBuffer(count: rows)
        squaredNorms = AlignedBuffer(count: rows)
        if case .dense = dataset.features {
            dense = DenseMatrix(rows: rows, columns: columns)
        } else {
            dense = nil
        }
    }

    /// The rows of `interval`, each from the rank that held it in `source`.
    mutating func take(_ incoming: [[Int32]], _ interval: Range<Int>, from source: DataOrder) {
        var places = [Int](repeating: 0, count: incoming.count)
        for row in order.localRange(interval) {
            let owner = source.owner(of: order.position(ofLocal: row))
            let words = incoming[owner]
            var place = places[owner]
            func float(_ index: Int) -> Float { Float(bitPattern: UInt32(bitPattern: words[index])) }
            labels[row] = float(place)
            weights[row] = float(place + 1)
            squaredNorms[row] = float(place + 2)
            let count = Int(words[place + 3])
            place += Self.headerWords
            if let dense {
                let target = dense.row(row)
                for column in 0..<count { target[column] = float(place + column) }
                place += count
            } else {
                for entry in 0..<count {
                    columnIndices.append(words[place + 2 * entry])
                    values.append(float(place + 2 * entry + 1))
                }
                rowOffsets.append(columnIndices.count)
                place += 2 * count
            }
            places[owner] = place
        }
    }

    func finish(shift: AlignedBuffer<Float>?, weightFactor: Float?) -> Dataset {
        if let weightFactor { for row in 0..<weights.count { weights[row] *= weightFactor } }
        let features: FeatureMatrix =
            dense.map { .dense($0) }
            ?? .sparse(
                SparseMatrix(
                    rows: labels.count, columns: columns, rowOffsets: AlignedBuffer(rowOffsets),
                    columnIndices: AlignedBuffer(columnIndices), values: AlignedBuffer(values)))
        return Dataset(
            order: order, features: features, shift: shift, labels: labels, weights: hasWeights ? weights : nil,
            squaredNorms: squaredNorms)
    }
}
