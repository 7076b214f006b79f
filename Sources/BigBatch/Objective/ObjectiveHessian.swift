import Datasets
import Kernels
import Models

/// What forming the Hessian costs, and when it is worth that: a function of the data alone, so that asking for less accuracy
/// never takes longer. Measured on one core at n = 54 … 500, N·D = 3e7.
public struct HessianCost: Sendable {
    /// n.
    public let dimension: Int
    /// Mean number of stored values of sparse rows; nil: dense ones.
    public let storedValues: Double?
    /// Columns of sparse rows that are centred.
    public let centredColumns: Int
    /// N.
    public let rows: Int

    /// Reads of all rows that the full-batch method makes, gradients and searches: 10 to 1e-3, 4 more for each further digit,
    /// nine of which Float allows. This is what it takes to 1e-5.
    private static let readsSaved = 18.0
    /// Multiply-adds that nobody waits for: a twentieth of a second.
    private static let smallWork = 1e9

    private var sum: CurvatureWork {
        CurvatureWork(dimension: dimension, storedValues: storedValues, centredColumns: centredColumns)
    }

    /// Multiply-adds: the matrix, and its factor.
    private var work: Double { Double(rows) * sum.ofRow + CurvatureWork.factor(of: dimension) }

    /// The same in reads of all rows: about 4 for 54 dense features.
    public var reads: Double { work / (Double(max(1, rows)) * sum.ofRead) }

    public var isWorthwhile: Bool {
        (reads <= Self.readsSaved && dimension <= CurvatureWork.largestDimension) || work <= Self.smallWork
    }

    /// Gradient passes into noisy batches before the exact step: a tenth of its own work, and a fifth of a pass for the
    /// first digits.
    public var noisyPasses: Double { min(1, max(0.2, reads / 10)) }
}

extension Objective {
    /// Relative rounding of the diagonal of Σ ω x̂x̂ᵀ (see `MomentGrid`).
    private static var hessianRounding: Double { 1e-6 }

    /// Nil for objectives that are not quadratic.
    func hessianCost(rendezvous: Rendezvous) throws -> HessianCost? {
        guard let model = model as? any CurvatureModel, model.constantCurvature != nil else { return nil }
        return HessianCost(
            dimension: model.featureCount + (model.hasIntercept ? 1 : 0),
            storedValues: try storedValuesPerRow(rendezvous: rendezvous), centredColumns: centredColumns,
            rows: population)
    }

    /// Takes up A⁻¹ as the preconditioner. One read of the rows and two reductions: A, and how many ranks could not
    /// factorise it.
    /// - Returns: false, on every rank, where A is not finite or singular; the preconditioner is then what it was.
    func adoptHessian(rendezvous: Rendezvous) throws -> Bool {
        guard let model = model as? any CurvatureModel, let curvature = model.constantCurvature else { return false }
        try prepareGrids()
        let largest = try largestWeight()
        let clock = Stopwatch()
        let grid = momentGrid(weight: largest, rows: population, hasIntercept: model.hasIntercept)
        let own = model.secondMoment(of: dataset.all, grid: grid).upper
        computeSeconds += clock.seconds
        rowsRead += population
        let upper = try reducer.sums(own, kind: .hessian, rendezvous: rendezvous)

        let second = Stopwatch()
        let dimension = model.featureCount + (model.hasIntercept ? 1 : 0)
        var matrix = SecondMoment.symmetric(upper[...], dimension: dimension, grid: grid)
        matrix.withUnsafeMutableBufferPointer { FixedOrder.scale($0, by: curvature / Double(population)) }
        for column in 0..<dimension {
            let diagonal = column * dimension + column
            if column < model.featureCount { matrix[diagonal] += l2 }
            // As much as rounding may have taken; a column of zeros has no gradient either, and stays.
            matrix[diagonal] *= 1 + Self.hessianRounding
            if matrix[diagonal] == 0 { matrix[diagonal] = 1 }
        }
        let preconditioner = DensePreconditioner(
            matrix, dimension: dimension, classes: 1, hasIntercept: model.hasIntercept)
        computeSeconds += second.seconds
        let failures = try reducer.sum(preconditioner == nil ? 1 : 0, kind: .factorization, rendezvous: rendezvous)
        guard let preconditioner, failures == 0 else { return false }
        let sample = allRows(heaviest: largest)
        adopt(
            .dense(
                try measured(
                    preconditioner, sample, total: Double(population), scale: curvature, rendezvous: rendezvous
                ) { batch, row, left, right in
                    let weights = sample.batches[batch].weights
                    return Double(weights.isEmpty ? 1 : weights[row]) * Double(left[0]) * Double(right[0])
                }))
        return true
    }

    /// All rows with their sample weights, if any, in batches of which margins are soon forgotten.
    private func allRows(heaviest: Double) -> CurvatureSample {
        let rowsOfBatch = 1 << 18
        let batches = stride(from: 0, to: population, by: rowsOfBatch).map { start in
            let batch = dataset.batch(start: start, count: min(rowsOfBatch, population - start))
            return (
                rows: batch, weights: dataset.weights.map { weights in batch.rows.map { weights.pointer[$0] } } ?? []
            )
        }
        return CurvatureSample(batches: batches, mostRows: population, heaviest: heaviest, expected: population)
    }
}
