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
    /// P over features (and the intercept), for each class.
    case dense(DenseMetric)

    /// P g.
    public func applied(to gradient: [Float]) -> [Float] {
        switch self {
        case .identity:
            return gradient
        case .diagonal(let scale, let classes):
            var result = gradient
            result.withUnsafeMutableBufferPointer { result in
                for (feature, factor) in scale.enumerated() {
                    for index in feature * classes..<(feature + 1) * classes { result[index] *= factor }
                }
            }
            return result
        case .dense(let metric):
            return metric.applied(to: gradient)
        }
    }

    /// gᵀPg.
    public func squaredNorm(_ gradient: [Float]) -> Double {
        dot(gradient, applied(to: gradient))
    }
}

/// P = A⁻¹ with A symmetric positive definite over features (and the intercept), the same for each of `classes`.
public struct DenseMetric: Sendable {
    public let dimension: Int
    public let classes: Int
    /// A⁻¹, row-major.
    private let inverse: [Double]
    private let factor: MetricFactor

    /// - Parameter matrix: A, row-major. Nil when it is not positive definite.
    public init?(_ matrix: [Double], dimension: Int, classes: Int, hasIntercept: Bool) {
        guard let cholesky = Cholesky(matrix, dimension: dimension) else { return nil }
        self.dimension = dimension
        self.classes = classes
        inverse = cholesky.inverse
        factor = MetricFactor(factor: cholesky.inverseFactor, dimension: dimension, hasIntercept: hasIntercept)
    }

    func applied(to gradient: [Float]) -> [Float] {
        var sums = [Double](repeating: 0, count: gradient.count)
        inverse.withUnsafeBufferPointer { inverse in
            gradient.withUnsafeBufferPointer { gradient in
                sums.withUnsafeMutableBufferPointer { sums in
                    for row in 0..<dimension {
                        for column in 0..<dimension {
                            let weight = inverse[row * dimension + column]
                            for index in 0..<classes {
                                sums[row * classes + index] += weight * Double(gradient[column * classes + index])
                            }
                        }
                    }
                }
            }
        }
        return sums.map { Float($0) }
    }

    /// Writes x̂_iᵀPx̂_i, the intercept's share included, for the local rows `rows` of dense features.
    func writeSquaredNorms(of rows: Range<Int>, in features: FeatureMatrix, to norms: AlignedBuffer<Float>) {
        factor.squaredNorms(features, rows, into: norms.pointer + rows.lowerBound)
    }
}
