import Datasets
import Kernels

/// The norm the method works in: ‖g‖²_P = gᵀPg, and its steepest-descent direction −Pg.
///
/// With P close to the inverse Hessian a gradient step is close to a Newton step, and the noise test in the same norm is
/// what keeps such a step from a small batch safe. Parameters are feature-major: C values per feature, then the C
/// intercepts as one more feature; every class has the same P.
public enum Preconditioner: Sendable {
    /// P = I: the paper's method.
    case identity
    /// P_jj = scale[j], one per feature (and one for the intercept), for each of `classes`.
    case diagonal(scale: [Float], classes: Int)
    /// P over features (and the intercept), for each class.
    case dense(DensePreconditioner)

    /// P is not the identity.
    var isPreconditioned: Bool { if case .identity = self { false } else { true } }

    /// out = factor · P g over the parameters from `first` on, the first of a column.
    func apply(_ factor: Double, to g: [Float], into out: inout [Float], from first: Int = 0) {
        g.withUnsafeBufferPointer { g in
            out.withUnsafeMutableBufferPointer { apply(factor, to: g, into: $0, from: first) }
        }
    }

    /// out = factor · P g over the parameters from `first` on, the first of a column.
    func apply(
        _ factor: Double, to g: UnsafeBufferPointer<Float>, into out: UnsafeMutableBufferPointer<Float>,
        from first: Int = 0
    ) {
        switch self {
        case .identity: FixedOrder.scaled(g, by: factor, into: out)
        case .diagonal(let scale, let classes):
            FixedOrder.scaled(g, by: factor, scale: scale[(first / classes)...], classes: classes, into: out)
        case .dense(let preconditioner):
            FixedOrder.product(factor, preconditioner.inverse, g, classes: preconditioner.classes, into: out)
        }
    }

    /// P g of the only class.
    func product(_ g: [Double]) -> [Double] {
        switch self {
        case .identity: g
        case .diagonal(let scale, _): zip(g, scale).map { $0 * Double($1) }
        case .dense(let dense): dense.product(g)
        }
    }

    /// gᵀPg.
    public func squaredNorm(_ g: [Float]) -> Double {
        g.withUnsafeBufferPointer { squaredNorm($0) }
    }

    /// gᵀPg over the parameters from `first` on, the first of a column.
    func squaredNorm(_ g: UnsafeBufferPointer<Float>, from first: Int = 0) -> Double {
        switch self {
        case .identity: return FixedOrder.squaredNorm(g)
        case .diagonal(let scale, let classes):
            return FixedOrder.squaredNorm(g, scale: scale[(first / classes)...], classes: classes)
        case .dense(let preconditioner):
            return withUnsafeTemporaryAllocation(of: Float.self, capacity: g.count) {
                preconditioner.product(g, into: $0)
            }
        }
    }

    /// dᵀP⁻¹d: the norm of steps dual to that of gradients. For d = −Pg it is gᵀPg.
    func squaredDualNorm(_ d: [Float]) -> Double {
        switch self {
        case .identity: squaredNorm(d)
        case .diagonal(let scale, let classes):
            d.indices.reduce(0.0) { $0 + Double(d[$1]) * Double(d[$1]) / Double(scale[$1 / classes]) }
        case .dense(let preconditioner): preconditioner.squaredDualNorm(d)
        }
    }
}

/// P = A⁻¹ with A symmetric positive definite over features (and the intercept), the same for each of `classes`.
public struct DensePreconditioner: Sendable {
    public let dimension: Int
    public let classes: Int
    let hasIntercept: Bool
    /// The upper triangle of A, row by row: the preconditioner is made from it.
    let upper: [Double]
    /// A⁻¹, row-major.
    let inverse: [Double]
    private let factor: PreconditionerFactor
    let flatDirections: [FlatDirection]

    /// - Parameter matrix: A, row-major. Nil when it is not positive definite.
    public init?(_ matrix: [Double], dimension: Int, classes: Int, hasIntercept: Bool) {
        guard let cholesky = Cholesky(matrix, dimension: dimension) else { return nil }
        self.dimension = dimension
        self.classes = classes
        self.hasIntercept = hasIntercept
        upper = (0..<dimension).flatMap { matrix[$0 * dimension + $0..<($0 + 1) * dimension] }
        let inverseFactor = cholesky.inverseFactor
        inverse = Cholesky.inverse(inverseFactor: inverseFactor, dimension: dimension)
        flatDirections = FlatDirection.found(in: matrix, cholesky, inverseFactor: inverseFactor)
        factor = PreconditionerFactor(factor: inverseFactor, dimension: dimension, hasIntercept: hasIntercept)
    }

    /// The same preconditioner from its `upper`.
    init?(upper: [Double], dimension: Int, classes: Int, hasIntercept: Bool) {
        self.init(
            Self.matrix(upper: upper, dimension: dimension), dimension: dimension, classes: classes,
            hasIntercept: hasIntercept)
    }

    /// A, row-major; what is below the diagonal is 0.
    var matrix: [Double] { Self.matrix(upper: upper, dimension: dimension) }

    private static func matrix(upper: [Double], dimension: Int) -> [Double] {
        var matrix = [Double](repeating: 0, count: dimension * dimension)
        var place = 0
        for row in 0..<dimension {
            for column in row..<dimension {
                matrix[row * dimension + column] = upper[place]
                place += 1
            }
        }
        return matrix
    }

    /// P_jj.
    var diagonal: [Double] { (0..<dimension).map { inverse[$0 * dimension + $0] } }

    /// out = P g.
    /// - Returns: gᵀPg.
    func product(_ g: [Float], into out: inout [Float]) -> Double {
        g.withUnsafeBufferPointer { g in out.withUnsafeMutableBufferPointer { product(g, into: $0) } }
    }

    /// out = P g.
    /// - Returns: gᵀPg.
    func product(_ g: UnsafeBufferPointer<Float>, into out: UnsafeMutableBufferPointer<Float>) -> Double {
        FixedOrder.product(1, inverse, g, classes: classes, into: out)
        return FixedOrder.dot(g, UnsafeBufferPointer(out))
    }

    fileprivate func product(_ g: [Double]) -> [Double] {
        inverse.withUnsafeBufferPointer { inverse in
            g.withUnsafeBufferPointer { g in
                (0..<dimension).map {
                    FixedOrder.dot(UnsafeBufferPointer(rebasing: inverse[$0 * dimension..<($0 + 1) * dimension]), g)
                }
            }
        }
    }

    /// dᵀAd.
    fileprivate func squaredDualNorm(_ d: [Float]) -> Double {
        var (sum, place) = (0.0, 0)
        for row in 0..<dimension {
            for column in row..<dimension {
                let products = (0..<classes).reduce(0.0) {
                    $0 + Double(d[row * classes + $1]) * Double(d[column * classes + $1])
                }
                sum += (row == column ? 1 : 2) * upper[place] * products
                place += 1
            }
        }
        return sum
    }

    /// Writes x̂_iᵀPx̂_i, the intercept's share included, for local rows of a data set.
    func writeSquaredNorms(of rows: [Int], in dataset: Dataset, to norms: AlignedBuffer<Float>) {
        if case .dense(let features) = dataset.features, dataset.shift == nil {
            // Neighbours at once.
            var first = 0
            while first < rows.count {
                var last = first
                while last + 1 < rows.count, rows[last + 1] == rows[last] + 1 { last += 1 }
                factor.squaredNorms(features, rows[first]..<rows[last] + 1, into: norms.pointer + rows[first])
                first = last + 1
            }
            return
        }
        guard case .dense(let gathered) = dataset.gathered(rows).features else { return }
        let found = AlignedBuffer<Float>(count: rows.count)
        factor.squaredNorms(gathered, 0..<rows.count, into: found.pointer)
        for (index, row) in rows.enumerated() { norms.pointer[row] = found.pointer[index] }
    }
}
