import CKernels

/// What one pass over the mean gradient of a batch finds.
public struct GradientNorms: Sendable, Equatable {
    /// ‖ḡ‖²_P of the data term.
    public var dataNorm = 0.0
    /// ‖g‖²_P, regulariser included.
    public var norm = 0.0
    /// ‖g‖².
    public var euclideanNorm = 0.0
    /// ‖x‖² of the parameters passed.
    public var squaredParameters = 0.0

    public init() {}

    /// Those of `other` but for ‖ḡ‖²_P.
    public init(dataNorm: Double, from other: GradientNorms) {
        self = other
        self.dataNorm = dataNorm
    }
}

/// Σ ∇f over a batch, as it was reduced.
public enum GradientSums {
    case doubles(UnsafePointer<Double>)
    case floats(UnsafePointer<Float>)
    case units(UnsafePointer<Int32>, unit: Double)

    /// From element `count` on.
    public func dropFirst(_ count: Int) -> GradientSums {
        switch self {
        case .doubles(let sums): .doubles(sums + count)
        case .floats(let sums): .floats(sums + count)
        case .units(let sums, let unit): .units(sums + count, unit: unit)
        }
    }
}

/// Fused passes over vectors as long as the parameters, feature-major (`classes` values a feature). Same bits everywhere.
extension FixedOrder {
    /// g = sums · inverse + λx, and norms of it in P = diag(scale) (nil: identity), added to `norms`.
    ///
    /// All vectors hold features × classes values; `scale` holds one per feature.
    public static func meanGradient(
        features: Int, classes: Int, sums: GradientSums, inverse: Double, lambda: Float,
        parameters x: UnsafePointer<Float>, scale: UnsafePointer<Float>?, into g: UnsafeMutablePointer<Float>,
        norms: inout GradientNorms
    ) {
        var found = (0.0, 0.0, 0.0, 0.0)
        withUnsafeMutableBytes(of: &found) { bytes in
            guard let out = bytes.bindMemory(to: Double.self).baseAddress else { return }
            switch sums {
            case .doubles(let sums): ck_fixed_mean_gradient(features, classes, sums, inverse, lambda, x, scale, g, out)
            case .floats(let sums): ck_fixed_mean_gradient_f(features, classes, sums, inverse, lambda, x, scale, g, out)
            case .units(let sums, let unit):
                ck_fixed_mean_gradient_i(features, classes, sums, inverse * unit, lambda, x, scale, g, out)
            }
        }
        norms.dataNorm += found.0
        norms.norm += found.1
        norms.euclideanNorm += found.2
        norms.squaredParameters += found.3
    }

    /// d = factor · g + kept · d, each element computed in Double and rounded once. Equal counts.
    public static func blend(
        _ factor: Double, _ g: UnsafeBufferPointer<Float>, keeping kept: Double, of d: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(g.count == d.count)
        guard let source = g.baseAddress, let target = d.baseAddress else { return }
        ck_fixed_blend(g.count, factor, source, kept, target)
    }

    /// out = factor · diag(scale) g; `scale` may be longer than is needed.
    public static func scaled(
        _ g: UnsafeBufferPointer<Float>, by factor: Double, scale: ArraySlice<Float>, classes: Int,
        into out: UnsafeMutableBufferPointer<Float>
    ) {
        let columns = g.count / classes
        precondition(g.count == columns * classes && scale.count >= columns && out.count == g.count)
        guard let source = g.baseAddress, let target = out.baseAddress else { return }
        scale.withUnsafeBufferPointer { scale in
            guard let scale = scale.baseAddress else { return }
            ck_fixed_scaled(columns, classes, factor, scale, source, target)
        }
    }

    /// out = factor · M g for each class; M is n × n, row-major, g and out n × classes. out may be g.
    public static func product(
        _ factor: Double, _ matrix: [Double], _ g: UnsafeBufferPointer<Float>, classes: Int,
        into out: UnsafeMutableBufferPointer<Float>
    ) {
        let n = g.count / max(1, classes)
        precondition(n * classes == g.count && matrix.count == n * n && out.count == g.count)
        guard let source = g.baseAddress, let target = out.baseAddress else { return }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * n * KernelSet.classStride(classes) + 8) {
            scratch in
            guard let scratch = scratch.baseAddress else { return }
            ck_fixed_apply(n, classes, factor, matrix, source, scratch, target)
        }
    }

    /// out = factor · g. out may be g.
    public static func scaled(
        _ g: UnsafeBufferPointer<Float>, by factor: Double, into out: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(g.count == out.count)
        guard let source = g.baseAddress, let target = out.baseAddress else { return }
        ck_fixed_combine(g.count, factor, source, 0, nil, nil, target)
    }

    /// gᵀ diag(scale) g; `scale` may be longer than is needed.
    public static func squaredNorm(
        _ g: UnsafeBufferPointer<Float>, scale: ArraySlice<Float>, classes: Int
    ) -> Double {
        let columns = g.count / classes
        precondition(g.count == columns * classes && scale.count >= columns)
        guard let source = g.baseAddress else { return 0 }
        return scale.withUnsafeBufferPointer { scale in
            scale.baseAddress.map { ck_fixed_scaled_norm(columns, classes, $0, source) } ?? 0
        }
    }

    /// out[v] = vectors[v]·q over the first `count` elements: one read of every vector, q stays in cache.
    public static func dots(
        _ vectors: [UnsafePointer<Float>], _ q: UnsafePointer<Float>, count: Int, into out: inout [Double]
    ) {
        precondition(out.count >= vectors.count)
        withPointers(vectors) { ck_fixed_dots(count, vectors.count, $0, q, &out) }
    }

    /// out = factor · base + Σ_v coefficients[v] · vectors[v], each element summed in Double and rounded once.
    public static func combine(
        _ factor: Double, _ base: UnsafePointer<Float>, _ coefficients: [Double], _ vectors: [UnsafePointer<Float>],
        count: Int, into out: UnsafeMutablePointer<Float>
    ) {
        precondition(coefficients.count >= vectors.count && !vectors.isEmpty)
        withPointers(vectors) { ck_fixed_combine(count, factor, base, vectors.count, coefficients, $0, out) }
    }

    /// step = x − previousX, change = g − previousG, and previous = now.
    /// - Returns: ⟨step, change⟩, ‖step‖², ‖change‖².
    public static func pair(
        _ x: UnsafeBufferPointer<Float>, previousX: UnsafeMutablePointer<Float>, _ g: UnsafeBufferPointer<Float>,
        previousG: UnsafeMutablePointer<Float>, step: UnsafeMutablePointer<Float>, change: UnsafeMutablePointer<Float>
    ) -> (product: Double, squaredStep: Double, squaredChange: Double) {
        precondition(x.count == g.count)
        var found = (0.0, 0.0, 0.0)
        guard let point = x.baseAddress, let gradient = g.baseAddress else { return found }
        withUnsafeMutableBytes(of: &found) { bytes in
            guard let out = bytes.bindMemory(to: Double.self).baseAddress else { return }
            ck_fixed_pair(x.count, point, previousX, gradient, previousG, step, change, out)
        }
        return found
    }

    /// out = x, rounded to Float. Equal counts.
    public static func narrow(_ x: UnsafeBufferPointer<Double>, into out: UnsafeMutableBufferPointer<Float>) {
        precondition(x.count == out.count)
        guard let source = x.baseAddress, let target = out.baseAddress else { return }
        ck_fixed_narrow(x.count, source, target)
    }

    /// out = x. Equal counts.
    public static func widen(_ x: UnsafeBufferPointer<Float>, into out: UnsafeMutableBufferPointer<Double>) {
        precondition(x.count == out.count)
        guard let source = x.baseAddress, let target = out.baseAddress else { return }
        ck_fixed_widen(x.count, source, target)
    }

    private static func withPointers(
        _ vectors: [UnsafePointer<Float>], _ body: (UnsafePointer<UnsafePointer<Float>>) -> Void
    ) {
        vectors.withUnsafeBufferPointer { pointers in
            if let pointers = pointers.baseAddress { body(pointers) }
        }
    }
}
