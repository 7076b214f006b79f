import Kernels

/// One standardised row on its way to its place.
struct RowRecord {
    /// Row field, number of entries, label, weight, squared norm: 4 bytes each. Columns (left out when every column has
    /// an entry) and values follow, 4 bytes each.
    static let headerSize = 20

    let rowField: UInt32
    let label: Float
    let weight: Float
    let squaredNorm: Float
    let count: Int
    /// Nil when every column has an entry.
    let entryColumns: UnsafePointer<Int32>?
    let values: UnsafePointer<Float>

    var part: Int { rowField & RowPlacement.Destination.partBit == 0 ? 0 : 1 }
    var row: Int { Int(rowField & ~RowPlacement.Destination.partBit) }

    static func size(entries: Int, columns: Int) -> Int { headerSize + entries * (entries == columns ? 4 : 8) }

    /// Writes the head of a record; columns and values are the caller's to write behind it.
    static func writeHead(
        _ place: UnsafeMutableRawPointer, rowField: UInt32, entries: Int, label: Float, weight: Float,
        squaredNorm: Float
    ) {
        place.storeBytes(of: rowField, as: UInt32.self)
        place.storeBytes(of: UInt32(entries), toByteOffset: 4, as: UInt32.self)
        place.storeBytes(of: label, toByteOffset: 8, as: Float.self)
        place.storeBytes(of: weight, toByteOffset: 12, as: Float.self)
        place.storeBytes(of: squaredNorm, toByteOffset: 16, as: Float.self)
    }

    /// The records of one rank and round.
    static func forEach(in bytes: UnsafeRawBufferPointer, columns: Int, _ body: (RowRecord) -> Void) {
        guard var place = bytes.baseAddress else { return }
        let end = place + bytes.count
        while place < end {
            // Records are multiples of 4 bytes, so everything in them is aligned.
            let header = place.assumingMemoryBound(to: UInt32.self)
            let count = Int(header[1])
            place += headerSize
            let entryColumns = count < columns ? place.assumingMemoryBound(to: Int32.self) : nil
            if count < columns { place += 4 * count }
            body(
                RowRecord(
                    rowField: header[0], label: Float(bitPattern: header[2]), weight: Float(bitPattern: header[3]),
                    squaredNorm: Float(bitPattern: header[4]), count: count, entryColumns: entryColumns,
                    values: place.assumingMemoryBound(to: Float.self)))
            place += 4 * count
        }
    }
}

/// Takes standardised rows in any order and puts each at its place in a new `Dataset`.
final class DatasetBuilder {
    private let order: DataOrder
    /// Nil: every row comes with all that it holds.
    private let scaler: RowScaler?
    private let shift: AlignedBuffer<Float>?
    let labels: AlignedBuffer<Float>
    let weights: AlignedBuffer<Float>?
    let squaredNorms: AlignedBuffer<Float>
    let matrix: FeatureMatrix

    /// - Parameter entryCounts: entries per local row, for sparse storage.
    convenience init(order: DataOrder, scaler: RowScaler, entryCounts: [UInt32]?, hasWeights: Bool) {
        self.init(
            order: order, columns: scaler.columns, scaler: scaler, shift: scaler.shift, entryCounts: entryCounts,
            hasWeights: hasWeights)
    }

    init(
        order: DataOrder, columns: Int, scaler: RowScaler? = nil, shift: AlignedBuffer<Float>?,
        entryCounts: [UInt32]?, hasWeights: Bool
    ) {
        let rows = order.localCount
        self.order = order
        self.scaler = scaler
        self.shift = shift
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
                rows: rows, columns: columns, rowOffsets: offsets,
                columnIndices: AlignedBuffer(count: offsets[rows]), values: AlignedBuffer(count: offsets[rows])))
    }

    /// Asks the system for the pages of a large dense matrix in one call a thread: cheaper than a fault for each, and a
    /// thread's share comes to lie in the memory of its processor.
    func touch(threads: Int) {
        guard case .dense(let matrix) = matrix, matrix.storage.count > 1 << 20 else { return }
        concurrently(threads) { thread in
            let share = matrix.rows * thread / threads..<matrix.rows * (thread + 1) / threads
            populateForWriting(
                UnsafeMutableRawBufferPointer(
                    start: matrix.row(share.lowerBound), count: 4 * matrix.stride * share.count))
        }
    }

    /// Puts one row at its place.
    @inline(__always)
    func place(_ record: RowRecord) {
        let row = record.row
        labels[row] = record.label
        weights?[row] = record.weight
        squaredNorms[row] = record.squaredNorm
        switch matrix {
        case .dense(let matrix):
            let target = matrix.row(row)
            guard let entryColumns = record.entryColumns else {
                target.update(from: record.values, count: record.count)
                return
            }
            scaler?.fillAbsent(target)
            for entry in 0..<record.count { target[Int(entryColumns[entry])] = record.values[entry] }
        case .sparse(let matrix):
            let start = matrix.rowOffsets[row]
            (matrix.values.pointer + start).update(from: record.values, count: record.count)
            let target = matrix.columnIndices.pointer + start
            if let entryColumns = record.entryColumns {
                target.update(from: entryColumns, count: record.count)
            } else {
                for entry in 0..<record.count { target[entry] = Int32(entry) }
            }
        }
    }

    func finish() -> Dataset {
        Dataset(
            order: order, features: matrix, shift: shift, labels: labels, weights: weights, squaredNorms: squaredNorms)
    }
}

/// Where the rows of one part go on a rank that is alone: addresses only, which cost nothing to pass on.
struct RowTarget: @unchecked Sendable {
    let labels: UnsafeMutablePointer<Float>
    let weights: UnsafeMutablePointer<Float>?
    let squaredNorms: UnsafeMutablePointer<Float>
    /// Values of dense rows, or of the entries of sparse ones.
    let values: UnsafeMutablePointer<Float>
    /// Dense: values from one row to the next.
    let stride: Int
    /// Sparse rows; nil: dense ones.
    let rowOffsets: UnsafePointer<Int>?
    let columnIndices: UnsafeMutablePointer<Int32>?

    /// - Precondition: `builder` outlives this.
    init(_ builder: DatasetBuilder) {
        labels = builder.labels.pointer
        weights = builder.weights?.pointer
        squaredNorms = builder.squaredNorms.pointer
        switch builder.matrix {
        case .dense(let matrix):
            (values, stride) = (matrix.row(0), matrix.stride)
            (rowOffsets, columnIndices) = (nil, nil)
        case .sparse(let matrix):
            (values, stride) = (matrix.values.pointer, 0)
            (rowOffsets, columnIndices) = (UnsafePointer(matrix.rowOffsets.pointer), matrix.columnIndices.pointer)
        }
    }

    /// A row will soon be put there: its memory is far from the last one's.
    @inline(__always)
    func willPlace(_ row: Int) {
        willWrite(labels + row, count: 1)
        willWrite(squaredNorms + row, count: 1)
        if rowOffsets == nil, stride <= 128 { willWrite(values + row * stride, count: stride) }
    }
}

extension RowScaler {
    /// What is to be subtracted from sparse rows; nil where nothing is.
    var shift: AlignedBuffer<Float>? {
        guard hasOffset, !isDense else { return nil }
        return AlignedBuffer((0..<columns).map { -absent[$0] })
    }
}
