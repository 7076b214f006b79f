import Datasets
import Kernels
import MPI

/// K parts of the rows, each of which is held out once.
///
/// Intervals of the order of the rows, which the seed has mixed. A row is held out by a weight of 0, so that no row moves and all
/// folds share one copy of the features. Where there are very many rows, models are trained on the first of them only; rows behind
/// those have been seen by no model, and are judged by one fold's each.
package struct Folds {
    package let dataset: Dataset
    package let count: Int
    /// The rows to train on, those of all folds.
    let sample: Dataset
    /// Rows that are judged together: few rows one by one, many in the blocks that one rank owns.
    package let unit: Int
    /// Σ ω over all rows.
    package let totalWeight: Double
    /// Σ ω over the rows of each fold that are trained on with the others.
    private let weights: [Double]

    /// Rows beyond which they are judged in blocks.
    private static let mostSingle = 1 << 14

    /// Collective.
    /// - Parameter trainedRows: nil: all.
    package init(
        _ dataset: Dataset, count: Int, trainedRows: Int? = nil, communicator: any Communicator
    ) throws {
        let order = dataset.order
        let unit = order.count > Self.mostSingle ? order.blockSize : 1
        let trained = trainedRows.map { min(order.count, ($0 + unit - 1) / unit * unit) } ?? order.count
        let sample = trained < order.count ? dataset.firstRows(trained) : dataset
        (self.dataset, self.count, self.unit, self.sample) = (dataset, count, unit, sample)
        func weight(_ rows: Range<Int>) -> ExactSum {
            var sum = ExactSum()
            for row in rows { sum.add(Double(dataset.weight(of: row))) }
            return sum
        }
        let held = (0..<count).map { Self.part($0, of: count, 0..<trained, unit) }
        let found = try communicator.sum(
            held.map { weight(order.localRange($0)) } + [weight(0..<order.localCount)])
        weights = Array(found[..<count])
        totalWeight = found[count]
    }

    package var rows: Int { dataset.order.count }
    /// Rows that models are trained on, those held out among them.
    package var trainedRows: Int { sample.order.count }

    private static func part(_ fold: Int, of count: Int, _ positions: Range<Int>, _ unit: Int) -> Range<Int> {
        let units = (positions.count + unit - 1) / unit
        func start(_ fold: Int) -> Int { min(positions.upperBound, positions.lowerBound + fold * units / count * unit) }
        return start(fold)..<start(fold + 1)
    }

    /// The positions that only the model of `fold` judges, which has not seen them.
    package func positions(_ fold: Int) -> [Range<Int>] {
        [0..<trainedRows, trainedRows..<rows].map { Self.part(fold, of: count, $0, unit) }
    }

    /// The rows to train on, those of `fold` with weight 0, the others with as much more that the mean stays what it was.
    package func training(without fold: Int) -> Dataset {
        let total = weights.reduce(0, +)
        let factor = total / (total - weights[fold])
        let held = sample.order.localRange(positions(fold)[0])
        return sample.weighted(
            AlignedBuffer(
                (0..<sample.order.localCount).map { row in
                    held.contains(row) ? 0 : Float(factor * Double(dataset.weight(of: row)))
                }))
    }
}

extension Dataset {
    /// ω of a local row.
    package func weight(of row: Int) -> Float { weights.map { $0.pointer[row] } ?? 1 }
}
