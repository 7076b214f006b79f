import Datasets
import Kernels
import Models

extension Trainer {
    /// Chooses the direct solution where the run is to find step and direction by itself, the objective is quadratic and
    /// the work pays: all of it known to all ranks alike.
    func chooseDirectSolution() throws {
        guard method.mayBeDirect, let cost = try objective.directCost(decision: decision()),
            cost.isWorthwhile
        else { return }
        state.direct = .chosen
        growth.noisyPasses = cost.noisyPasses
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
        batch.begin(statistics).writeDirection(descending: true)
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
        let own = model.secondMoment(of: dataset.all, grid: grid).upper
        computeSeconds += clock.seconds
        rowsRead += population
        let upper = try reducer.sums(own, kind: .hessian, decision: decision)

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
        let metric = DenseMetric(matrix, dimension: dimension, classes: 1, hasIntercept: model.hasIntercept)
        computeSeconds += second.seconds
        let failures = try reducer.sum(metric == nil ? 1 : 0, kind: .factorization, decision: decision)
        guard let metric, failures == 0 else { return false }
        adopt(.dense(metric))
        return true
    }
}
