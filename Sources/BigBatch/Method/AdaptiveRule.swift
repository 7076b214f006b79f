import Datasets
import Kernels
import MPI
import Models

/// Directions whose every element has a scale of its own, learned from the gradients g of past batches (all elementwise).
///
/// - Adam (Kingma & Ba, 2015): m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², d = −m̂/(√v̂ + ε), m̂ and v̂ without their bias;
///   β₁ = 0.9, β₂ = 0.999, ε = 1e-8.
/// - AdaDelta (Zeiler, 2012): v ← ρv + (1 − ρ)g², d = −√(u + ε)/√(v + ε) · g, u ← ρu + (1 − ρ)d²; ρ = 0.9, ε = 1e-6.
///
/// Either is d = −P m with a diagonal P > 0, so noise counts in the norm gᵀPg. The P of the noise test is that of the last
/// step, which knows nothing of the batch it judges (I before the first); an element of Adam that has hardly had a gradient
/// counts there with the root mean square of all, as the next step will be made with what the batch brings, and
/// not with 1/ε. Σ_i ‖∇f_i‖²_P is not at hand for a whole batch;
/// its ratio to Σ_i ‖∇f_i‖², which is, is measured on `sampleSize` rows now and then.
final class AdaptiveRule {
    /// Rows that a ratio is measured on: a gradient row by row costs several times a row of a batch.
    static let sampleSize = 256
    /// Per-sample gradients from one measurement to the next.
    static let interval = 64 * sampleSize
    /// Least √v̂ of the noise test, in units of the root mean square over all elements.
    private static let leastScale: Float = 1

    private let isAdam: Bool
    /// m of Adam, u of AdaDelta.
    private let first: AlignedBuffer<Float>
    /// v.
    private let second: AlignedBuffer<Float>
    /// P, by elements.
    let metric: AlignedBuffer<Float>
    /// Σ ‖∇f‖²_P / Σ ‖∇f‖².
    private(set) var normRatio = 1.0
    private var measuredAt: Int?
    private var steps = 0

    /// All of it that the next step depends on.
    var state: AdaptiveState {
        get {
            AdaptiveState(
                first: Array(first.elements), second: Array(second.elements), metric: Array(metric.elements),
                normRatio: normRatio, measuredAt: measuredAt, steps: steps)
        }
        set {
            for (buffer, values) in [(first, newValue.first), (second, newValue.second), (metric, newValue.metric)] {
                for j in 0..<min(buffer.count, values.count) { buffer.pointer[j] = values[j] }
            }
            normRatio = newValue.normRatio
            measuredAt = newValue.measuredAt
            steps = newValue.steps
        }
    }

    init(_ kind: DirectionKind, count: Int) {
        isAdam = kind == .adam
        first = AlignedBuffer(count: count)
        second = AlignedBuffer(count: count)
        metric = AlignedBuffer(count: count)
        reset()
    }

    /// α that needs no tuning.
    var standardStep: Double { isAdam ? 1e-3 : 1 }

    /// How much longer than α a step from K rows is: Adam's α is made for batches of about `usualBatch`, and with less noise
    /// steps may be longer, by the square root (Malladi et al., On the SDEs and Scaling Rules for Adaptive Gradient
    /// Algorithms, 2022).
    func stretch(batchSize: Int) -> Double {
        isAdam ? max(1, Double(batchSize) / Self.usualBatch).squareRoot() : 1
    }
    private static let usualBatch = 64.0

    /// Forgets the gradients.
    func reset() {
        first.elements.update(repeating: 0)
        second.elements.update(repeating: 0)
        metric.elements.update(repeating: 1)
        normRatio = 1
        measuredAt = nil
        steps = 0
    }

    /// Takes in g and writes d.
    func writeDirection(gradient: [Float], into direction: inout [Float]) {
        steps += 1
        gradient.withUnsafeBufferPointer { g in
            direction.withUnsafeMutableBufferPointer { d in
                guard let g = g.baseAddress, let d = d.baseAddress else { return }
                if isAdam { adam(g, d) } else { adaDelta(g, d) }
            }
        }
    }

    /// d = −Pg.
    func writeDescent(gradient: [Float], into direction: inout [Float]) {
        gradient.withUnsafeBufferPointer { g in
            direction.withUnsafeMutableBufferPointer { d in
                for j in 0..<metric.count { d[j] = -metric.pointer[j] * g[j] }
            }
        }
    }

    private func adam(_ g: UnsafePointer<Float>, _ d: UnsafeMutablePointer<Float>) {
        let (m, v, p) = (first.pointer, second.pointer, metric.pointer)
        let (beta1, beta2): (Float, Float) = (0.9, 0.999)
        let unbiased1 = 1 / (1 - Float(Self.power(0.9, steps)))
        let unbiased2 = 1 / (1 - Float(Self.power(0.999, steps)))
        var sum = 0.0
        for j in 0..<metric.count {
            m[j] = beta1 * m[j] + (1 - beta1) * g[j]
            v[j] = beta2 * v[j] + (1 - beta2) * (g[j] * g[j])
            let root = (unbiased2 * v[j]).squareRoot() + 1e-8
            sum += Double(root) * Double(root)
            p[j] = root
            d[j] = -(unbiased1 * m[j]) / root
        }
        let least = Self.leastScale * Float((sum / Double(max(1, metric.count))).squareRoot())
        for j in 0..<metric.count { p[j] = 1 / max(p[j], least) }
    }

    private func adaDelta(_ g: UnsafePointer<Float>, _ d: UnsafeMutablePointer<Float>) {
        let (u, v, p) = (first.pointer, second.pointer, metric.pointer)
        let rho: Float = 0.9
        for j in 0..<metric.count {
            v[j] = rho * v[j] + (1 - rho) * (g[j] * g[j])
            p[j] = ((u[j] + 1e-6) / (v[j] + 1e-6)).squareRoot()
            d[j] = -p[j] * g[j]
            u[j] = rho * u[j] + (1 - rho) * (d[j] * d[j])
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

    /// Whether the ratio should be measured now.
    func isDue(gradientsEvaluated: Int) -> Bool {
        steps > 0 && measuredAt.map { gradientsEvaluated - $0 >= Self.interval } ?? true
    }

    /// Sums over this rank's part of `batch` of ‖∇f‖²_P and ‖∇f‖².
    func sums<M: Model>(_ model: M, _ batch: Batch, at x: [Float]) -> (inMetric: ExactSum, euclidean: ExactSum) {
        var norms = [Double](repeating: 0, count: batch.count)
        func sum(_ metric: UnsafeBufferPointer<Float>?) -> ExactSum {
            x.withUnsafeBufferPointer { x in
                norms.withUnsafeMutableBufferPointer {
                    model.writeSquaredNorms(of: batch, at: x, metric: metric, into: $0)
                }
            }
            return norms.reduce(into: ExactSum()) { $0.add($1) }
        }
        return (sum(UnsafeBufferPointer(metric.elements)), sum(nil))
    }

    func note(inMetric: Double, euclidean: Double, gradientsEvaluated: Int) {
        measuredAt = gradientsEvaluated
        let ratio = inMetric / euclidean
        if ratio.isFinite, ratio > 0 { normRatio = ratio }
    }
}

/// The state of an `AdaptiveRule`.
struct AdaptiveState: Codable {
    @Stored var first: [Float]
    @Stored var second: [Float]
    @Stored var metric: [Float]
    var normRatio: Double
    var measuredAt: Int?
    var steps: Int
}
