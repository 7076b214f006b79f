/// Adam (Kingma & Ba, 2015): m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², d = −m̂/(√v̂ + ε), m̂ and v̂ without their bias, all
/// elementwise; β₁ = 0.9, β₂ = 0.999, ε = 1e-8.
///
/// d = −P m with P = 1/√v̂. In the norm that noise counts in, an element that has hardly had a gradient counts with the root
/// mean square of all, as the next step will be made with what the batch brings, and not with 1/ε.
public struct Adam: Direction {
    public init() {}

    public func start(parameterCount: Int) -> Moments { Moments(count: parameterCount) }
    public func forget(_ moments: inout Moments) { moments.reset() }
    public func norm(_ moments: Moments) -> LearnedNorm? { moments.norm }
    public var standardStep: Double { 1e-3 }
    public var decaysWeights: Bool { true }

    /// α is made for batches of about 64, and with less noise steps may be longer, by the square root (Malladi et al., On the
    /// SDEs and Scaling Rules for Adaptive Gradient Algorithms, 2022).
    public func stretch(batchSize: Int) -> Double { max(1, Double(batchSize) / 64).squareRoot() }

    public func write(_ d: inout [Float], _ gradient: any BatchGradient, hasLastStep: Bool, _ moments: inout Moments) {
        let steps = moments.steps + 1
        let (beta1, beta2): (Float, Float) = (0.9, 0.999)
        let unbiased1 = 1 / (1 - Float(Self.power(0.9, steps)))
        let unbiased2 = 1 / (1 - Float(Self.power(0.999, steps)))
        moments.step(gradient.gradient, &d) { of in
            let (g, m, v, p) = (of.gradient, of.first, of.second, of.norm)
            var sum = 0.0
            for j in p.indices {
                m[j] = beta1 * m[j] + (1 - beta1) * g[j]
                v[j] = beta2 * v[j] + (1 - beta2) * (g[j] * g[j])
                let root = (unbiased2 * v[j]).squareRoot() + 1e-8
                sum += Double(root) * Double(root)
                p[j] = root
                of.direction[j] = -(unbiased1 * m[j]) / root
            }
            let least = Float((sum / Double(max(1, p.count))).squareRoot())
            for j in p.indices { p[j] = 1 / max(p[j], least) }
        }
    }

    private static func power(_ base: Double, _ exponent: Int) -> Double {
        var (result, square, rest) = (1.0, base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }
}
