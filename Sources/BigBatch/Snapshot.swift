import Models

/// All that a run depends on between two iterations: a trainer that starts from it goes on as if the run had never stopped.
///
/// To the last bit, on any number of ranks. Numbers go to the encoder as they are, long arrays to the `SnapshotTensors` in its
/// `userInfo`, from which the decoder takes them again. It refers to the memory of the trainer that made it: encode it before
/// that trainer goes on.
public struct Snapshot: Codable {
    /// Iterations done.
    public var iteration: Int { state.iteration }
    /// K of the next iteration, before it grows.
    public var batchSize: Int { state.batchSize }
    /// Training time up to here, over all attempts.
    public internal(set) var seconds: Double

    var state: TrainerState
    /// d of the last step.
    @Stored var direction: [Float]
    /// `BatchRule.noisyPasses`, which the data may have decided.
    var noisyPasses: Double
    var objective: ObjectiveState
    var reducer: Reducer.Account
    var validation: ValidationState?
}

/// What `Objective` has learned and counted.
struct ObjectiveState: Codable {
    var gradientsEvaluated: Int
    var rowsRead: Int
    var computeSeconds: Double
    var leastLoss: Double
    var scales: SumScales
    var stretchScales: StretchScales
    @Stored var columnExponents: [Float]
    @Stored var columnCounts: [Float]
    var metric: StoredMetric
    var metricSampleSize: Int
    var estimate: MetricEstimate?
    var adaptive: AdaptiveState?
    var walk: WalkPath?
}

/// A snapshot of another model or other data.
public struct SnapshotMismatch: Error, CustomStringConvertible {
    public let description: String
}

/// Takes snapshots of a run. Asked and told on the rank that has one; the ranks agree on the moment by a flag.
public protocol SnapshotKeeper: AnyObject {
    /// It is time for a snapshot. Asked before every reduction; must return at once.
    var isDue: Bool { get }
    /// The state after an iteration. An error ends the run on this rank.
    /// - Parameter isLast: the run stops here, for whatever reason but divergence.
    func keep(_ snapshot: Snapshot, isLast: Bool) throws
}

extension Trainer {
    /// - Parameter isDone: the run has converged. What it knows of the curvature, ten to forty times the parameters, is left
    ///   out: who goes on to a lower tolerance learns it anew.
    func snapshot(seconds: Double, isDone: Bool = false) -> Snapshot {
        var kept = state
        var known = objective.saved
        if isDone, isConvex {
            kept.lbfgs = LBFGS(memory: state.lbfgs.memory)
            known.walk = nil
        }
        return Snapshot(
            seconds: seconds, state: kept, direction: direction, noisyPasses: batchRule.noisyPasses,
            objective: known, reducer: objective.reducer.account, validation: validation?.state)
    }

    /// Makes the state that of the snapshot.
    /// - Throws: `SnapshotMismatch`, the same on every rank.
    func restore(_ snapshot: Snapshot) throws {
        guard snapshot.state.parameters.count == state.parameters.count,
            snapshot.direction.count == direction.count,
            (snapshot.validation == nil) == (validation == nil),
            (snapshot.objective.adaptive == nil) == (objective.adaptive == nil) || isConvex,
            snapshot.state.position <= objective.population
        else { throw SnapshotMismatch(description: "the snapshot is not of this model and this data") }
        state = snapshot.state
        direction = snapshot.direction
        batchRule.noisyPasses = snapshot.noisyPasses
        if let saved = snapshot.validation { validation?.state = saved }
        try objective.restore(snapshot.objective)
        objective.reducer.account = snapshot.reducer
    }
}

extension Objective {
    var saved: ObjectiveState {
        ObjectiveState(
            gradientsEvaluated: gradientsEvaluated, rowsRead: rowsRead, computeSeconds: computeSeconds,
            leastLoss: leastLoss, scales: scales, stretchScales: stretchScales,
            columnExponents: columnExponents.map { Float($0) }, columnCounts: columnCounts.map { Float($0) },
            metric: StoredMetric(metric),
            metricSampleSize: metricSampleSize, estimate: estimate,
            adaptive: adaptive?.state, walk: walk?.path)
    }

    func restore(_ saved: ObjectiveState) throws {
        estimate = saved.estimate
        if let estimate, estimate.isDenseWorthwhile {
            leverages = RowLeverages(dataset, columnSquares: estimate.columnSquares[..<estimate.features])
        }
        metricSampleSize = saved.metricSampleSize
        scales = saved.scales
        guard saved.stretchScales.count == stretchScales.count else {
            throw SnapshotMismatch(description: "the snapshot is of a network of other layers")
        }
        stretchScales = saved.stretchScales
        let counts = [saved.columnExponents.count, saved.columnCounts.count]
        guard counts.allSatisfy({ $0 == 0 || $0 == dataset.features.columns }), counts[0] >= counts[1] else {
            throw SnapshotMismatch(description: "the snapshot is of data with other columns")
        }
        columnExponents = saved.columnExponents.map { Int32($0) }
        columnCounts = saved.columnCounts.map { Int32($0) }
        if let metric = try saved.metric.metric() { adopt(metric) }
        if let state = saved.adaptive { adaptive?.state = state } else { adaptive = nil }
        walk = try saved.walk.map { try retrace($0) }
        restoreCounters(
            gradientsEvaluated: saved.gradientsEvaluated, rowsRead: saved.rowsRead,
            computeSeconds: saved.computeSeconds, leastLoss: saved.leastLoss)
    }
}

/// A metric as numbers: it is made from them anew, to the same bits.
struct StoredMetric: Codable {
    /// Of a diagonal metric.
    @Stored private var scale: [Float]? = nil
    private var classes = 1
    /// A of a dense metric P = A⁻¹: its upper triangle, row by row.
    @Stored private var upper: [Double]? = nil
    private var dimension = 0
    private var hasIntercept = false

    init(_ metric: Metric) {
        switch metric {
        case .identity: break
        case .diagonal(let scale, let classes):
            self.scale = scale
            self.classes = classes
        case .dense(let dense):
            upper = dense.upper
            classes = dense.classes
            dimension = dense.dimension
            hasIntercept = dense.hasIntercept
        }
    }

    /// Nil: the identity.
    func metric() throws -> Metric? {
        if let scale { return .diagonal(scale: scale, classes: classes) }
        guard let upper else { return nil }
        guard upper.count == dimension * (dimension + 1) / 2,
            let dense = DenseMetric(upper: upper, dimension: dimension, classes: classes, hasIntercept: hasIntercept)
        else { throw SnapshotMismatch(description: "the metric of the snapshot is damaged") }
        return .dense(dense)
    }
}
