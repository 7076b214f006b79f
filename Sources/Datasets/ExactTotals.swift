import Kernels
import MPI

extension Communicator {
    /// Σ of `term` over the rows of all ranks, the same bits at any number of them. Collective.
    package func sum(_ dataset: Dataset, _ term: (Int) -> Double) throws -> Double {
        var sum = ExactSum()
        for row in 0..<dataset.order.localCount { sum.add(term(row)) }
        return try self.sum([sum])[0]
    }

    /// The sums over all ranks. Collective.
    package func sum(_ own: [ExactSum]) throws -> [Double] {
        let words = try allreduce(own.flatMap(\.words), .sum)
        return own.indices.map { ExactSum(words: words[$0 * ExactSum.words..<($0 + 1) * ExactSum.words]).value }
    }
}
