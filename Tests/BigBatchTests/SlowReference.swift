import Datasets
import Models

/// A linear model's objective in Double, row by row, and its minimiser by damped Newton steps on the whole Hessian: slow,
/// obvious, for problems of a few rows.
struct SlowReference {
    let kind: ModelKind
    /// C.
    let outputs: Int
    let l2: Double
    let hasIntercept: Bool
    var huberDelta = 1.35
    /// True rows with a 1 behind them where there is an intercept.
    let rows: [[Double]]
    let labels: [Double]
    let weights: [Double]

    /// D, without the intercept.
    private var columns: Int { (rows.first?.count ?? 0) - (hasIntercept ? 1 : 0) }
    private var count: Int { rows.first.map { $0.count * outputs } ?? 0 }

    /// Parameters are feature-major: x[j·C + c].
    func objective(_ x: [Double]) -> Double {
        var sum = 0.0
        for (row, features) in rows.enumerated() {
            sum += weights[row] * loss(margins(features, x), labels[row]).value
        }
        return sum / Double(rows.count) + l2 / 2 * x.prefix(columns * outputs).reduce(0) { $0 + $1 * $1 }
    }

    /// The least objective that loss and labels allow.
    var least: Double {
        guard kind == .poisson else { return 0 }
        return zip(labels, weights).reduce(0) { $0 + $1.1 * ($1.0 - ($1.0 > 0 ? $1.0 * naturalLog($1.0) : 0)) }
            / Double(rows.count)
    }

    private func margins(_ features: [Double], _ x: [Double]) -> [Double] {
        var m = [Double](repeating: 0, count: outputs)
        for (j, value) in features.enumerated() where value != 0 {
            for c in 0..<outputs { m[c] += value * x[j * outputs + c] }
        }
        return m
    }

    /// f, ∂f/∂m and ∂²f/∂m² (C × C).
    private func loss(_ m: [Double], _ y: Double) -> (value: Double, slope: [Double], bend: [Double]) {
        switch kind {
        case .softmax:
            let top = m.max() ?? 0
            let e = m.map { exponential($0 - top) }
            let sum = e.reduce(0, +)
            let p = e.map { $0 / sum }
            var bend = [Double](repeating: 0, count: outputs * outputs)
            for a in 0..<outputs {
                for b in 0..<outputs { bend[a * outputs + b] = (a == b ? p[a] : 0) - p[a] * p[b] }
            }
            let label = Int(y)
            return (
                top + naturalLog(sum) - m[label], p.enumerated().map { $1 - ($0 == label ? 1 : 0) }, bend
            )
        case .logistic:
            let s = 2 * y - 1
            let p = 1 / (1 + exponential(s * m[0]))
            return (BigBatchTests.logistic(-s * m[0]), [-s * p], [p * (1 - p)])
        case .squaredHinge:
            let s = 2 * y - 1
            let slack = max(0, 1 - s * m[0])
            return (slack * slack, [-2 * s * slack], [slack > 0 ? 2 : 0])
        case .huber:
            let r = m[0] - y
            guard abs(r) > huberDelta else { return (r * r / 2, [r], [1]) }
            return (huberDelta * (abs(r) - huberDelta / 2), [r > 0 ? huberDelta : -huberDelta], [0])
        case .poisson:
            return (exponential(m[0]) - y * m[0], [exponential(m[0]) - y], [exponential(m[0])])
        case .ridge, .auto:
            return ((m[0] - y) * (m[0] - y) / 2, [m[0] - y], [1])
        }
    }

    /// The largest `steepness` at the start, after a first step of 0.1 along the gradient, and at x.
    func steepestOnTheWay(to x: [Double]) -> Double {
        let start = [Double](repeating: 0, count: count)
        return [start, derivatives(start).gradient.map { -0.1 * $0 }, x].map { steepness($0) }.reduce(0, max)
    }

    /// Largest curvature of any row along its own features: the inverse of the longest sound constant step, about.
    private func steepness(_ x: [Double]) -> Double {
        rows.map { features in
            let bend = loss(margins(features, x), 0).bend
            return (0..<outputs).map { bend[$0 * outputs + $0] }.reduce(0, max) * features.reduce(0) { $0 + $1 * $1 }
        }.max() ?? 0
    }

    /// What is added to λ while the minimum is sought: collinear columns that rounding has made a little different are no
    /// information, and a coefficient of 10⁷ that makes use of them is no optimum.
    private static let ridge = 1e-10

    /// f* from x = 0.
    func minimum() -> Double {
        func penalised(_ x: [Double]) -> Double { objective(x) + Self.ridge / 2 * x.reduce(0) { $0 + $1 * $1 } }
        var x = [Double](repeating: 0, count: count)
        var value = penalised(x)
        var damping = 1e-6
        for _ in 0..<300 {
            var (gradient, hessian) = derivatives(x)
            for j in 0..<count {
                gradient[j] += Self.ridge * x[j]
                hessian[j][j] += Self.ridge
            }
            guard gradient.contains(where: { $0 != 0 }) else { break }
            var isBetter = false
            while damping < 1e12 {
                var matrix = hessian
                for j in 0..<count { matrix[j][j] += damping * max(1e-12, hessian[j][j]) + 1e-300 }
                if let d = solve(matrix, gradient) {
                    let trial = zip(x, d).map { $0 - $1 }
                    let other = penalised(trial)
                    if other < value {
                        isBetter = value - other > 1e-15 * abs(value)
                        (x, value) = (trial, other)
                        damping = max(damping / 10, 1e-14)
                        break
                    }
                }
                damping *= 10
            }
            guard isBetter else { break }
        }
        return objective(x)
    }

    private func derivatives(_ x: [Double]) -> (gradient: [Double], hessian: [[Double]]) {
        var g = [Double](repeating: 0, count: count)
        var h = [[Double]](repeating: g, count: count)
        for (row, features) in rows.enumerated() {
            let (_, slope, bend) = loss(margins(features, x), labels[row])
            let weight = weights[row] / Double(rows.count)
            for (j, value) in features.enumerated() where value != 0 {
                for c in 0..<outputs {
                    g[j * outputs + c] += weight * value * slope[c]
                    for (k, other) in features.enumerated() where other != 0 {
                        for e in 0..<outputs {
                            h[j * outputs + c][k * outputs + e] += weight * value * other * bend[c * outputs + e]
                        }
                    }
                }
            }
        }
        for j in 0..<columns * outputs {
            g[j] += l2 * x[j]
            h[j][j] += l2
        }
        return (g, h)
    }

    /// Gaussian elimination with pivots.
    private func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double]? {
        var a = zip(matrix, right).map { $0 + [$1] }
        let n = right.count
        for k in 0..<n {
            let pivot = (k..<n).max { abs(a[$0][k]) < abs(a[$1][k]) } ?? k
            a.swapAt(k, pivot)
            guard abs(a[k][k]) > 0, a[k][k].isFinite else { return nil }
            for i in k + 1..<max(n, k + 1) where a[i][k] != 0 {
                let factor = a[i][k] / a[k][k]
                for j in k...n { a[i][j] -= factor * a[k][j] }
            }
        }
        var x = [Double](repeating: 0, count: n)
        for k in (0..<n).reversed() {
            x[k] = (a[k][n] - (k + 1..<max(n, k + 1)).reduce(0) { $0 + a[k][$1] * x[$1] }) / a[k][k]
        }
        return x
    }
}

extension SlowReference {
    /// The rows of one rank that has all of them.
    init(_ kind: ModelKind, _ dataset: Dataset, l2: Double, hasIntercept: Bool = true, outputs: Int) {
        self.kind = kind
        self.outputs = outputs
        self.l2 = l2
        self.hasIntercept = hasIntercept
        let columns = dataset.features.columns
        rows = (0..<dataset.order.localCount).map { row in
            var values = [Double](repeating: 0, count: columns)
            switch dataset.features {
            case .dense(let matrix):
                for column in 0..<columns { values[column] = Double(matrix.row(row)[column]) }
            case .sparse(let matrix):
                for entry in matrix.rowOffsets[row]..<matrix.rowOffsets[row + 1] {
                    values[Int(matrix.columnIndices[entry])] = Double(matrix.values[entry])
                }
            }
            if let shift = dataset.shift { for column in 0..<columns { values[column] -= Double(shift[column]) } }
            return values + (hasIntercept ? [1] : [])
        }
        labels = (0..<dataset.order.localCount).map { Double(dataset.labels[$0]) }
        weights = (0..<dataset.order.localCount).map { row in dataset.weights.map { Double($0[row]) } ?? 1 }
    }
}
