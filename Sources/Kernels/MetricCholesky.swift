import CKernels

/// M = L Lᵀ of a symmetric positive definite matrix, in Double and in one fixed order on every machine.
///
/// Row by row (Cholesky–Banachiewicz): every inner loop is a dot product of two rows. n³/3 operations.
public struct Cholesky: Sendable {
    public let dimension: Int
    /// L, row-major, zero above the diagonal.
    public let lower: [Double]

    /// Nil when the matrix is not positive definite to working precision, or not finite.
    /// - Parameter matrix: dimension × dimension, row-major; only the lower triangle is read.
    public init?(_ matrix: [Double], dimension n: Int) {
        precondition(matrix.count == n * n)
        var lower = [Double](repeating: 0, count: n * n)
        let succeeded = lower.withUnsafeMutableBufferPointer { buffer in
            guard let l = buffer.baseAddress else { return true }
            for i in 0..<n {
                let row = l + i * n
                for j in 0..<i {
                    let other = l + j * n
                    row[j] = (matrix[i * n + j] - ck_fixed_dot_dd(j, row, other)) / other[j]
                }
                let pivot = matrix[i * n + i] - ck_fixed_dot_dd(i, row, row)
                guard pivot > 1e-14 * matrix[i * n + i], pivot.isFinite else { return false }
                row[i] = pivot.squareRoot()
            }
            return true
        }
        guard succeeded else { return nil }
        dimension = n
        self.lower = lower
    }

    /// M⁻¹ b.
    public func solve(_ b: [Double]) -> [Double] {
        precondition(b.count == dimension)
        let n = dimension
        var x = b
        for i in 0..<n {
            for k in 0..<i { x[i] -= lower[i * n + k] * x[k] }
            x[i] /= lower[i * n + i]
        }
        for i in (0..<n).reversed() {
            x[i] /= lower[i * n + i]
            for k in 0..<i { x[k] -= lower[i * n + k] * x[i] }
        }
        return x
    }

    /// F = L⁻ᵀ, row-major, zero below the diagonal: M⁻¹ = F Fᵀ and xᵀ M⁻¹ x = ‖xF‖².
    public var inverseFactor: [Double] {
        let n = dimension
        var factor = [Double](repeating: 0, count: n * n)
        factor.withUnsafeMutableBufferPointer { buffer in
            lower.withUnsafeBufferPointer { lower in
                guard let f = buffer.baseAddress, let l = lower.baseAddress else { return }
                for j in 0..<n {
                    let row = f + j * n
                    row[j] = 1 / l[j * n + j]
                    for i in j + 1..<max(n, j + 1) {
                        row[i] = -ck_fixed_dot_dd(i - j, l + i * n + j, row + j) / l[i * n + i]
                    }
                }
            }
        }
        return factor
    }

    /// M⁻¹, row-major, symmetric.
    public var inverse: [Double] {
        let n = dimension
        var result = [Double](repeating: 0, count: n * n)
        inverseFactor.withUnsafeBufferPointer { factor in
            guard let f = factor.baseAddress else { return }
            for i in 0..<n {
                for j in 0...i {
                    // F is zero before the diagonal.
                    let value = ck_fixed_dot_dd(n - i, f + i * n + i, f + j * n + i)
                    result[i * n + j] = value
                    result[j * n + i] = value
                }
            }
        }
        return result
    }
}
