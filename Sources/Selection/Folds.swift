import Datasets
import Kernels
import MPI

/// K parts of the rows, each of which is held out once.
///
/// Intervals of the order of the rows, which the seed has mixed; where few rows have classes as labels, every fold has its share of
/// each class. A row is held out by a weight of 0, so that no row moves and all folds share one copy of the features. Where there
/// are very many rows, models are trained on the first of them only; rows behind those have been seen by no model, and are judged
/// by one fold's each.
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
    /// Positions of each fold, in their order.
    private let places: [[Range<Int>]]

    /// Rows beyond which they are judged in blocks.
    static let mostSingle = 1 << 14

    /// Collective.
    /// - Parameters:
    ///   - count: at most; no more than there are rows.
    ///   - isForClasses: labels are classes.
    ///   - trainedRows: nil: all.
    /// - Throws: `DatasetError` where a class has too few rows to be held out.
    package init(
        _ dataset: Dataset, count: Int, isForClasses: Bool = false, trainedRows: Int? = nil,
        communicator: any Communicator
    ) throws {
        let order = dataset.order
        guard order.count > 1 else {
            throw DatasetError("there is one row to train on: λ cannot be chosen by rows held out; give `l2` a number")
        }
        let count = min(count, order.count)
        let unit = order.count > Self.mostSingle ? order.blockSize : 1
        let trained = trainedRows.map { min(order.count, ($0 + unit - 1) / unit * unit) } ?? order.count
        let sample = trained < order.count ? dataset.firstRows(trained) : dataset
        let isByClass = isForClasses && unit == 1 && trained == order.count
        let places =
            isByClass
            ? try Self.byClass(dataset, count, communicator)
            : (0..<count).map { fold in
                [0..<trained, trained..<order.count].map { Self.part(fold, of: count, $0, unit) }
            }
        (self.dataset, self.count, self.unit, self.sample, self.places) = (dataset, count, unit, sample, places)
        func weight(_ rows: [Range<Int>]) -> ExactSum {
            var sum = ExactSum()
            for row in rows.joined() { sum.add(Double(dataset.weight(of: row))) }
            return sum
        }
        let found = try communicator.sum(
            places.map { ranges in weight(ranges.map { order.localRange($0.clamped(to: 0..<trained)) }) }
                + [weight([0..<order.localCount])])
        weights = Array(found[..<count])
        totalWeight = found[count]
    }

    /// The rows of each class go round the folds. Collective.
    private static func byClass(
        _ dataset: Dataset, _ count: Int, _ communicator: any Communicator
    ) throws -> [[Range<Int>]] {
        let order = dataset.order
        var own = [Double](repeating: 0, count: order.count)
        for row in 0..<order.localCount { own[order.position(ofLocal: row)] = Double(dataset.labels[row]) }
        let labels = try communicator.allreduce(own, .sum)
        var rows: [Double: Int] = [:]
        for label in labels { rows[label, default: 0] += 1 }
        guard rows.values.allSatisfy({ $0 > 1 }) else {
            throw DatasetError(
                "a class has one row only: λ cannot be chosen by rows held out, for no model could learn it then; give `l2` a "
                    + "number, or leave that row out")
        }
        var places = [[Range<Int>]](repeating: [], count: count)
        var next = 0
        for label in rows.keys.sorted() {
            for position in labels.indices where labels[position] == label {
                places[next % count].append(position..<position + 1)
                next += 1
            }
        }
        return places
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
    package func positions(_ fold: Int) -> [Range<Int>] { places[fold] }

    /// The rows to train on, those of `fold` with weight 0, the others with as much more that the mean stays what it was.
    package func training(without fold: Int) -> Dataset {
        let total = weights.reduce(0, +)
        let factor = total / (total - weights[fold])
        var isHeld = [Bool](repeating: false, count: sample.order.localCount)
        for range in places[fold] {
            for row in sample.order.localRange(range.clamped(to: 0..<trainedRows)) { isHeld[row] = true }
        }
        return sample.weighted(
            AlignedBuffer(
                isHeld.indices.map { isHeld[$0] ? 0 : Float(factor * Double(dataset.weight(of: $0))) }))
    }
}
