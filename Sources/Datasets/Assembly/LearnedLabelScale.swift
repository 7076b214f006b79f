import Kernels
import MPI

extension DistributedTable {
    /// The scale of the training rows' labels; the same bits on any number of ranks. Collective.
    func learnLabelScale(_ scaling: LabelScaling, _ placement: RowPlacement) throws -> LabelScale {
        guard scaling != .none else { return .none }
        func forEach(_ body: (Double) -> Void) {
            for block in blocks {
                for row in 0..<block.rows where !placement.isValidation(block.firstRow + row) {
                    body(block.labels[row])
                }
            }
        }
        guard labels.isCapped || labels.values.count > LabelSummary.cap else {
            var counts = [Int](repeating: 0, count: labels.values.count)
            forEach { counts[labels.index(of: $0)] += 1 }
            return LabelScale(scaling, values: labels.values, counts: try communicator.allreduce(counts, .sum))
        }
        let count = placement.orders[0].count
        func mean(_ term: (Double) -> Double) throws -> Double {
            let sum = ColumnSums(1)
            forEach { sum.add(term($0), 0) }
            return try sum.reduced(communicator)[0] / Double(max(1, count))
        }
        let centre = scaling == .centred ? try mean { $0 } : 0
        let unit = max(abs(labels.minimum - centre), abs(labels.maximum - centre))
        let square = unit > 0 ? try mean { (($0 - centre) / unit) * (($0 - centre) / unit) } : 0
        return LabelScale(centre: centre, deviation: unit * square.squareRoot())
    }
}
