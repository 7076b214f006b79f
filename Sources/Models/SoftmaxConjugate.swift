import CKernels
import Kernels

/// Probabilities q mixed with one fixed distribution, q′ = share · q + added, so that classes sum to what they should.
///
/// With predicted sums A_c = Σ ω q_c and wanted sums n_c = Σ ω 1[y = c], share is the largest 1 − ε ≤ 1 for which
/// n_c − (1 − ε) A_c ≥ 0 for every class, and added_c = (n_c − (1 − ε) A_c)/Σ ω. At the optimum ε = 0.
struct ClassMixture {
    let share: Double
    let added: [Double]

    init(predicted: [Double], wanted: [Double]) {
        let total = wanted.reduce(0, +)
        let share = zip(predicted, wanted).reduce(1.0) { $1.0 > $1.1 ? min($0, $1.1 / $1.0) : $0 }
        self.share = share
        added = zip(predicted, wanted).map { max(0, $1 - share * $0) / total }
    }
}

/// s = q − e_y with q = softmax(m): f*(s) = Σ_c q_c log q_c. Σ ω q is made Σ ω e_y by mixing (`ClassMixture`).
extension SoftmaxLoss: ConjugateLoss {
    public var balanceCount: Int { 2 * classes }

    public func addBalance(_ block: MarginBlock, to sums: UnsafeMutablePointer<Double>) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: classes) { q in
            for row in 0..<block.rows {
                let weight = block.weight(row)
                _ = probabilities(of: row, in: block, into: q)
                for c in 0..<classes { sums[c] += weight * q[c] }
                sums[classes + Int(block.labels[row])] += weight
            }
        }
    }

    public func dualPoint(
        _ block: MarginBlock, balance: [Double]?, into residuals: UnsafeMutablePointer<Float>
    ) -> DualSums {
        let mixture = balance.map { ClassMixture(predicted: Array($0[..<classes]), wanted: Array($0[classes...])) }
        let stride = KernelSet.classStride(classes)
        var sums = DualSums()
        withUnsafeTemporaryAllocation(of: Double.self, capacity: classes) { q in
            for row in 0..<block.rows {
                let weight = block.weight(row)
                let label = Int(block.labels[row])
                let target = Double(block.margins[row * stride + label])
                sums.loss += weight * (probabilities(of: row, in: block, into: q) - target)
                var others = 0.0
                let r = residuals + row * stride
                for c in 0..<classes {
                    if let mixture { q[c] = mixture.share * q[c] + mixture.added[c] }
                    sums.conjugates += weight * entropyTerm(q[c])
                    if c != label { others += q[c] }
                    r[c] = Float(weight * q[c])
                }
                for c in classes..<stride { r[c] = 0 }
                r[label] = Float(-weight * others)
            }
        }
        return sums
    }

    /// Writes softmax(m) of one row in Double, and returns log Σ_c exp m_c.
    private func probabilities(of row: Int, in block: MarginBlock, into q: UnsafeMutableBufferPointer<Double>)
        -> Double
    {
        let m = block.margins + row * KernelSet.classStride(classes)
        var top = Double(m[0])
        for c in 1..<classes { top = max(top, Double(m[c])) }
        var sum = 0.0
        for c in 0..<classes {
            q[c] = ck_exp(Double(m[c]) - top)
            sum += q[c]
        }
        for c in 0..<classes { q[c] /= sum }
        return top + ck_log(sum)
    }
}
