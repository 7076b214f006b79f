import Datasets
import Kernels

/// Sums over this rank's part of a batch at a dual point.
public struct DualSums: Sendable, Equatable {
    /// Σ ω f(m_i), in Double throughout.
    public var loss: Double
    /// Σ ω f*(s_i).
    public var conjugates: Double

    public init(loss: Double = 0, conjugates: Double = 0) {
        self.loss = loss
        self.conjugates = conjugates
    }
}

/// A model whose objective P(w, b) = (1/N) Σ ω_i f_i(m_i) + (λ/2)‖w‖² can be bounded from below.
///
/// With f* the convex conjugate, f_i(m) ≥ s_i·m − f_i*(s_i) for every s_i. Minimising the right side over w and over the
/// unpenalised intercepts b gives, for every s with Σ ω_i s_i = 0 (no condition without intercepts),
///
///     P(w, b) ≥ D(s) = −(1/N) Σ ω_i f_i*(s_i) − ‖(1/N) Σ ω_i s_i x_i‖² / (2λ).
///
/// s_i = ∂f/∂m at the present margins is the natural choice, but its sum is zero at the optimum only. So the ranks first
/// add up `dualBalance`, and the balanced s that follows from those sums is feasible: the gap is certain at any point,
/// and vanishes at the optimum. Two reads of the rows and two reductions.
///
///     let balance = allreduce(model.dualBalance(all, at: x))
///     let (sums, gradient) = allreduce(model.writeDual(all, at: x, balance: balance, into: &g))
///     model.complete(gradient)
///     model.dualityGap(sums: sums, gradient: gradient, at: x, l2: λ, count: N)
public protocol DualCertificate: RowSumModel {
    /// Sums that make the dual point feasible; the same number of values on every rank, also for an empty batch.
    func dualBalance(_ batch: Batch, at parameters: UnsafeBufferPointer<Float>) -> [Double]

    /// Writes the sums of Σ ω_i s_i ⊗ (x_i, 1) (`sumCount` values, to be completed), with s made feasible by `balance` (over
    /// all ranks).
    func writeDual(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, balance: [Double],
        into sums: UnsafeMutableBufferPointer<Double>
    ) -> DualSums
}

extension DualCertificate {
    /// P − D from sums over all ranks; never less than the distance to the optimum, but for rounding. Infinite for λ = 0.
    ///
    /// - Parameters:
    ///   - gradient: Σ ω s ⊗ (x, 1), parameterCount values or more.
    ///   - count: N.
    public func dualityGap(
        sums: DualSums, gradient: UnsafeBufferPointer<Double>, at parameters: UnsafeBufferPointer<Float>, l2: Double,
        count: Int
    ) -> Double {
        guard l2 > 0, count > 0 else { return .infinity }
        let n = Double(count)
        let weights = UnsafeBufferPointer(rebasing: parameters[..<penalisedCount])
        let dual = UnsafeBufferPointer(rebasing: gradient[..<penalisedCount])
        return (sums.loss + sums.conjugates) / n + l2 / 2 * FixedOrder.squaredNorm(weights)
            + FixedOrder.squaredNorm(dual) / (2 * l2 * n * n)
    }
}

/// A margin loss with a known conjugate.
public protocol ConjugateLoss: MarginLoss {
    /// Values that `addBalance` adds up.
    var balanceCount: Int { get }
    func addBalance(_ block: MarginBlock, to sums: UnsafeMutablePointer<Double>)
    /// Writes ω s (class stride, zero padding) to `residuals` (which may be the margins), s = ∂f/∂m moved so that
    /// Σ ω s = 0 over all rows that `balance` sums; nil: no intercept, s stays as it is.
    func dualPoint(_ block: MarginBlock, balance: [Double]?, into residuals: UnsafeMutablePointer<Float>) -> DualSums
}

extension LinearModel: DualCertificate where Loss: ConjugateLoss {
    public func dualBalance(_ batch: Batch, at parameters: UnsafeBufferPointer<Float>) -> [Double] {
        var balance = [Double](repeating: 0, count: hasIntercept ? loss.balanceCount : 0)
        guard hasIntercept, batch.count > 0, let x = parameters.baseAddress else { return balance }
        let products = products(batch.dataset, at: x)
        balance.withUnsafeMutableBufferPointer { sums in
            guard let sums = sums.baseAddress else { return }
            forEachBlock(of: batch, rows: products.blockRows) { rows, _ in
                withBlock(products, rows) { block, _ in loss.addBalance(block, to: sums) }
            }
        }
        return balance
    }

    public func writeDual(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, balance: [Double],
        into sums: UnsafeMutableBufferPointer<Double>
    ) -> DualSums {
        guard batch.count > 0, let x = parameters.baseAddress, let g = sums.baseAddress else {
            sums.update(repeating: 0)
            return DualSums()
        }
        let products = products(batch.dataset, at: x)
        var total = DualSums()
        var sum = GradientSum(products: products, grids: batch.grids, target: g)
        forEachBlock(of: batch, rows: products.blockRows) { rows, _ in
            withBlock(products, rows) { block, residuals in
                let part = loss.dualPoint(block, balance: hasIntercept ? balance : nil, into: residuals)
                total.loss += part.loss
                total.conjugates += part.conjugates
                sum.add(rows, residuals: residuals)
                sum.addResiduals(rows, residuals)
            }
        }
        sum.finish()
        return total
    }
}
