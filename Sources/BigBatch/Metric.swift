import Datasets
import Kernels

/// The norm the method works in: ‖g‖²_P = gᵀPg, and its steepest-descent direction −Pg.
///
/// With P close to the inverse Hessian a gradient step is close to a Newton step, and the noise test in the same norm is
/// what keeps such a step from a small batch safe. Parameters are feature-major: C values per feature, then the C
/// intercepts as one more feature; every class has the same P.
public enum Metric: Sendable {
    /// P = I: the paper's method.
    case identity
    /// P_jj = scale[j], one per feature (and one for the intercept), for each of `classes`.
    case diagonal(scale: [Float], classes: Int)
    /// P = A⁻¹, A over features (and the intercept), for each of `classes`.
    case dense(CholeskyFactor, classes: Int)

    /// P g.
    public func applied(to gradient: [Float]) -> [Float] {
        switch self {
        case .identity:
            return gradient
        case .diagonal(let scale, let classes):
            var result = gradient
            for (feature, factor) in scale.enumerated() {
                for index in feature * classes..<(feature + 1) * classes { result[index] *= factor }
            }
            return result
        case .dense(let factor, let classes):
            var result = gradient
            var column = [Double](repeating: 0, count: factor.dimension)
            for index in 0..<classes {
                for feature in 0..<factor.dimension { column[feature] = Double(gradient[feature * classes + index]) }
                column.withUnsafeMutableBufferPointer { factor.solve($0.baseAddress.unsafelyUnwrapped) }
                for feature in 0..<factor.dimension { result[feature * classes + index] = Float(column[feature]) }
            }
            return result
        }
    }

    /// gᵀPg.
    public func squaredNorm(_ gradient: [Float]) -> Double {
        dot(gradient, applied(to: gradient))
    }

    /// Writes x̂_iᵀPx̂_i of the true rows `rows` to `norms` (indexed by local row): for `diagonal` without the intercept's
    /// share, which is the same for every row, for `dense` with it.
    func writeSquaredNorms(
        of rows: Range<Int>, in dataset: Dataset, hasIntercept: Bool, to norms: AlignedBuffer<Float>
    ) {
        switch (self, dataset.features) {
        case (.identity, _):
            for row in rows { norms.pointer[row] = dataset.squaredNorms.pointer[row] }
        case (.diagonal(let scale, _), .dense(let matrix)):
            for row in rows {
                let values = matrix.row(row)
                var sum = 0.0
                for column in 0..<matrix.columns { sum += Double(scale[column] * values[column] * values[column]) }
                norms.pointer[row] = Float(sum)
            }
        case (.diagonal(let scale, _), .sparse(let matrix)):
            var constant = 0.0
            if let shift = dataset.shift {
                for column in 0..<matrix.columns {
                    constant += Double(scale[column] * shift.pointer[column] * shift.pointer[column])
                }
            }
            for row in rows {
                var sum = constant
                for entry in matrix.rowOffsets.pointer[row]..<matrix.rowOffsets.pointer[row + 1] {
                    let column = Int(matrix.columnIndices.pointer[entry])
                    let value = matrix.values.pointer[entry]
                    let offset = dataset.shift.map { $0.pointer[column] } ?? 0
                    sum += Double(scale[column] * value * (value - 2 * offset))
                }
                norms.pointer[row] = Float(max(0, sum))
            }
        case (.dense(let factor, _), .dense(let matrix)):
            var x = [Double](repeating: 0, count: factor.dimension)
            for row in rows {
                let values = matrix.row(row)
                for column in 0..<matrix.columns { x[column] = Double(values[column]) }
                if hasIntercept { x[matrix.columns] = 1 }
                var sum = 0.0
                x.withUnsafeMutableBufferPointer { x in
                    factor.solveLower(x.baseAddress.unsafelyUnwrapped)
                    for value in x { sum += value * value }
                }
                norms.pointer[row] = Float(sum)
            }
        case (.dense, .sparse):
            preconditionFailure("a dense metric is made for dense features only")
        }
    }
}
