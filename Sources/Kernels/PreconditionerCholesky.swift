import CKernels

/// M = UᵀU of a symmetric positive definite matrix, in Double and in one fixed order on every machine.
///
/// By panels of rows that stay in the cache. n³/6 multiply-adds, and as many again for `inverseFactor`, and for `inverse`.
public struct Cholesky: Sendable {
    public let dimension: Int
    /// U, row-major, zero below the diagonal.
    public let upper: [Double]

    /// Rows that are worked off together, and rows that take up a panel together.
    private static let (panelRows, groupRows) = (32, 16)

    /// Nil when the matrix is not positive definite to working precision, or not finite.
    /// - Parameter matrix: dimension × dimension, row-major; only the upper triangle is read.
    public init?(_ matrix: [Double], dimension n: Int) {
        precondition(matrix.count == n * n)
        var upper = matrix
        let succeeded = upper.withUnsafeMutableBufferPointer { buffer in
            guard let u = buffer.baseAddress else { return true }
            let diagonals = (0..<n).map { u[$0 * n + $0] }
            for first in stride(from: 0, to: n, by: Self.panelRows) {
                let end = min(first + Self.panelRows, n)
                for k in first..<end {
                    let row = u + k * n
                    // Row k of M − Σ_{i<k} u_iᵀ u_i; panels before this one are in it.
                    ck_fixed_add_products(
                        1, n - k, k - first, -1, u + first * n + k, 0, n, u + first * n + k, n, row + k, n)
                    guard row[k] > 1e-14 * diagonals[k], row[k].isFinite else { return false }
                    let root = row[k].squareRoot()
                    row[k] = root
                    ck_fixed_scale(n - k - 1, 1 / root, row + k + 1)
                    for j in 0..<k { row[j] = 0 }
                }
                for k in stride(from: end, to: n, by: Self.groupRows) {
                    let rows = min(Self.groupRows, n - k)
                    let panel = u + first * n + k
                    ck_fixed_add_products(rows, n - k, end - first, -1, panel, 1, n, panel, n, u + k * n + k, n)
                }
            }
            return true
        }
        guard succeeded else { return nil }
        dimension = n
        self.upper = upper
    }

    /// M⁻¹ b.
    public func solve(_ b: [Double]) -> [Double] {
        precondition(b.count == dimension)
        let n = dimension
        var x = b
        x.withUnsafeMutableBufferPointer { buffer in
            upper.withUnsafeBufferPointer { upper in
                guard let x = buffer.baseAddress, let u = upper.baseAddress else { return }
                for i in 0..<n {
                    x[i] /= u[i * n + i]
                    ck_fixed_axpy(n - i - 1, -x[i], u + i * n + i + 1, x + i + 1)
                }
                for i in (0..<n).reversed() {
                    x[i] = (x[i] - ck_fixed_dot_dd(n - i - 1, u + i * n + i + 1, x + i + 1)) / u[i * n + i]
                }
            }
        }
        return x
    }

    /// F = U⁻¹, row-major, zero below the diagonal: M⁻¹ = F Fᵀ and xᵀ M⁻¹ x = ‖xF‖².
    public var inverseFactor: [Double] {
        let n = dimension
        var factor = [Double](repeating: 0, count: n * n)
        factor.withUnsafeMutableBufferPointer { buffer in
            upper.withUnsafeBufferPointer { upper in
                guard let f = buffer.baseAddress, let u = upper.baseAddress else { return }
                // f_k = (e_k − Σ_{i>k} u_ki f_i)/u_kk; row i is zero before column i.
                var end = n
                while end > 0 {
                    let first = max(0, end - Self.panelRows)
                    for column in stride(from: end, to: n, by: Self.groupRows) {
                        let last = min(column + Self.groupRows, n)
                        ck_fixed_add_products(
                            end - first, last - column, last - end, -1, u + first * n + end, n, 1, f + end * n + column,
                            n,
                            f + first * n + column, n)
                    }
                    for k in (first..<end).reversed() {
                        let row = f + k * n
                        let inverse = 1 / u[k * n + k]
                        ck_fixed_add_products(
                            1, n - k - 1, end - k - 1, -1, u + k * n + k + 1, 0, 1, f + (k + 1) * n + k + 1, n,
                            row + k + 1, n)
                        row[k] = inverse
                        ck_fixed_scale(n - k - 1, inverse, row + k + 1)
                    }
                    end = first
                }
            }
        }
        return factor
    }

    /// M⁻¹, row-major, symmetric.
    public var inverse: [Double] { Self.inverse(inverseFactor: inverseFactor, dimension: dimension) }

    /// M⁻¹ = F Fᵀ, row-major, symmetric.
    /// - Parameter factor: F, upper triangular.
    public static func inverse(inverseFactor factor: [Double], dimension n: Int) -> [Double] {
        var result = [Double](repeating: 0, count: n * n)
        var transposed = [Double](repeating: 0, count: n * n)
        result.withUnsafeMutableBufferPointer { result in
            transposed.withUnsafeMutableBufferPointer { transposed in
                factor.withUnsafeBufferPointer { factor in
                    guard let m = result.baseAddress, let t = transposed.baseAddress, let f = factor.baseAddress
                    else { return }
                    for i in 0..<n {
                        for j in i..<n { t[j * n + i] = f[i * n + j] }
                    }
                    // m_ij = Σ_{k≥i} f_ik f_jk for j ≤ i.
                    for i in stride(from: 0, to: n, by: Self.groupRows) {
                        let rows = min(Self.groupRows, n - i)
                        ck_fixed_add_products(
                            rows, i + rows, n - i, 1, f + i * n + i, n, 1, t + i * n, n, m + i * n, n)
                    }
                    for i in 0..<n {
                        for j in 0..<i { m[j * n + i] = m[i * n + j] }
                    }
                }
            }
        }
        return result
    }
}
