import Kernels
import MPI

/// One sum per column, each as an unevaluated pair of doubles (Knuth's TwoSum): good to about 2⁻¹⁰⁰ of the sum of
/// magnitudes, so that its rounding to one double does not show in which order, or on which rank, terms were added.
final class ColumnSums {
    let sums: AlignedBuffer<Double>
    let tails: AlignedBuffer<Double>

    init(_ columns: Int) {
        sums = AlignedBuffer(count: columns)
        tails = AlignedBuffer(count: columns)
    }

    @inline(__always)
    func add(_ value: Double, _ column: Int) {
        let sum = sums.pointer[column]
        let total = sum + value
        let part = total - sum
        tails.pointer[column] += (sum - (total - part)) + (value - part)
        sums.pointer[column] = total
    }

    func merge(_ other: ColumnSums) {
        for column in 0..<sums.count {
            add(other.sums[column], column)
            tails[column] += other.tails[column]
        }
    }

    /// The sums over all ranks. Collective.
    ///
    /// A reduction adds in an order of its own. So each sum is cut at a bit that leaves the upper parts room to be added
    /// without rounding; what is below is so small that its rounding does not matter.
    func reduced(_ communicator: any Communicator) throws -> [Double] {
        let columns = sums.count
        guard communicator.size > 1 else { return (0..<columns).map { sums[$0] + tails[$0] } }
        let largest = try communicator.allreduce(sums.elements.map { abs($0) }, .maximum)
        var halves = [Double](repeating: 0, count: 2 * columns)
        for column in 0..<columns {
            // A power of two above the sum of all ranks' magnitudes; adding and subtracting it rounds to its last bit.
            let bound = largest[column] * Double(2 * communicator.size)
            let anchor =
                bound.isNormal && bound < 0x1p1000
                ? Double(sign: .plus, exponent: bound.exponent + 1, significand: 1) : 0
            let upper = (sums[column] + anchor) - anchor
            halves[column] = upper
            halves[columns + column] = (sums[column] - upper) + tails[column]
        }
        halves = try communicator.allreduce(halves, .sum)
        return (0..<columns).map { halves[$0] + halves[columns + $0] }
    }
}
