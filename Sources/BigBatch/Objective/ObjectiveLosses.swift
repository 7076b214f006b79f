import Datasets
import Kernels
import Models

/// Losses beside those of gradients: along a line, on other rows, and the least there is.
extension Objective {
    /// The batch loss along x + αd from the point x of the current gradient, ready for any number of trials: margins are
    /// computed once (one read of the batch).
    func line(start: Int, count: Int, from x: [Float], along d: [Float]) -> Line {
        let clock = Stopwatch()
        defer { computeSeconds += clock.seconds }
        let batch = dataset.batch(start: start % population, count: count)
        if model.isConvex { rowsRead += count }
        let margins = x.withUnsafeBufferPointer { x in
            d.withUnsafeBufferPointer { d -> (any DirectionalLoss)? in
                guard model.isConvex else { return nil }
                guard let walk = keptWalk(start: start, count: count) else {
                    return model.directionalLoss(batch, at: x, direction: d)
                }
                walk.line.turn(to: d)
                return walk.line
            }
        }
        guard l2 > 0 else {
            return Line(margins: margins, start: start, count: count, constant: 0, linear: 0, quadratic: 0)
        }
        let products = directionProducts(x, d, count: model.penalisedCount)
        return Line(
            margins: margins, start: start, count: count, constant: currentPenalty,
            linear: l2 * products.pointAndDirection,
            quadratic: l2 / 2 * products.squaredDirection)
    }

    /// ℓ_B(x + αd) for every α of `steps` and, when the model knows it, dᵀ∇²ℓ_B d, in one reduction.
    /// - Parameters: x and d, those of the line.
    func probe(_ line: Line, from x: [Float], along d: [Float], at steps: [Double], rendezvous: Rendezvous) throws
        -> (losses: [Double], curvature: Double?)
    {
        let clock = Stopwatch()
        let grid = lossGrid(count: line.count)
        let local =
            line.margins?.losses(at: steps, grid: grid)
            ?? steps.map { loss(line, from: x, along: d, step: $0, grid, rendezvous) }
        let sums = ladder.values
        var knowsCurvature = false
        for attempt in 0... {
            for index in 0..<Self.ladderCapacity { sums[index] = index < local.count ? local[index] : 0 }
            let curvature = line.margins?.curvature(
                grid: scales.curvatureGrid(count: line.count))
            knowsCurvature = curvature != nil
            sums[Self.ladderCapacity] = curvature ?? 0
            if attempt == 0 { computeSeconds += clock.seconds }
            try reducer.reduce(ladder, kind: .ladder, rendezvous: rendezvous)
            guard knowsCurvature else { break }
            if scales.accept(curvature: sums[Self.ladderCapacity], count: line.count, attempt: attempt) { break }
        }
        let losses = steps.indices.map { index in
            let step = steps[index]
            return (sums[index] >= grid.limit ? .infinity : sums[index]) / Double(line.count)
                + line.constant + step * (line.linear + step * line.quadratic)
        }
        return (losses, knowsCurvature ? sums[Self.ladderCapacity] / Double(line.count) + 2 * line.quadratic : nil)
    }

    /// Σ f(x + αd; z_i) over this rank's part of the line's batch, as it was drawn for the gradient.
    private func loss(
        _ line: Line, from x: [Float], along d: [Float], step: Double, _ grid: SumGrid, _ rendezvous: Rendezvous
    )
        -> Double
    {
        rowsRead += line.count
        return trial.withUnsafeMutableBufferPointer { trial in
            x.withUnsafeBufferPointer { x in
                d.withUnsafeBufferPointer { FixedOrder.move(x, along: $0, step: step, into: trial) }
            }
            return model.loss(
                dataset.batch(
                    start: line.start % population, count: line.count, draw: rendezvous.draw, cycle: rendezvous.cycle),
                at: UnsafeBufferPointer(trial), on: grid)
        }
    }

    /// The grid of losses over `count` rows near the current point. No step is good whose data term alone is many times the
    /// objective.
    private func lossGrid(count: Int) -> SumGrid {
        scales.lossGrid(mean: abs(sums.loss) / Double(max(1, sums.count)) + currentPenalty, count: count)
    }

    /// Mean data loss over all rows of another data set (validation). One reduction.
    func meanLoss(on other: Dataset, at x: [Float], rendezvous: Rendezvous) throws -> Double {
        let rows = max(1, other.order.count)
        var grid = scales.lossGrid(count: rows)
        for attempt in 0... {
            let clock = Stopwatch()
            let own = x.withUnsafeBufferPointer { model.loss(other.all, at: $0, on: grid) }
            computeSeconds += clock.seconds
            let sum = try reducer.sum(own, kind: .validation, rendezvous: rendezvous)
            rowsRead += other.order.count
            guard let next = grid.next(after: sum, attempt: attempt) else { return sum / Double(rows) }
            grid = next
        }
        return .nan
    }

    /// One reduction, for models that ask for it.
    func findLeastLoss(rendezvous: Rendezvous) throws {
        guard let model = model as? any LeastLossModel else { return }
        let found = model.leastLoss(dataset.all)
        leastLoss = try sum(found.sum, kind: .leastLoss, rendezvous: rendezvous) / Double(max(1, population))
        let least = try reducer.maxima([Int32(SumGrid.exponent(above: max(0, -found.least)))])
        scales.least = Int(least[0])
    }

    /// The sum over all ranks. One reduction.
    func sum(_ own: ExactSum, kind: ReductionKind, rendezvous: Rendezvous) throws -> Double {
        ExactSum(words: try reducer.sums(own.words, kind: kind, rendezvous: rendezvous)[...]).value
    }

    /// ℓ(x) over all rows as they are, regulariser included. One read of the rows and one reduction.
    func value(at x: [Float], rendezvous: Rendezvous) throws -> Double {
        let penalty = l2 > 0 ? l2 / 2 * dot(x, x, count: model.penalisedCount) : 0
        return try meanLoss(on: dataset, at: x, rendezvous: rendezvous) + penalty
    }
}
