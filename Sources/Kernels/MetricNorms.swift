/// The norm ‖x̃‖²_P = ‖x̃F‖² of P = F Fᵀ, for rows x̃ = (x − shift, 1) with an intercept, else x̃ = x − shift.
///
/// F has `dimension` rows (D, or D + 1 with the intercept last) and `dimension` columns. One norm costs D² operations
/// for a dense row and nnz · D for a sparse one.
public struct MetricFactor: Sendable {
    public let dimension: Int
    private let classStride: Int
    /// F of the features, with the class stride, in the layout of class weights.
    private let weights: AlignedBuffer<Float>
    /// Per column of F, −shift·F plus the intercept's row.
    private let offsets: AlignedBuffer<Float>
    private let columns: Int

    /// - Parameters:
    ///   - factor: F, dimension × dimension, row-major (for M⁻¹: `Cholesky.inverseFactor`).
    ///   - shift: implicit centring of the rows it will be used on; D values.
    public init(factor: [Double], dimension: Int, hasIntercept: Bool, shift: AlignedBuffer<Float>? = nil) {
        precondition(factor.count == dimension * dimension)
        self.dimension = dimension
        columns = hasIntercept ? dimension - 1 : dimension
        // Eight at least: one column would be taken for the single-margin layout.
        classStride = (dimension + 7) / 8 * 8
        weights = AlignedBuffer(count: columns * classStride)
        offsets = AlignedBuffer(count: classStride)
        for c in 0..<dimension {
            var offset = hasIntercept ? factor[columns * dimension + c] : 0
            for j in 0..<columns {
                weights.pointer[j * classStride + c] = Float(factor[j * dimension + c])
                if let shift { offset -= Double(shift.pointer[j]) * factor[j * dimension + c] }
            }
            offsets.pointer[c] = Float(offset)
        }
    }

    /// out[i] = ‖x̃_i‖²_P for rows `rows` of `features`, summed in Double.
    public func squaredNorms(
        _ features: FeatureMatrix, _ rows: Range<Int>, into out: UnsafeMutablePointer<Float>,
        kernels: KernelSet = .current
    ) {
        precondition(features.columns == columns)
        let products = AlignedBuffer<Float>(count: 16 * classStride)
        var start = rows.lowerBound
        while start < rows.upperBound {
            let block = start..<min(start + 16, rows.upperBound)
            switch features {
            case .dense(let x):
                kernels.margins(
                    x, block, weights: weights.pointer, offset: offsets.pointer, classStride: classStride,
                    into: products.pointer)
            case .sparse(let x):
                kernels.margins(
                    x, block, weights: weights.pointer, classes: classStride, offset: offsets.pointer,
                    into: products.pointer)
            }
            for row in block {
                let y = UnsafeBufferPointer(
                    start: UnsafePointer(products.pointer + (row - start) * classStride), count: classStride)
                out[row - rows.lowerBound] = Float(FixedOrder.squaredNorm(y))
            }
            start = block.upperBound
        }
    }
}

extension FeatureMatrix {
    /// out[i] = Σ_j p_j (x_ij − shift_j)² for rows `rows`, summed in Double; p and shift have D values.
    public func squaredNorms(
        _ rows: Range<Int>, diagonal p: UnsafePointer<Float>, shift: UnsafePointer<Float>? = nil,
        into out: UnsafeMutablePointer<Float>
    ) {
        switch self {
        case .dense(let x):
            for i in rows {
                let row = x.row(i)
                var sum = 0.0
                for j in 0..<x.columns {
                    let value = Double(row[j]) - (shift.map { Double($0[j]) } ?? 0)
                    sum += Double(p[j]) * value * value
                }
                out[i - rows.lowerBound] = Float(sum)
            }
        case .sparse(let x):
            var shiftNorm = 0.0
            if let shift {
                for j in 0..<x.columns { shiftNorm += Double(p[j]) * Double(shift[j]) * Double(shift[j]) }
            }
            for i in rows {
                var sum = shiftNorm
                for k in x.rowOffsets.pointer[i]..<x.rowOffsets.pointer[i + 1] {
                    let j = Int(x.columnIndices.pointer[k])
                    let value = Double(x.values.pointer[k])
                    sum += Double(p[j]) * value * (value - 2 * (shift.map { Double($0[j]) } ?? 0))
                }
                out[i - rows.lowerBound] = Float(max(sum, 0))
            }
        }
    }
}
