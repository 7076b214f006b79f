/// Limited-memory BFGS: the inverse Hessian from the last `memory` pairs s = Δx, y = Δg (Nocedal & Wright, algorithm 7.4).
///
/// Used on the full batch, where the gradient is exact. H₀ = γP with P the metric and γ = ⟨s, y⟩/⟨y, Py⟩ of the newest
/// pair. A pair without curvature (⟨s, y⟩ ≤ ε‖s‖‖y‖) is not kept. Memory: 2 · memory · parameters Floats.
struct LBFGS {
    private struct Pair {
        var step: [Float]
        var change: [Float]
        var inverseCurvature: Double
    }

    let memory: Int
    private var pairs: [Pair] = []
    private var scale = 1.0

    init(memory: Int = 10) {
        self.memory = memory
    }

    var isEmpty: Bool { pairs.isEmpty }

    mutating func reset() {
        pairs.removeAll(keepingCapacity: true)
    }

    /// Keeps the pair (s, y) when it has curvature.
    mutating func add(step: [Float], change: [Float], metric: Metric) {
        let curvature = dot(step, change)
        let bound = 1e-10 * (dot(step, step) * dot(change, change)).squareRoot()
        guard curvature.isFinite, curvature > bound else { return }
        if pairs.count == memory { pairs.removeFirst() }
        pairs.append(Pair(step: step, change: change, inverseCurvature: 1 / curvature))
        let denominator = dot(change, metric.applied(to: change))
        scale = denominator > 0 ? curvature / denominator : 1
    }

    /// d = −H g; with no pairs −P g.
    func direction(gradient: [Float], metric: Metric) -> [Float] {
        var q = gradient
        var coefficients = [Double](repeating: 0, count: pairs.count)
        for index in pairs.indices.reversed() {
            let pair = pairs[index]
            coefficients[index] = pair.inverseCurvature * dot(pair.step, q)
            axpy(-coefficients[index], pair.change, &q)
        }
        q = metric.applied(to: q)
        if !pairs.isEmpty { BigBatch.scale(scale, &q) }
        for index in pairs.indices {
            let pair = pairs[index]
            let correction = coefficients[index] - pair.inverseCurvature * dot(pair.change, q)
            axpy(correction, pair.step, &q)
        }
        BigBatch.scale(-1, &q)
        return q
    }
}
