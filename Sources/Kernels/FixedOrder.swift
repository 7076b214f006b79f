import CKernels

/// Sums and updates whose result is the same on every machine, bit for bit: eight partial sums in one order, Double
/// arithmetic, no fused multiply-add. Numbers that decisions are made from, and parameters, come from here.
public enum FixedOrder {
    /// Σ a_i b_i. Equal counts.
    public static func dot(_ a: UnsafeBufferPointer<Double>, _ b: UnsafeBufferPointer<Double>) -> Double {
        precondition(a.count == b.count)
        guard let x = a.baseAddress, let y = b.baseAddress else { return 0 }
        return ck_fixed_dot_dd(a.count, x, y)
    }

    /// Σ a_i b_i. Equal counts.
    public static func dot(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>) -> Double {
        precondition(a.count == b.count)
        guard let x = a.baseAddress, let y = b.baseAddress else { return 0 }
        return ck_fixed_dot_ff(a.count, x, y)
    }

    /// Σ a_i b_i. Equal counts.
    public static func dot(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Double>) -> Double {
        precondition(a.count == b.count)
        guard let x = a.baseAddress, let y = b.baseAddress else { return 0 }
        return ck_fixed_dot_fd(a.count, x, y)
    }

    /// Σ a_i².
    public static func squaredNorm(_ a: UnsafeBufferPointer<Double>) -> Double { dot(a, a) }

    /// Σ a_i².
    public static func squaredNorm(_ a: UnsafeBufferPointer<Float>) -> Double { dot(a, a) }

    /// Σ a_i.
    public static func sum(_ a: UnsafeBufferPointer<Double>) -> Double {
        guard let x = a.baseAddress else { return 0 }
        return ck_fixed_sum(a.count, x)
    }

    /// y += step · x. Equal counts.
    public static func add(
        _ step: Double, _ x: UnsafeBufferPointer<Double>, to y: UnsafeMutableBufferPointer<Double>
    ) {
        precondition(x.count == y.count)
        guard let source = x.baseAddress, let target = y.baseAddress else { return }
        ck_fixed_axpy(x.count, step, source, target)
    }

    /// y += step · x: a regulariser's gradient λw onto a Double gradient. Equal counts.
    public static func add(
        _ step: Double, _ x: UnsafeBufferPointer<Float>, to y: UnsafeMutableBufferPointer<Double>
    ) {
        precondition(x.count == y.count)
        guard let source = x.baseAddress, let target = y.baseAddress else { return }
        ck_fixed_axpy_fd(x.count, step, source, target)
    }

    /// y += step · x, each element computed in Double and rounded once. Equal counts.
    public static func add(_ step: Double, _ x: UnsafeBufferPointer<Float>, to y: UnsafeMutableBufferPointer<Float>) {
        precondition(x.count == y.count)
        guard let source = x.baseAddress, let target = y.baseAddress else { return }
        ck_fixed_axpy_ff(x.count, step, source, target)
    }

    /// out = x + step · d: the trial point of a step, each element computed in Double and rounded once. Equal counts;
    /// out may be x.
    public static func move(
        _ x: UnsafeBufferPointer<Float>, along d: UnsafeBufferPointer<Double>, step: Double,
        into out: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(x.count == d.count && x.count == out.count)
        guard let from = x.baseAddress, let direction = d.baseAddress, let to = out.baseAddress else { return }
        ck_fixed_add_fd(x.count, step, direction, from, to)
    }

    /// out = x + step · d. Equal counts; out may be x.
    public static func move(
        _ x: UnsafeBufferPointer<Float>, along d: UnsafeBufferPointer<Float>, step: Double,
        into out: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(x.count == d.count && x.count == out.count)
        guard let from = x.baseAddress, let direction = d.baseAddress, let to = out.baseAddress else { return }
        ck_fixed_add_ff(x.count, step, direction, from, to)
    }

    /// x *= factor.
    public static func scale(_ x: UnsafeMutableBufferPointer<Double>, by factor: Double) {
        guard let target = x.baseAddress else { return }
        ck_fixed_scale(x.count, factor, target)
    }
}
