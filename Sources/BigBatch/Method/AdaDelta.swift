/// AdaDelta (Zeiler, 2012): v ← ρv + (1 − ρ)g², d = −√(u + ε)/√(v + ε) · g, u ← ρu + (1 − ρ)d², all elementwise; ρ = 0.9,
/// ε = 1e-6. d = −P g, and P is the step size.
public struct AdaDelta: Direction {
    public init() {}

    public func start(parameterCount: Int) -> Moments { Moments(count: parameterCount) }
    public func forget(_ moments: inout Moments) { moments.reset() }
    public func norm(_ moments: Moments) -> LearnedNorm? { moments.norm }
    public var standardStep: Double { 1 }
    public var decaysWeights: Bool { true }

    /// w_j ← (1 − αλP_jj) w_j.
    public func decay(_ weights: UnsafeMutableBufferPointer<Float>, rate: Float, _ moments: Moments) {
        moments.norm.diagonal.withUnsafeBufferPointer { p in
            for j in weights.indices { weights[j] -= rate * p[j] * weights[j] }
        }
    }

    public func write(_ d: inout [Float], _ gradient: any BatchGradient, hasLastStep: Bool, _ moments: inout Moments) {
        let rho: Float = 0.9
        moments.step(gradient.gradient, &d) { of in
            let (g, d, u, v, p) = (of.gradient, of.direction, of.first, of.second, of.norm)
            for j in p.indices {
                v[j] = rho * v[j] + (1 - rho) * (g[j] * g[j])
                p[j] = ((u[j] + 1e-6) / (v[j] + 1e-6)).squareRoot()
                d[j] = -p[j] * g[j]
                u[j] = rho * u[j] + (1 - rho) * (d[j] * d[j])
            }
        }
    }
}
