import Datasets
import Kernels
import Models

extension Objective {
    /// Rows of a batch of K whose norm in a dense metric is computed, D²/2 multiply-adds each: as many as cost what the
    /// gradient does, 2KDC, but no fewer than estimate V to a tenth (256) and no more than to a twentieth (1,024).
    private func normedRowCount(ofBatch count: Int) -> Int {
        guard let estimate else { return count }
        return min(1024, max(256, 4 * count * estimate.classes / max(1, estimate.dimension)))
    }

    /// Takes up the metric of x₀, for models that know their curvature; others keep the identity. Where the data set does
    /// not say how large its columns are, they are measured: one read of the features and one reduction.
    func adoptInitialMetric(at x: [Float], decision: Decision) throws {
        guard let model = model as? any CurvatureModel else { return }
        let estimate = try prepareEstimate(model, decision: decision)
        if canBeDense {
            try adoptDenseMetric(start: 0, count: estimate.firstSampleSize, at: x, decision: decision)
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
            population: population, l2: l2, columnSquares: squares)
        estimate = made
        return made
    }

    /// ½ gᵀPg, P the inverse Hessian at x as far as a dense metric knows it, g the gradient of all rows at x: an estimate of
    /// ℓ(x) − ℓ*. Nil for models that do not know their curvature, and where a dense metric costs too much.
    func gapByCurvature(at x: [Float], decision: Decision) throws -> Double? {
        guard let model = model as? any CurvatureModel else { return nil }
        _ = try prepareEstimate(model, decision: decision)
        guard let estimate, estimate.isDenseWorthwhile else { return nil }
        let metric = try denseMetric(start: 0, count: population, at: x, weightFloor: 0, decision: decision)
        return metric.map { $0.metric.squaredNorm(gradient) / 2 }
    }

    /// The metric in use, made anew at x for steps on all rows; row norms, which noise is judged by, are not.
    func renewMetric(at x: [Float], decision: Decision) throws {
        guard let estimate, let model = model as? any CurvatureModel else { return }
        if metricSampleSize > 0 {
            return try adoptDenseMetric(start: 0, count: population, at: x, decision: decision)
        }
        let clock = Stopwatch()
        let count = estimate.firstSampleSize
        let batch = dataset.batch(start: 0, count: count)
        let weights = x.withUnsafeBufferPointer { model.curvatureWeights(of: batch, at: $0) }
        var packet = [Double](repeating: 0, count: Reducer.headerCount + 1)
        packet[Reducer.headerCount] = weights.elements.reduce(0.0) { $0 + Double($1) }
        computeSeconds += clock.seconds
        rowsRead += count
        try packet.withUnsafeMutableBufferPointer { try reducer.reduce($0, kind: .curvature, decision: decision) }
        let mean = packet[Reducer.headerCount] / Double(count)
        if mean > 0 { metric = estimate.diagonal(curvature: mean) }
    }

    private func measuredColumnSquares(_ model: any CurvatureModel, decision: Decision) throws -> [Double] {
        let clock = Stopwatch()
        var sums = [Double](repeating: 0, count: Reducer.headerCount + model.featureCount)
        sums.withUnsafeMutableBufferPointer { sums in
            model.addColumnSquares(
                dataset.all, into: UnsafeMutableBufferPointer(rebasing: sums[Reducer.headerCount...]))
        }
        computeSeconds += clock.seconds
        try sums.withUnsafeMutableBufferPointer { try reducer.reduce($0, kind: .columns, decision: decision) }
        rowsRead += population
        return sums[Reducer.headerCount...].map { $0 / Double(population) }
    }

    var canBeDense: Bool {
        guard let estimate, case .dense = dataset.features else { return false }
        return estimate.isDenseWorthwhile
    }

    /// Estimates a dense metric at x from the first rows of the batch start ..< start + count. Two reductions: the mean
    /// weight and the columns' squares, then the sketch.
    func adoptDenseMetric(start: Int, count: Int, at x: [Float], decision: Decision) throws {
        let found = try denseMetric(
            start: start, count: count, at: x, weightFloor: MetricEstimate.weightFloor, decision: decision)
        guard let found else { return }
        adopt(found.metric)
        metricSampleSize = found.rows
    }

    private func denseMetric(start: Int, count: Int, at x: [Float], weightFloor: Double, decision: Decision) throws
        -> (metric: Metric, rows: Int)?
    {
        guard let estimate, let model = model as? any CurvatureModel else { return nil }
        let count = min(count, estimate.sampleSize)
        let clock = Stopwatch()
        let batch = dataset.batch(start: start % population, count: count)
        let weights = x.withUnsafeBufferPointer { model.curvatureWeights(of: batch, at: $0) }
        var first = [Double](repeating: 0, count: Reducer.headerCount + 1 + estimate.features)
        first[Reducer.headerCount] = weights.elements.reduce(0.0) { $0 + Double($1) }
        first.withUnsafeMutableBufferPointer { first in
            model.addColumnSquares(
                batch, into: UnsafeMutableBufferPointer(rebasing: first[(Reducer.headerCount + 1)...]))
        }
        computeSeconds += clock.seconds
        try first.withUnsafeMutableBufferPointer { try reducer.reduce($0, kind: .sampleColumns, decision: decision) }

        let second = Stopwatch()
        let mean = first[Reducer.headerCount] / Double(count)
        for index in 0..<batch.count { weights[index] += Float(weightFloor * mean) }
        let sketch = model.curvature(of: batch, weights: weights)
        var packet = [Double](repeating: 0, count: Reducer.headerCount) + sketch.sums
        computeSeconds += second.seconds
        try packet.withUnsafeMutableBufferPointer { try reducer.reduce($0, kind: .curvature, decision: decision) }
        rowsRead += count

        let third = Stopwatch()
        defer { computeSeconds += third.seconds }
        let metric = estimate.dense(
            sketch: Array(packet[Reducer.headerCount...]), count: count, meanWeight: mean,
            sampleSquares: Array(first[(Reducer.headerCount + 1)...]))
        return (metric, count)
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

    /// Prepares the row norms of `count` samples and returns over how many of them S will run. Norms in a dense metric are
    /// computed for the first rows only; the rest hold 0 and add nothing.
    /// - Parameters:
    ///   - batchSize: samples of the batch that these belong to, themselves included.
    ///   - before: samples of that batch whose norms were computed before.
    func writeNorms(start: Int, count: Int, batchSize: Int, before: Int) -> Int {
        guard case .dense(let dense) = metric, case .dense(let features) = dataset.features else { return count }
        for rows in normedRows {
            (metricDataset.squaredNorms.pointer + rows.lowerBound).update(repeating: 0, count: rows.count)
        }
        let normed = min(count, max(0, normedRowCount(ofBatch: batchSize) - before))
        let batch = dataset.batch(start: start % population, count: normed)
        normedRows = (0..<batch.rangeCount).map { batch.range($0) }
        for rows in normedRows {
            dense.writeSquaredNorms(of: rows, in: features, to: metricDataset.squaredNorms)
        }
        return normed
    }
}
