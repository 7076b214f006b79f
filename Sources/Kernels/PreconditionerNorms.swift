/// The norm ‖x̃‖²_P = ‖x̃F‖² of P = F Fᵀ with F upper triangular, for dense rows x̃ = (x, 1) with an intercept, else x̃ = x.
///
/// F has `dimension` rows (D, or D + 1 with the intercept last) and columns. A norm costs D²/2 multiply-adds.
public struct PreconditionerFactor: Sendable {
    public let dimension: Int
    private let columns: Int
    /// Columns of F by sixteen, from left to right; each panel holds the rows down to its last column.
    private let panels: [Panel]

    private struct Panel: Sendable {
        /// Rows of F, without the intercept's.
        var height: Int
        /// Row-major, `height` × `width`.
        var values: AlignedBuffer<Float>
        /// The intercept's row.
        var offset: AlignedBuffer<Float>
    }

    private static let width = 16
    private static let rowsPerBlock = 48

    /// - Parameter factor: F, dimension × dimension, row-major; what is below its diagonal is not read. For M⁻¹ it is
    ///   `Cholesky.inverseFactor`.
    public init(factor: [Double], dimension: Int, hasIntercept: Bool) {
        precondition(factor.count == dimension * dimension)
        self.dimension = dimension
        let columns = hasIntercept ? dimension - 1 : dimension
        self.columns = columns
        panels = stride(from: 0, to: dimension, by: Self.width).map { first in
            let end = min(first + Self.width, dimension)
            let height = min(end, columns)
            let panel = Panel(
                height: height, values: AlignedBuffer(count: height * Self.width),
                offset: AlignedBuffer(count: Self.width))
            for c in first..<end {
                for j in 0..<min(c + 1, columns) {
                    panel.values.pointer[j * Self.width + c - first] = Float(factor[j * dimension + c])
                }
                if hasIntercept, c == columns {
                    panel.offset.pointer[c - first] = Float(factor[columns * dimension + c])
                }
            }
            return panel
        }
    }

    /// out[i] = ‖x̃_i‖²_P for rows `rows` of `x`.
    public func squaredNorms(
        _ x: DenseMatrix, _ rows: Range<Int>, into out: UnsafeMutablePointer<Float>, kernels: KernelSet = .current
    ) {
        precondition(x.columns == columns)
        // Sums in eight lanes.
        withUnsafeTemporaryAllocation(of: SIMD8<Float>.self, capacity: Self.rowsPerBlock) { sums in
            guard let first = UnsafeMutableRawPointer(sums.baseAddress)?.assumingMemoryBound(to: Float.self) else {
                return
            }
            for start in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.rowsPerBlock) {
                let block = start..<min(start + Self.rowsPerBlock, rows.upperBound)
                sums.update(repeating: .zero)
                // The widest panel first: it reads whole rows from memory, the others find them in the cache.
                for panel in panels.reversed() {
                    kernels.addPanelSquares(
                        x, block, columns: panel.height, panel: panel.values.pointer, offset: panel.offset.pointer,
                        to: first)
                }
                for row in block {
                    let four = sums[row - start].lowHalf + sums[row - start].highHalf
                    let two = four.lowHalf + four.highHalf
                    out[row - rows.lowerBound] = two.x + two.y
                }
            }
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
            // With zeros where rows have theirs.
            func padded(_ values: UnsafePointer<Float>) -> AlignedBuffer<Float> {
                let buffer = AlignedBuffer<Float>(count: x.stride)
                buffer.pointer.update(from: values, count: x.columns)
                return buffer
            }
            let scale = padded(p)
            let shift = shift.map(padded)
            KernelSet.current.squaredNorms(
                x, rows, scale: scale.pointer, shift: shift.map { UnsafePointer($0.pointer) }, into: out)
            withExtendedLifetime((scale, shift)) {}
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
