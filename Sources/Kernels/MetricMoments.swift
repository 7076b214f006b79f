/// Σ h_i x̃_i x̃_iᵀ over rows, x̃ = (x − shift, 1) with an intercept, else x − shift: n times the second moment matrix.
///
/// Sums, so that ranks can add theirs. Float within 64 rows, Double beyond. D² doubles; meant for D up to about 1000.
public struct SecondMoment: Sendable {
    /// D, or D + 1 with the intercept last.
    public let dimension: Int
    /// dimension × dimension, row-major, symmetric.
    public private(set) var sums: [Double]

    private let hasIntercept: Bool

    public init(columns: Int, hasIntercept: Bool) {
        self.hasIntercept = hasIntercept
        dimension = columns + (hasIntercept ? 1 : 0)
        sums = [Double](repeating: 0, count: dimension * dimension)
    }

    /// Adds rows `rows` of `features`.
    /// - Parameter weights: h, one per row of `rows`; nil means 1.
    public mutating func add(
        _ features: FeatureMatrix, _ rows: Range<Int>, shift: AlignedBuffer<Float>? = nil,
        weights: UnsafePointer<Float>? = nil, kernels: KernelSet = .current
    ) {
        let columns = features.columns
        precondition(columns == dimension - (hasIntercept ? 1 : 0))
        // Stored rows first: A = Σ h x xᵀ, b = Σ h x, H = Σ h.
        var products = [Double](repeating: 0, count: columns * columns)
        var first = [Double](repeating: 0, count: columns)
        var total = 0.0
        for row in 0..<rows.count { total += weights.map { Double($0[row]) } ?? 1 }
        switch features {
        case .dense(let x): Self.add(x, rows, weights, &products, &first, kernels)
        case .sparse(let x): Self.add(x, rows, weights, &products, &first)
        }
        // Σ h (x − s)(x − s)ᵀ = A − s bᵀ − b sᵀ + H s sᵀ.
        func centre(_ j: Int) -> Double { shift.map { Double($0.pointer[j]) } ?? 0 }
        for i in 0..<columns {
            for j in 0..<columns {
                sums[i * dimension + j] +=
                    products[i * columns + j] - centre(i) * first[j] - first[i] * centre(j)
                    + total * centre(i) * centre(j)
            }
            if hasIntercept {
                let value = first[i] - total * centre(i)
                sums[i * dimension + columns] += value
                sums[columns * dimension + i] += value
            }
        }
        if hasIntercept { sums[dimension * dimension - 1] += total }
    }

    /// The transposed product of a block of rows with itself, by the kernel for several classes.
    private static func add(
        _ x: DenseMatrix, _ rows: Range<Int>, _ weights: UnsafePointer<Float>?, _ products: inout [Double],
        _ first: inout [Double], _ kernels: KernelSet
    ) {
        let stride = x.stride
        let partial = AlignedBuffer<Float>(count: x.columns * stride)
        let scaled = AlignedBuffer<Float>(count: 64 * stride)
        var start = rows.lowerBound
        while start < rows.upperBound {
            let block = start..<min(start + 64, rows.upperBound)
            for row in block {
                let factor = weights.map { $0[row - rows.lowerBound] } ?? 1
                let source = x.row(row)
                let target = scaled.pointer + (row - start) * stride
                for j in 0..<x.columns {
                    target[j] = factor * source[j]
                    first[j] += Double(factor) * Double(source[j])
                }
            }
            kernels.transposedProduct(x, block, residuals: scaled.pointer, classStride: stride, into: partial.pointer)
            products.withUnsafeMutableBufferPointer { sums in
                guard let sums = sums.baseAddress else { return }
                kernels.flush(partial.pointer, rows: x.columns, columns: x.columns, stride: stride, into: sums)
            }
            start = block.upperBound
        }
    }

    private static func add(
        _ x: SparseMatrix, _ rows: Range<Int>, _ weights: UnsafePointer<Float>?, _ products: inout [Double],
        _ first: inout [Double]
    ) {
        products.withUnsafeMutableBufferPointer { products in
            for row in rows {
                let factor = weights.map { Double($0[row - rows.lowerBound]) } ?? 1
                let entries = x.rowOffsets.pointer[row]..<x.rowOffsets.pointer[row + 1]
                for k in entries {
                    let i = Int(x.columnIndices.pointer[k])
                    let value = factor * Double(x.values.pointer[k])
                    first[i] += value
                    for l in entries {
                        products[i * x.columns + Int(x.columnIndices.pointer[l])] += value * Double(x.values.pointer[l])
                    }
                }
            }
        }
    }
}
