/// Least squares with coefficients that are not negative: min Σ w (y − Σ βⱼ xⱼ)², β ≥ 0.
package enum LeastSquares {
    /// Coordinate descent on the normal equations, which converges for this convex problem; a handful of coefficients.
    /// - Parameter rows: x, y and w of each observation.
    package static func nonNegative(_ rows: [(x: [Double], y: Double, weight: Double)], count: Int) -> [Double] {
        var normal = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
        var right = [Double](repeating: 0, count: count)
        for row in rows {
            for i in 0..<count {
                right[i] += row.weight * row.x[i] * row.y
                for j in 0..<count { normal[i][j] += row.weight * row.x[i] * row.x[j] }
            }
        }
        // Unit diagonal: latencies and times per byte differ by many powers of ten.
        let scale = (0..<count).map { normal[$0][$0] > 0 ? 1 / normal[$0][$0].squareRoot() : 0 }
        var beta = [Double](repeating: 0, count: count)
        for _ in 0..<20_000 {
            var change = 0.0
            for i in 0..<count where scale[i] > 0 {
                var gradient = right[i] * scale[i]
                for j in 0..<count where j != i { gradient -= normal[i][j] * scale[i] * scale[j] * beta[j] }
                let next = max(0, gradient)
                change = max(change, abs(next - beta[i]))
                beta[i] = next
            }
            if change <= 1e-13 * (beta.max() ?? 0) { break }
        }
        return zip(beta, scale).map { $0 * $1 }
    }
}
