/// The norm the method works in: ‖g‖²_P = gᵀPg, and its steepest-descent direction −Pg.
///
/// With P close to the inverse Hessian a gradient step is close to a Newton step, and the noise test in the same norm is
/// what keeps such a step from a small batch safe. P is fixed while a run lasts.
public enum Metric: Sendable {
    /// P = I: the paper's method.
    case identity
    /// P = diag(p), one p_j > 0 per parameter.
    case diagonal([Float])
    /// The same symmetric positive definite P (dimension × dimension, row-major) for every class: parameters are
    /// feature-major (`classes` values per feature, then the intercepts as the last feature).
    case dense(matrix: [Float], dimension: Int, classes: Int)

    /// P g.
    func applied(to gradient: [Float]) -> [Float] {
        switch self {
        case .identity:
            return gradient
        case .diagonal(let scale):
            return gradient.indices.map { gradient[$0] * scale[$0] }
        case .dense(let matrix, let dimension, let classes):
            var result = [Float](repeating: 0, count: gradient.count)
            var sums = [Double](repeating: 0, count: classes)
            for row in 0..<dimension {
                for index in 0..<classes { sums[index] = 0 }
                for column in 0..<dimension {
                    let weight = Double(matrix[row * dimension + column])
                    for index in 0..<classes { sums[index] += weight * Double(gradient[column * classes + index]) }
                }
                for index in 0..<classes { result[row * classes + index] = Float(sums[index]) }
            }
            return result
        }
    }

    /// gᵀPg.
    func squaredNorm(_ gradient: [Float]) -> Double {
        switch self {
        case .identity: dot(gradient, gradient)
        case .diagonal, .dense: dot(gradient, applied(to: gradient))
        }
    }
}
