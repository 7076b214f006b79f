import Datasets
import Kernels
import MPI
import Models

/// The losses of rows under models that have not seen them, unit by unit (see `Folds.unit`), for every λ so far.
final class HeldOutLosses {
    private let folds: Folds
    /// Σ ω of each unit of this rank.
    private let weights: [Double]
    /// Units of all ranks.
    private let units: Double
    /// Of each λ the losses of this rank's units.
    private var losses: [[Double]] = []

    init(_ folds: Folds) {
        self.folds = folds
        let (rows, unit) = (folds.dataset.order.localCount, folds.unit)
        weights = stride(from: 0, to: rows, by: unit).map { start in
            (start..<min(start + unit, rows)).reduce(0) { $0 + Double(folds.dataset.weight(of: $1)) }
        }
        units = Double((folds.rows + unit - 1) / unit)
    }

    /// The model of each fold judges the rows that it alone judges; the result is number `index` from then on.
    func insert(_ model: some RowLossModel, at parameters: [[Float]], as index: Int) {
        var found = [Double](repeating: 0, count: weights.count)
        found.withUnsafeMutableBufferPointer { found in
            guard let found = found.baseAddress else { return }
            for (fold, x) in parameters.enumerated() {
                for rows in folds.positions(fold).map({ folds.dataset.order.localRange($0) }) where !rows.isEmpty {
                    x.withUnsafeBufferPointer {
                        model.writeLosses(
                            of: folds.dataset, rows, unit: folds.unit, at: $0,
                            into: found + rows.lowerBound / folds.unit)
                    }
                }
            }
        }
        losses.insert(found, at: index)
    }

    /// The mean loss at λ number `index` and its standard error. Collective.
    func mean(_ index: Int, _ communicator: any Communicator) throws -> (value: Double, standardError: Double) {
        try mean(communicator) { self.losses[index][$0] }
    }

    /// The mean of what the losses at one λ are above those at another, and the standard error of that. Collective.
    func excess(_ index: Int, over other: Int, _ communicator: any Communicator) throws -> (
        value: Double, standardError: Double
    ) {
        try mean(communicator) { self.losses[index][$0] - self.losses[other][$0] }
    }

    /// m = Σ d/Σ ω over the units, and its standard error √(U/(U − 1) Σ (d − ω m)²)/Σ ω.
    private func mean(_ communicator: any Communicator, _ term: (Int) -> Double) throws -> (
        value: Double, standardError: Double
    ) {
        let total = folds.totalWeight
        func sum(_ term: (Int) -> Double) throws -> Double {
            var sum = ExactSum()
            for unit in weights.indices { sum.add(term(unit)) }
            return try communicator.sum([sum])[0]
        }
        let mean = try sum(term) / total
        // A loss without bound is worse than all others, and nothing is known of it.
        guard mean.isFinite else { return (.infinity, .infinity) }
        let squares = try sum { unit in
            let deviation = term(unit) - weights[unit] * mean
            return deviation * deviation
        }
        return (mean, (units / max(1, units - 1) * squares).squareRoot() / total)
    }
}
