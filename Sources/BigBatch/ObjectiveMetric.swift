import Datasets
import Kernels
import Models

extension Objective {
    /// Takes up the metric of x₀, for models that know their curvature; others keep the identity. Where the data set does
    /// not say how large its columns are, they are measured: one read of the features and one reduction.
    func adoptInitialMetric(at x: [Float], decision: Decision) throws {
        guard let model = model as? any CurvatureModel else { return }
        try prepareGrids()
        let estimate = try prepareEstimate(model, decision: decision)
        if estimate.isDenseWorthwhile {
            let count = estimate.firstSampleSize
            try adoptDenseMetric(
                start: 0, window: min(population, 64 * count), count: count, at: x, decision: decision)
        } else {
            adopt(estimate.diagonal(curvature: model.curvatureAtZero))
        }
    }

    /// What metrics are made from, found out once.
    private func prepareEstimate(_ model: any CurvatureModel, decision: Decision) throws -> MetricEstimate {
        if let estimate { return estimate }
        var squares = try dataset.columnSquares ?? measuredColumnSquares(model, decision: decision)
        if model.hasIntercept { squares.append(1) }
        let made = MetricEstimate(
            features: model.featureCount, hasIntercept: model.hasIntercept, classes: model.classCount,
            population: population, l2: l2, storedValues: try storedValuesPerRow(decision: decision),
            columnSquares: squares)
        estimate = made
        leverages =
            made.isDenseWorthwhile
            ? RowLeverages(dataset, columnSquares: squares[..<model.featureCount]) : nil
        return made
    }

    /// ½ gᵀPg, P the inverse Hessian at x as far as a dense metric knows it, g the gradient of all rows at x: an estimate of
    /// ℓ(x) − ℓ*. Nil for models that do not know their curvature, and where a dense metric costs too much.
    func gapByCurvature(at x: [Float], decision: Decision) throws -> Double? {
        guard let model = model as? any CurvatureModel else { return nil }
        try prepareGrids()
        _ = try prepareEstimate(model, decision: decision)
        guard let estimate, estimate.isDenseWorthwhile else { return nil }
        let metric = try denseMetric(
            start: 0, window: population, count: estimate.sampleSize, at: x, weightFloor: 0, decision: decision)
        return metric.map { $0.squaredNorm(gradient) / 2 }
    }

    /// The metric in use, made anew at x for steps on all rows; row norms, which noise is judged by, are not.
    func renewMetric(at x: [Float], decision: Decision) throws {
        guard let estimate, let model = model as? any CurvatureModel else { return }
        if metricSampleSize > 0 {
            return try adoptDenseMetric(
                start: 0, window: population, count: estimate.sampleSize, at: x, decision: decision)
        }
        let clock = Stopwatch()
        let count = estimate.firstSampleSize
        let batch = dataset.batch(start: 0, count: count)
        let weights = x.withUnsafeBufferPointer { model.curvatureWeights(of: batch, at: $0) }
        computeSeconds += clock.seconds
        rowsRead += count
        var grid: SumGrid? = SumGrid(exponent: SumGrid.exponent(above: 4 * model.curvatureAtZero * Double(count)))
        var packet = [Double](repeating: 0, count: Reducer.headerCount + 1)
        for attempt in 0... {
            guard let current = grid else { break }
            packet[Reducer.headerCount] = weights.elements.reduce(0.0) { $0 + current.round(Double($1)) }
            try packet.withUnsafeMutableBufferPointer {
                try reducer.reduce($0, kind: .curvature, decision: decision)
            }
            grid = current.next(after: packet[Reducer.headerCount], attempt: attempt)
        }
        let mean = packet[Reducer.headerCount] / Double(count)
        if mean > 0 { metric = estimate.diagonal(curvature: mean) }
    }

    private func measuredColumnSquares(_ model: any CurvatureModel, decision: Decision) throws -> [Double] {
        let clock = Stopwatch()
        let anchors = trueExponents().map {
            SumGrid(exponent: 2 * $0 + 1 + SumGrid.exponent(above: Double(population))).anchor
        }
        var sums = [Double](repeating: 0, count: Reducer.headerCount) + anchors
        sums.withUnsafeMutableBufferPointer { sums in
            model.addColumnSquares(
                dataset.all, into: UnsafeMutableBufferPointer(rebasing: sums[Reducer.headerCount...]))
        }
        for (column, anchor) in anchors.enumerated() { sums[Reducer.headerCount + column] -= anchor }
        computeSeconds += clock.seconds
        try sums.withUnsafeMutableBufferPointer { try reducer.reduce($0, kind: .columns, decision: decision) }
        rowsRead += population
        var shifts: AlignedBuffer<Float>?
        if case .sparse = dataset.features { shifts = dataset.shift }
        return (0..<model.featureCount).map { column in
            let shift = shifts.map { Double($0.pointer[column]) } ?? 0
            return sums[Reducer.headerCount + column] / Double(population) + shift * shift
        }
    }

    /// e with |x_j| < 2^e for the true values of each column j, centring included.
    private func trueExponents() -> [Int] {
        columnExponents.enumerated().map { column, exponent in
            let shift = dataset.shift.map { abs(Double($0.pointer[column])) } ?? 0
            return SumGrid.exponent(above: Double(sign: .plus, exponent: Int(exponent), significand: 1) + shift)
        }
    }

    /// The units of Σ h x̂x̂ᵀ over `rows` rows of h ≤ weight.
    func momentGrid(weight: Double, rows: Int, hasIntercept: Bool) -> MomentGrid {
        let root = (SumGrid.exponent(above: weight) + 1) / 2
        let exponents = trueExponents() + (hasIntercept ? [1] : [])
        return MomentGrid(exponents: exponents.map { $0 + root }, rows: rows)
    }

    /// The largest sample weight, or a little more. One reduction with weights.
    func largestWeight() throws -> Double {
        guard let weights = dataset.weights else { return 1 }
        let own = weights.elements.prefix(dataset.order.localCount).max() ?? 0
        let exponent = try reducer.maxima([Int32(SumGrid.exponent(above: Double(own)))])[0]
        return Double(sign: .plus, exponent: Int(exponent), significand: 1)
    }

    /// Nil for dense rows. One reduction for sparse ones, at the first call.
    func storedValuesPerRow(decision: Decision) throws -> Double? {
        guard case .sparse(let matrix) = dataset.features else { return nil }
        if let known = estimate?.storedValues { return known }
        var packet = [Double](repeating: 0, count: Reducer.headerCount + 1)
        packet[Reducer.headerCount] = Double(matrix.nonZeros)
        try packet.withUnsafeMutableBufferPointer { try reducer.reduce($0, kind: .storedValues, decision: decision) }
        return packet[Reducer.headerCount] / Double(max(1, population))
    }

    /// Estimates a dense metric at x from about `count` rows of the positions start ..< start + window. Two reductions: the
    /// mean weight and the columns' squares, then the sketch.
    func adoptDenseMetric(start: Int, window: Int, count: Int, at x: [Float], decision: Decision) throws {
        let found = try denseMetric(
            start: start, window: window, count: count, at: x, weightFloor: MetricEstimate.weightFloor,
            decision: decision)
        guard let found else { return }
        adopt(found)
        metricSampleSize = count
    }

    /// Sums of a sample before its columns': Σ w h, Σ w, rows, the code of the largest w h.
    private static var sampleSums: Int { 4 }

    private func denseMetric(
        start: Int, window: Int, count: Int, at x: [Float], weightFloor: Double, decision: Decision
    ) throws -> Metric? {
        guard let estimate, let model = model as? any CurvatureModel else { return nil }
        try prepareGrids()
        let clock = Stopwatch()
        let sample = drawRows(
            start: start, window: window, expected: count, salt: UInt64(truncatingIfNeeded: decision.iteration))
        let rows = dataset.gathered(sample.rows)
        let weights = x.withUnsafeBufferPointer { model.curvatureWeights(of: rows.all, at: $0) }
        // What grids need to know: how many rows there may be, and how much of a row counts at most.
        let most = min(window, 8 * count + 1024)
        let heaviest = RowSample.largestWeight(window: window, expected: count)
        let squareGrids = trueExponents().map {
            SumGrid(exponent: 2 * $0 + SumGrid.exponent(above: heaviest * Double(most)))
        }
        let weightGrid = SumGrid(exponent: SumGrid.exponent(above: heaviest * Double(most)))
        var curvatureGrid: SumGrid? = SumGrid(
            exponent: SumGrid.exponent(above: 4 * model.curvatureAtZero * heaviest * Double(most)))
        computeSeconds += clock.seconds
        var first: [Double] = []
        for attempt in 0... {
            guard let current = curvatureGrid else { break }
            let clock = Stopwatch()
            first = [Double](repeating: 0, count: Reducer.headerCount + Self.sampleSums + estimate.features)
            var largest: Float = 0
            for (index, weight) in sample.weights.enumerated() {
                first[Reducer.headerCount] += current.round(Double(weight) * Double(weights[index]))
                first[Reducer.headerCount + 1] += weightGrid.round(Double(weight))
                largest = max(largest, weight * weights[index])
            }
            first[Reducer.headerCount + 2] = Double(sample.rows.count)
            first[Reducer.headerCount + 3] = LargestOfRanks.code(largest, scale: 0)
            first.withUnsafeMutableBufferPointer {
                rows.features.addSquares(
                    weights: sample.weights, grids: squareGrids,
                    to: UnsafeMutableBufferPointer(rebasing: $0[(Reducer.headerCount + Self.sampleSums)...]))
            }
            computeSeconds += clock.seconds
            try first.withUnsafeMutableBufferPointer {
                try reducer.reduce($0, kind: .sampleColumns, decision: decision)
            }
            curvatureGrid = current.next(after: first[Reducer.headerCount], attempt: attempt)
        }

        let second = Stopwatch()
        let total = first[Reducer.headerCount + 1]
        let mean = first[Reducer.headerCount] / total
        for (index, weight) in sample.weights.enumerated() {
            weights[index] = weight * (weights[index] + Float(weightFloor * mean))
        }
        var level = LargestOfRanks.level(first[Reducer.headerCount + 3]) ?? -LargestOfRanks.levels
        if level == LargestOfRanks.levels {
            let own = weights.elements.reduce(0.0) { max($0, Double($1)) }
            level = Int(try reducer.maxima([Int32(SumGrid.exponent(above: own))])[0])
        }
        let largest = Double(sign: .plus, exponent: level, significand: 1) + weightFloor * mean * heaviest
        let grid = momentGrid(
            weight: largest, rows: Int(first[Reducer.headerCount + 2]), hasIntercept: model.hasIntercept)
        let sketch = model.curvature(of: rows.all, weights: weights, grid: grid)
        var packet = [Double](repeating: 0, count: Reducer.headerCount) + sketch.upper
        computeSeconds += second.seconds
        try packet.withUnsafeMutableBufferPointer { try reducer.reduce($0, kind: .curvature, decision: decision) }
        rowsRead += count

        let third = Stopwatch()
        defer { computeSeconds += third.seconds }
        return estimate.dense(
            sketch: SecondMoment.symmetric(packet[Reducer.headerCount...], dimension: estimate.dimension, grid: grid),
            count: total, meanWeight: mean, sampleSquares: Array(first[(Reducer.headerCount + Self.sampleSums)...]))
    }

    /// Uses `metric` for norms and steps from the next batch on.
    func adopt(_ metric: Metric) {
        if case .diagonal = self.metric { metricNorms.elements.update(repeating: 0) }
        self.metric = metric
        metricDataset.squaredNorms = metricNorms
        switch metric {
        case .identity:
            metricDataset = dataset
        case .diagonal(let scale, _):
            normedRows = []
            metricDataset.interceptSquaredNorm = estimate?.hasIntercept == true ? scale[scale.count - 1] : 0
            let shift = dataset.shift
            scale.withUnsafeBufferPointer { scale in
                dataset.features.squaredNorms(
                    0..<dataset.order.localCount, diagonal: scale.baseAddress.unsafelyUnwrapped,
                    shift: shift.map { UnsafePointer($0.pointer) }, into: metricNorms.pointer)
            }
        case .dense:
            // Rows outside `normedRows` hold 0.
            metricDataset.interceptSquaredNorm = 0
        }
    }
}
