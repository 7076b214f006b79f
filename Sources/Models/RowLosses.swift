import Datasets
import Kernels

/// A model that tells the losses of rows one by one, or of a few together, in numbers that do not depend on the rows beside them.
public protocol RowLossModel: Model {
    /// Writes Σ f(x; z_i) of every `unit` local rows from the first of `rows` on, sample weights included; the last may be fewer.
    func writeLosses(
        of dataset: Dataset, _ rows: Range<Int>, unit: Int, at parameters: UnsafeBufferPointer<Float>,
        into losses: UnsafeMutablePointer<Double>)
}

extension LinearModel: RowLossModel {
    public func writeLosses(
        of dataset: Dataset, _ rows: Range<Int>, unit: Int, at parameters: UnsafeBufferPointer<Float>,
        into losses: UnsafeMutablePointer<Double>
    ) {
        guard !rows.isEmpty, let x = parameters.baseAddress else { return }
        let products = products(dataset, at: x)
        let units = (rows.count + unit - 1) / unit
        let shares = min(threads, units)
        concurrently(shares) { thread in
            for index in units * thread / shares..<units * (thread + 1) / shares {
                let start = rows.lowerBound + index * unit
                withBlock(products, start..<min(start + unit, rows.upperBound)) { block, _ in
                    losses[index] = loss.loss(block)
                }
            }
        }
    }
}
