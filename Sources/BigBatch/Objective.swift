import Datasets
import MPI
import Models

/// The regularised objective over all ranks: ℓ(x) = (1/N) Σ f(x; z_i) + (λ/2)‖w‖², seen through reductions.
///
/// Every method makes the same collective calls on every rank. It counts what it costs: per-sample gradients, reads of
/// feature rows, reductions and seconds.
final class Objective<M: Model> {
    let model: M
    let dataset: Dataset
    let l2: Double
    let reducer: Reducer
    var metric = Metric.identity
    /// `dataset` with row norms in the metric.
    var metricDataset: Dataset
    /// Local rows whose norms in a dense metric stand in `metricDataset`; all other rows hold 0.
    var normedRows: [Range<Int>] = []
    var estimate: MetricEstimate?
    /// Rows that the current dense metric was estimated from; 0 without one.
    var metricSampleSize = 0

    /// Per-sample gradients evaluated, all ranks.
    private(set) var gradientsEvaluated = 0
    /// Reads of feature rows, all ranks.
    var rowsRead = 0
    var computeSeconds = 0.0

    /// Sums over the current batch.
    private(set) var sums: BatchSums
    /// g_B with the regulariser: the mean gradient of the current batch.
    private(set) var gradient: [Float]

    private var packet: UnsafeMutableBufferPointer<Double>
    private var ladderPacket: [Double]
    static var ladderCapacity: Int { 12 }

    /// Global sums that follow the header of a gradient packet.
    private var sumsOffset: Int { Reducer.headerCount }
    private var gradientOffset: Int { Reducer.headerCount + 3 }

    init(model: M, dataset: Dataset, l2: Double, communicator: any Communicator) {
        self.model = model
        self.dataset = dataset
        metricDataset = dataset
        self.l2 = l2
        reducer = Reducer(communicator: communicator)
        sums = BatchSums(parameterCount: model.parameterCount)
        gradient = [Float](repeating: 0, count: model.parameterCount)
        packet = .allocate(capacity: Reducer.headerCount + 3 + model.parameterCount)
        packet.initialize(repeating: 0)
        ladderPacket = [Double](repeating: 0, count: Reducer.headerCount + Self.ladderCapacity + 1)
    }

    deinit { packet.deallocate() }

    var population: Int { dataset.order.count }

    /// Evaluates loss, gradient and S of the batch at positions start ..< start + count and makes it the current batch;
    /// with `extending` the samples join the current batch instead. One reduction.
    func evaluate(start: Int, count: Int, at x: [Float], extending: Bool = false, decision: Decision) throws
        -> GradientStatistics
    {
        let clock = ContinuousClock.now
        let normed = writeNorms(start: start, count: count, before: extending ? sums.normedCount : 0)
        let batch = metricDataset.batch(start: start % population, count: count)
        let gradientPart = UnsafeMutableBufferPointer(rebasing: packet[gradientOffset...])
        gradientPart.update(repeating: 0)
        let local = x.withUnsafeBufferPointer { model.accumulate(batch, at: $0, gradient: gradientPart) }
        packet[sumsOffset] = Double(batch.count)
        packet[sumsOffset + 1] = local.loss
        packet[sumsOffset + 2] = local.squaredNorms
        computeSeconds += seconds(since: clock)
        try reducer.reduce(packet, kind: .gradient, decision: decision)
        guard packet[sumsOffset] == Double(count) else {
            throw ReductionError.incompleteBatch(
                iteration: decision.iteration, expected: count, found: packet[sumsOffset])
        }
        gradientsEvaluated += count
        rowsRead += count
        absorb(count: count, extending: extending)
        sums.normedCount = (extending ? sums.normedCount : 0) + normed
        return statistics(at: x)
    }

    private func absorb(count: Int, extending: Bool) {
        sums.count = (extending ? sums.count : 0) + count
        sums.loss = (extending ? sums.loss : 0) + packet[sumsOffset + 1]
        sums.squaredNorms = (extending ? sums.squaredNorms : 0) + packet[sumsOffset + 2]
        let offset = gradientOffset
        sums.gradient.withUnsafeMutableBufferPointer { sum in
            if extending {
                for index in sum.indices { sum[index] += packet[offset + index] }
            } else {
                for index in sum.indices { sum[index] = packet[offset + index] }
            }
        }
    }

    /// Means and norms of the current sums; the regulariser moves ‖g_B‖² but not V_B.
    private func statistics(at x: [Float]) -> GradientStatistics {
        let inverse = 1 / Double(max(1, sums.count))
        for index in gradient.indices { gradient[index] = Float(sums.gradient[index] * inverse) }
        let squaredMeanNorm = metric.squaredNorm(gradient)
        addRegulariser(x)
        return GradientStatistics(
            batchSize: sums.count, population: population,
            loss: sums.loss * inverse + penalty(x),
            squaredGradientNorm: metric.squaredNorm(gradient),
            variance: GradientStatistics.variance(
                count: sums.normedCount, squaredNorms: sums.squaredNorms, squaredMeanNorm: squaredMeanNorm))
    }

    private func addRegulariser(_ x: [Float]) {
        guard l2 > 0 else { return }
        let lambda = Float(l2)
        for index in 0..<model.penalisedCount { gradient[index] += lambda * x[index] }
    }

    /// (λ/2)‖w‖² over the penalised prefix.
    func penalty(_ x: [Float]) -> Double {
        guard l2 > 0 else { return 0 }
        let count = model.penalisedCount
        return l2 / 2 * dot(x, x, count: count)
    }

    /// The batch loss along x + αd, ready for any number of trials: margins are computed once (one read of the batch).
    func ray(start: Int, count: Int, from x: [Float], along d: [Float]) -> Ray {
        let clock = ContinuousClock.now
        defer { computeSeconds += seconds(since: clock) }
        let batch = dataset.batch(start: start % population, count: count)
        rowsRead += count
        let line = x.withUnsafeBufferPointer { x in
            d.withUnsafeBufferPointer { model.directionalLoss(batch, at: x, direction: $0) }
        }
        let penalised = model.penalisedCount
        return Ray(
            line: line, count: count, constant: penalty(x),
            linear: l2 > 0 ? l2 * dot(x, d, count: penalised) : 0,
            quadratic: l2 > 0 ? l2 / 2 * dot(d, d, count: penalised) : 0)
    }

    /// ℓ_B(x + αd) for every α of `steps` and, when the model knows it, dᵀ∇²ℓ_B d, in one reduction.
    func probe(_ ray: Ray, at steps: [Double], decision: Decision) throws -> (losses: [Double], curvature: Double?) {
        let clock = ContinuousClock.now
        let local = ray.line.losses(at: steps)
        let curvature = ray.line.curvature()
        ladderPacket[Reducer.headerCount + Self.ladderCapacity] = curvature ?? 0
        for index in 0..<Self.ladderCapacity {
            ladderPacket[Reducer.headerCount + index] = index < local.count ? local[index] : 0
        }
        computeSeconds += seconds(since: clock)
        try ladderPacket.withUnsafeMutableBufferPointer {
            try reducer.reduce($0, kind: .ladder, decision: decision)
        }
        let losses = steps.indices.map { index in
            let step = steps[index]
            return ladderPacket[Reducer.headerCount + index] / Double(ray.count)
                + ray.constant + step * (ray.linear + step * ray.quadratic)
        }
        let sum = ladderPacket[Reducer.headerCount + Self.ladderCapacity]
        return (losses, curvature == nil ? nil : sum / Double(ray.count) + 2 * ray.quadratic)
    }

    /// Mean data loss over all rows of another data set (validation). One reduction.
    func meanLoss(on other: Dataset, at x: [Float], decision: Decision) throws -> Double {
        let clock = ContinuousClock.now
        var packet = [Double](repeating: 0, count: Reducer.headerCount + 1)
        packet[Reducer.headerCount] = x.withUnsafeBufferPointer { model.loss(other.all, at: $0) }
        computeSeconds += seconds(since: clock)
        try packet.withUnsafeMutableBufferPointer { try reducer.reduce($0, kind: .validation, decision: decision) }
        rowsRead += other.order.count
        return packet[Reducer.headerCount] / Double(max(1, other.order.count))
    }

    /// ‖g_B‖ in the Euclidean norm, regulariser included.
    var gradientNorm: Double { dot(gradient, gradient).squareRoot() }

    var isPreconditioned: Bool {
        if case .identity = metric { false } else { true }
    }

    var gradientPasses: Double { Double(gradientsEvaluated) / Double(population) }

    var featurePasses: Double { Double(rowsRead) / Double(population) }
}

/// ℓ_B along x + αd: the data term by margins, the regulariser in closed form (constant + α·linear + α²·quadratic).
struct Ray {
    let line: any DirectionalLoss
    let count: Int
    let constant: Double
    let linear: Double
    let quadratic: Double
}
