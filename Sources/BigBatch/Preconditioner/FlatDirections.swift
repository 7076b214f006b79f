import Kernels

/// A direction along which columns nearly cancel: its curvature is a small difference of large sums, of which little is right.
///
/// f is a column of U⁻¹ with A = UᵀU, so that fᵀAf = 1; `row` is that of U.
struct FlatDirection: Sendable {
    let index: Int
    let direction: [Double]
    let row: [Double]

    /// Share of a diagonal element below which its pivot is not believed.
    private static let share = 1e-4
    /// At most so many are looked into, the flattest.
    private static let most = 16

    static func found(in matrix: [Double], _ cholesky: Cholesky, inverseFactor: [Double]) -> [FlatDirection] {
        let n = cholesky.dimension
        func ratio(_ k: Int) -> Double {
            let pivot = cholesky.upper[k * n + k]
            return pivot * pivot / matrix[k * n + k]
        }
        return (0..<n).filter { ratio($0) < share }.sorted { ratio($0) < ratio($1) }.prefix(most).sorted().map { k in
            FlatDirection(
                index: k, direction: (0...k).map { inverseFactor[$0 * n + k] },
                row: (k..<n).map { cholesky.upper[k * n + $0] })
        }
    }
}

extension DensePreconditioner {
    /// A with fᵀAf' = T_ff' between the flat directions at `places` of `flatDirections`, where it has fᵀAf' = δ.
    func with(_ curvature: [[Double]], at places: [Int]) -> DensePreconditioner? {
        var matrix = self.matrix
        for (k, values) in zip(places, curvature) {
            for (l, value) in zip(places, values) {
                let change = value - (k == l ? 1 : 0)
                let (left, right) = (flatDirections[k], flatDirections[l])
                for (a, factor) in left.row.enumerated() {
                    for (b, other) in right.row.enumerated() where right.index + b >= left.index + a {
                        matrix[(left.index + a) * dimension + right.index + b] += change * factor * other
                    }
                }
            }
        }
        return DensePreconditioner(matrix, dimension: dimension, classes: classes, hasIntercept: hasIntercept)
    }
}

/// Eigenvalues of a small symmetric matrix and their vectors, by rotations (Jacobi).
struct SmallEigen {
    private(set) var values: [Double]
    /// vectors[i][k]: component i of the vector of value k.
    private(set) var vectors: [[Double]]

    init(_ matrix: [[Double]]) {
        let n = matrix.count
        var a = matrix
        var v = (0..<n).map { i in (0..<n).map { $0 == i ? 1.0 : 0 } }
        for _ in 0..<30 {
            for p in 0..<n {
                for q in p + 1..<max(p + 1, n) where a[p][q] != 0 {
                    let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
                    let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
                    let c = 1 / (t * t + 1).squareRoot()
                    let s = t * c
                    for i in 0..<n { (a[i][p], a[i][q]) = (c * a[i][p] - s * a[i][q], s * a[i][p] + c * a[i][q]) }
                    for i in 0..<n { (a[p][i], a[q][i]) = (c * a[p][i] - s * a[q][i], s * a[p][i] + c * a[q][i]) }
                    for i in 0..<n { (v[i][p], v[i][q]) = (c * v[i][p] - s * v[i][q], s * v[i][p] + c * v[i][q]) }
                }
            }
        }
        values = (0..<n).map { a[$0][$0] }
        vectors = v
    }

    /// Σ_k f(value k) v_k v_kᵀ.
    func mapped(_ f: (Double) -> Double) -> [[Double]] {
        let found = values.map(f)
        return vectors.map { left in
            vectors.map { right in found.indices.reduce(0) { $0 + found[$1] * left[$1] * right[$1] } }
        }
    }
}
