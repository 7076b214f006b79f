import Datasets
import Kernels
import Models

/// The exact minimiser, where the objective is a quadratic and its Hessian is cheap to form.
///
/// ∇²ℓ = A = c Σ ω x̂x̂ᵀ/N + λI (the intercept not penalised) takes one read of the rows and one reduction of n(n + 1)/2
/// numbers, n = D or D + 1. From a full-batch gradient g the step −A⁻¹g, α = 1, then ends at the minimiser but for
/// rounding. The next gradient verifies: ½ gᵀA⁻¹g is now the gap itself, not an estimate, and where rounding left some of
/// it the same matrix takes it away (iterative refinement).
///
/// A short noisy phase comes first: it wins two to three digits in a fraction of one read of the rows.
enum DirectSolution: Codable, Equatable {
    /// To come once K = N.
    case chosen
    /// The metric is A⁻¹; ½ gᵀA⁻¹g before the last step.
    case stepped(gap: Double)
    /// Not chosen, no Cholesky factor, or steps that gain too little: the full-batch method does the rest.
    case refused
}

/// What forming the Hessian costs, and when it is worth that: a function of the data alone, so that asking for less accuracy
/// never takes longer. Measured on one core at n = 54 … 500, N·D = 3e7.
struct DirectCost {
    /// n.
    let dimension: Int
    /// Mean number of stored values of a row.
    let valuesPerRow: Double
    /// N.
    let rows: Int

    /// Multiply-adds of the Gram kernel in the time in which a stored value is read.
    private static let operationsPerValue = 7.0
    /// Reads of all rows that the full-batch method makes, gradients and searches: 10 to 1e-3, 4 more for each further digit,
    /// nine of which Float allows. This is what it takes to 1e-5.
    private static let readsSaved = 18.0
    /// Multiply-adds that nobody waits for: a twentieth of a second.
    private static let smallWork = 1e9

    /// n²/2 multiply-adds a row, in reads of all rows: about 4 for 54 dense features.
    var reads: Double {
        let dimension = Double(dimension)
        return dimension * dimension / 2 / (Self.operationsPerValue * max(valuesPerRow, 1))
    }

    /// Multiply-adds: the matrix, and its factor.
    private var work: Double {
        let dimension = Double(dimension)
        return dimension * dimension * (Double(rows) / 2 + dimension / 3)
    }

    var isWorthwhile: Bool { reads <= Self.readsSaved || work <= Self.smallWork }

    /// Gradient passes into noisy batches before the direct step: a tenth of its own work, and a fifth of a pass for the
    /// first digits.
    var noisyPasses: Double { min(1, max(0.2, reads / 10)) }
}

extension Trainer {
    /// Chooses the direct solution where the run is to find step and direction by itself, the objective is quadratic and
    /// the work pays: all of it known to all ranks alike.
    func chooseDirectSolution() throws {
        guard configuration.step == .auto, configuration.direction == .auto, configuration.growth == .jump,
            let cost = try objective.directCost(decision: decision()),
            cost.isWorthwhile
        else { return }
        state.direct = .chosen
        batchRule.noisyPasses = cost.noisyPasses
    }

    /// The exact step, its verification, or nil where the full-batch method should go on.
    func directStep(_ statistics: GradientStatistics) throws -> IterationOutcome? {
        var statistics = statistics
        switch state.direct {
        case .refused:
            return nil
        case .chosen:
            guard try objective.adoptExactMetric(decision: decision()) else {
                state.direct = .refused
                return nil
            }
            statistics.squaredGradientNorm = objective.metric.squaredNorm(objective.gradient)
        case .stepped(let before):
            let gap = statistics.squaredGradientNorm / 2
            let goal = stopRule.tolerance / 5 * objectiveScale(statistics.loss)
            if gap <= goal { return IterationOutcome(statistics: statistics, stepSize: 0, reason: .gradientNorm) }
            guard gap <= before / 4 else {
                state.direct = .refused
                return nil
            }
        }
        state.direct = .stepped(gap: statistics.squaredGradientNorm / 2)
        state.stepSize = 1
        writeGradientDirection()
        move(by: 1)
        return IterationOutcome(statistics: statistics, stepSize: 1)
    }
}

extension Objective {
    /// Relative rounding of the diagonal of Σ ω x̂x̂ᵀ (see `MomentGrid`).
    private static var hessianRounding: Double { 1e-6 }

    /// Nil for objectives that are not quadratic.
    func directCost(decision: Decision) throws -> DirectCost? {
        guard let model = model as? any CurvatureModel, model.constantCurvature != nil else { return nil }
        let values = try storedValuesPerRow(decision: decision) ?? Double(model.featureCount)
        return DirectCost(
            dimension: model.featureCount + (model.hasIntercept ? 1 : 0), valuesPerRow: values, rows: population)
    }

    /// Takes up A⁻¹ as the metric. One read of the rows and two reductions: A, and how many ranks could not factorise it.
    /// - Returns: false, on every rank, where A is not finite or singular; the metric is then what it was.
    func adoptExactMetric(decision: Decision) throws -> Bool {
        guard let model = model as? any CurvatureModel, let curvature = model.constantCurvature else { return false }
        try prepareGrids()
        let largest = try largestWeight()
        let clock = Stopwatch()
        let grid = momentGrid(weight: largest, rows: population, hasIntercept: model.hasIntercept)
        var packet =
            [Double](repeating: 0, count: Reducer.headerCount) + model.secondMoment(of: dataset.all, grid: grid).upper
        computeSeconds += clock.seconds
        rowsRead += population
        try packet.withUnsafeMutableBufferPointer { try reducer.reduce($0, kind: .hessian, decision: decision) }

        let second = Stopwatch()
        let dimension = model.featureCount + (model.hasIntercept ? 1 : 0)
        var matrix = SecondMoment.symmetric(packet[Reducer.headerCount...], dimension: dimension, grid: grid)
        matrix.withUnsafeMutableBufferPointer { FixedOrder.scale($0, by: curvature / Double(population)) }
        for column in 0..<dimension {
            let diagonal = column * dimension + column
            if column < model.featureCount { matrix[diagonal] += l2 }
            // As much as rounding may have taken; a column of zeros has no gradient either, and stays.
            matrix[diagonal] *= 1 + Self.hessianRounding
            if matrix[diagonal] == 0 { matrix[diagonal] = 1 }
        }
        let metric = DenseMetric(matrix, dimension: dimension, classes: 1, hasIntercept: model.hasIntercept)
        computeSeconds += second.seconds
        var failures = [Double](repeating: 0, count: Reducer.headerCount + 1)
        failures[Reducer.headerCount] = metric == nil ? 1 : 0
        try failures.withUnsafeMutableBufferPointer {
            try reducer.reduce($0, kind: .factorization, decision: decision)
        }
        guard let metric, failures[Reducer.headerCount] == 0 else { return false }
        adopt(.dense(metric))
        return true
    }
}
