import CKernels

/// Σ ω t₀, Σ ω t₁ and Σ ω of all rows: what makes the dual point of a one-margin loss feasible.
public struct ScalarBalance: Sendable {
    public let first: Double
    public let second: Double
    public let weight: Double
}

/// A loss of one margin with its conjugate given by formulas for one sample.
public protocol ScalarConjugateLoss: ScalarLoss, ConjugateLoss {
    /// (t₀, t₁), to be summed over all rows.
    func balanceTerms(_ margin: Double, _ label: Double) -> (Double, Double)
    /// s = ∂f/∂m, moved so that Σ ω s = 0 unless `balance` is nil, and f*(s).
    func dual(_ margin: Double, _ label: Double, _ balance: ScalarBalance?) -> (slope: Double, conjugate: Double)
}

extension ScalarConjugateLoss {
    public var balanceCount: Int { 3 }

    public func addBalance(_ block: MarginBlock, to sums: UnsafeMutablePointer<Double>) {
        for row in 0..<block.rows {
            let weight = block.weight(row)
            let terms = balanceTerms(Double(block.margins[row]), Double(block.labels[row]))
            sums[0] += weight * terms.0
            sums[1] += weight * terms.1
            sums[2] += weight
        }
    }

    public func dualPoint(
        _ block: MarginBlock, balance: [Double]?, into residuals: UnsafeMutablePointer<Float>
    ) -> DualSums {
        let balance = balance.map { ScalarBalance(first: $0[0], second: $0[1], weight: $0[2]) }
        var sums = DualSums()
        for row in 0..<block.rows {
            let margin = Double(block.margins[row])
            let label = Double(block.labels[row])
            let weight = block.weight(row)
            let point = dual(margin, label, balance)
            sums.loss += weight * value(margin, label)
            sums.conjugates += weight * point.conjugate
            residuals[row] = Float(weight * point.slope)
        }
        return sums
    }
}

/// p log p, 0 at 0.
func entropyTerm(_ p: Double) -> Double { p > 0 ? p * ck_log(p) : 0 }

/// f*(s) = ½s² + s y; the mean of s is taken off.
extension SquaredError: ScalarConjugateLoss {
    public func balanceTerms(_ m: Double, _ y: Double) -> (Double, Double) { (m - y, 0) }

    public func dual(_ m: Double, _ y: Double, _ balance: ScalarBalance?) -> (slope: Double, conjugate: Double) {
        let s = m - y - (balance.map { $0.first / $0.weight } ?? 0)
        return (s, s * (0.5 * s + y))
    }
}

/// As squared error for |s| ≤ δ; the mean μ of s is taken off, and δ/(δ + |μ|) brings s back below δ.
extension HuberLoss: ScalarConjugateLoss {
    public func balanceTerms(_ m: Double, _ y: Double) -> (Double, Double) { (derivative(m, y), 0) }

    public func dual(_ m: Double, _ y: Double, _ balance: ScalarBalance?) -> (slope: Double, conjugate: Double) {
        let mean = balance.map { $0.first / $0.weight } ?? 0
        let s = (derivative(m, y) - mean) * (delta / (delta + abs(mean)))
        return (s, s * (0.5 * s + y))
    }
}

/// s = q − y with q = σ(m): f*(s) = q log q + (1 − q) log(1 − q). Σ ω q is made Σ ω y by mixing as in `SoftmaxLoss`.
extension LogisticLoss: ScalarConjugateLoss {
    public func balanceTerms(_ m: Double, _ y: Double) -> (Double, Double) { (prediction(m), y) }

    public func dual(_ m: Double, _ y: Double, _ balance: ScalarBalance?) -> (slope: Double, conjugate: Double) {
        var one = prediction(m)
        var zero = prediction(-m)
        if let balance {
            let predicted = (zero: balance.weight - balance.first, one: balance.first)
            let wanted = (zero: balance.weight - balance.second, one: balance.second)
            var share = 1.0
            if predicted.zero > wanted.zero { share = wanted.zero / predicted.zero }
            if predicted.one > wanted.one { share = wanted.one / predicted.one }
            zero = share * zero + max(0, wanted.zero - share * predicted.zero) / balance.weight
            one = share * one + max(0, wanted.one - share * predicted.one) / balance.weight
        }
        return (y == 1 ? -zero : one, entropyTerm(one) + entropyTerm(zero))
    }
}

/// s = −z a with z = 2y − 1 and a = 2 max(0, 1 − z m) ≥ 0: f*(s) = a²/4 − a. The class with the larger Σ ω a is scaled
/// down to the other's.
extension SquaredHinge: ScalarConjugateLoss {
    public func balanceTerms(_ m: Double, _ y: Double) -> (Double, Double) {
        y == 1 ? (2 * slack(m, y), 0) : (0, 2 * slack(m, y))
    }

    public func dual(_ m: Double, _ y: Double, _ balance: ScalarBalance?) -> (slope: Double, conjugate: Double) {
        var a = 2 * slack(m, y)
        if let balance {
            let own = y == 1 ? balance.first : balance.second
            let other = y == 1 ? balance.second : balance.first
            if own > other { a *= other / own }
        }
        return (y == 1 ? -a : a, a * (0.25 * a - 1))
    }
}

/// s = q − y with the rate q = exp(m): f*(s) = q log q − q. Rates are scaled so that Σ ω q = Σ ω y.
extension PoissonLoss: ScalarConjugateLoss {
    public func balanceTerms(_ m: Double, _ y: Double) -> (Double, Double) { (ck_exp(m), y) }

    public func dual(_ m: Double, _ y: Double, _ balance: ScalarBalance?) -> (slope: Double, conjugate: Double) {
        let q = ck_exp(m) * (balance.map { $0.second / $0.first } ?? 1)
        return (q - y, entropyTerm(q) - q)
    }
}
