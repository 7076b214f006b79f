/// Row-major Float matrix whose rows start on 64-byte boundaries (stride is a multiple of 16, padding is zero).
public struct DenseMatrix: Sendable {
    public let rows: Int
    public let columns: Int
    public let stride: Int
    public let storage: AlignedBuffer<Float>

    public init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        stride = DenseMatrix.stride(columns: columns)
        storage = AlignedBuffer(count: rows * stride)
    }

    /// Rows that are in memory already, with their padding.
    public init(rows: Int, columns: Int, storage: AlignedBuffer<Float>) {
        self.rows = rows
        self.columns = columns
        stride = DenseMatrix.stride(columns: columns)
        precondition(storage.count == rows * stride)
        self.storage = storage
    }

    public static func stride(columns: Int) -> Int { (columns + 15) / 16 * 16 }

    public func row(_ index: Int) -> UnsafeMutablePointer<Float> { storage.pointer + index * stride }
}

/// Compressed sparse rows: row i holds entries rowOffsets[i] ..< rowOffsets[i + 1], columns ascending and unique.
public struct SparseMatrix: Sendable {
    public let rows: Int
    public let columns: Int
    public let rowOffsets: AlignedBuffer<Int>
    public let columnIndices: AlignedBuffer<Int32>
    public let values: AlignedBuffer<Float>
    let columnBlocks = ColumnBlocks()

    public init(
        rows: Int, columns: Int, rowOffsets: AlignedBuffer<Int>, columnIndices: AlignedBuffer<Int32>,
        values: AlignedBuffer<Float>
    ) {
        self.rows = rows
        self.columns = columns
        self.rowOffsets = rowOffsets
        self.columnIndices = columnIndices
        self.values = values
    }

    public var nonZeros: Int { rowOffsets[rows] }
}

/// The features of this rank's rows: dense or compressed sparse rows, chosen by density. The choice never changes a result.
public enum FeatureMatrix: Sendable {
    case dense(DenseMatrix)
    case sparse(SparseMatrix)

    public var rows: Int {
        switch self {
        case .dense(let matrix): matrix.rows
        case .sparse(let matrix): matrix.rows
        }
    }

    public var columns: Int {
        switch self {
        case .dense(let matrix): matrix.columns
        case .sparse(let matrix): matrix.columns
        }
    }

    /// Stored values of every column of sparse rows; nil for dense ones.
    public func storedCounts() -> [Int32]? {
        guard case .sparse(let matrix) = self else { return nil }
        let counts = AlignedBuffer<Int32>(count: matrix.columns)
        for k in 0..<matrix.nonZeros { counts.pointer[Int(matrix.columnIndices.pointer[k])] &+= 1 }
        return Array(counts.elements)
    }

    /// max_i |x_ij| of every column, ∞ for one with a NaN. One read.
    public func largestMagnitudes() -> [Float] {
        switch self {
        case .dense(let matrix):
            let largest = AlignedBuffer<Float>(count: matrix.stride)
            KernelSet.current.columnMaxima(matrix, into: largest.pointer)
            return largest.elements.prefix(matrix.columns).map { $0.isNaN ? .infinity : $0 }
        case .sparse(let matrix):
            let largest = AlignedBuffer<Float>(count: matrix.columns)
            for k in 0..<matrix.nonZeros {
                let column = Int(matrix.columnIndices.pointer[k])
                let size = abs(matrix.values.pointer[k])
                if !(size <= largest.pointer[column]) { largest.pointer[column] = size.isNaN ? .infinity : size }
            }
            return Array(largest.elements)
        }
    }
}
