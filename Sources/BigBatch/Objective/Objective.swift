import Datasets
import Kernels
import MPI
import Models

/// The regularised objective over all ranks: ℓ(x) = (1/N) Σ f(x; z_i) + (λ/2)‖w‖², seen through reductions.
///
/// Every method makes the same collective calls on every rank. It counts what it costs: per-sample gradients, reads of
/// feature rows, reductions and seconds.
final class Objective<M: Model> {
    let model: M
    /// Changes where rows move to other ranks: see `take`.
    var dataset: Dataset
    let l2: Double
    let reducer: Reducer
    var preconditioner = Preconditioner.identity { didSet { preconditionedGradient = [] } }
    /// `dataset` with row norms under the preconditioner.
    var preconditionedDataset: Dataset
    /// Local rows whose norms under a dense preconditioner stand in `preconditionedDataset`; all other rows hold 0.
    var normedRows: [Int] = []
    /// Row norms under the preconditioner; no rows for models without one.
    var preconditionedNorms: AlignedBuffer<Float>
    var estimate: PreconditionerEstimate?
    /// Of this rank's rows, where the preconditioner may be dense.
    var leverages: RowLeverages?
    /// Of this rank's rows, once a sample was drawn by them.
    var strata: RowStrata?
    /// Rows that the current dense preconditioner was estimated from; 0 without one.
    var preconditionerSampleSize = 0

    /// The units of the last curvature had to come from its rows. The same on all ranks.
    var hadCoarseUnits = false

    /// Per-sample gradients evaluated, all ranks.
    var gradientsEvaluated = 0
    /// Reads of feature rows, all ranks.
    var rowsRead = 0
    var computeSeconds = 0.0
    /// Per-sample gradients that this rank evaluated since it started.
    var ownSamples = 0
    /// Keeps how walks came about, so that a snapshot can hold them.
    var remembersWalks = false

    /// Sums over the current batch; its gradient stands in `current`.
    private(set) var sums = BatchSums()
    /// g_B with the regulariser: the mean gradient of the current batch, or this rank's part of it.
    var gradient: [Float]
    /// Of `gradient`.
    var parts: Parts {
        didSet {
            gradient = [Float](repeating: 0, count: parts.own.count)
            guard parts.areSpread else { return }
            arrived = GradientPacket(doubles: parts.own.count, sizes: 0, units: 0)
            current = GradientPacket(doubles: parts.own.count, sizes: 0, units: 0)
        }
    }
    /// P g_B of a dense preconditioner, from its norm on; empty where it is not known.
    var preconditionedGradient: [Float] = []
    /// ‖g_B‖ in the Euclidean norm, regulariser included.
    var gradientNorm = 0.0
    /// (λ/2)‖w‖² at the point of the current gradient.
    var currentPenalty = 0.0

    /// Reduced sums of the current batch, and the packet that the next evaluation fills; they change places.
    var current: GradientPacket
    private(set) var packet: GradientPacket
    /// The reduced sums of the next evaluation, of this rank's part, where the parameters are spread: they change places with
    /// `current` then.
    private(set) var arrived: GradientPacket?
    var scatterPacket: ScatterPacket?
    /// Of all rows, and of the last other batch.
    var touchedByAll: TouchedColumns?
    var touchedByBatch: TouchedColumns?
    /// The model, where it knows how to add up so that it does not matter where the rows are, in one way or the other; and how
    /// large the sums will be.
    let rowSumModel: (any RowSumModel)?
    let wholeSumModel: (any WholeSumModel)?
    var scales = SumScales()
    var stretchScales: StretchScales
    /// |x_ij| < 2^this for each column j.
    var columnExponents: [Int32] = []
    /// Column j has fewer than 2^this values; empty where nothing depends on it.
    var columnCounts: [Int32] = []
    var columnAnchors: AlignedBuffer<Double>?
    var gridKey: GridKey?
    var units: SumUnits?
    var shortPacket: ShortPacket?
    /// The line to the current point, where its margins can serve on.
    var walk: Walk?
    /// The norm of the steps, for directions that learn one.
    var norm: LearnedNorm?
    /// The infimum of the mean loss over all margins, where it is not 0 (see `LeastLossModel`).
    var leastLoss = 0.0
    /// x + αd, for models without margins.
    var trial: [Float]
    let ladder = Packet(count: Objective.ladderCapacity + 1)
    static var ladderCapacity: Int { 12 }

    init(model: M, dataset: Dataset, l2: Double, communicator: any Communicator) {
        self.model = model
        self.dataset = dataset
        preconditionedDataset = dataset
        preconditionedNorms = AlignedBuffer(count: model is any CurvatureModel ? dataset.order.localCount : 0)
        self.l2 = l2
        reducer = Reducer(communicator: communicator)
        gradient = [Float](repeating: 0, count: model.parameterCount)
        parts = .whole(model.parameterCount)
        rowSumModel = model as? any RowSumModel
        wholeSumModel = model as? any WholeSumModel
        let sizes = rowSumModel == nil ? wholeSumModel?.stretches.count ?? 1 : 0
        stretchScales = StretchScales(count: sizes)
        let doubles = wholeSumModel == nil ? rowSumModel?.sumCount ?? model.parameterCount : 0
        let units = wholeSumModel == nil ? 0 : model.parameterCount
        current = GradientPacket(doubles: doubles, sizes: sizes, units: units)
        packet = GradientPacket(doubles: doubles, sizes: sizes, units: units)
        trial = model.isConvex ? [] : gradient
    }

    func restoreCounters(gradientsEvaluated: Int, rowsRead: Int, computeSeconds: Double, leastLoss: Double) {
        self.leastLoss = leastLoss
        self.gradientsEvaluated = gradientsEvaluated
        self.rowsRead = rowsRead
        self.computeSeconds = computeSeconds
    }

    var population: Int { dataset.order.count }

    /// Evaluates loss, gradient and S of the batch at positions start ..< start + count and makes it the current batch;
    /// with `extending` the samples join the current batch instead. One reduction, and one more of a gradient in parts.
    func evaluate(start: Int, count: Int, at x: [Float], extending: Bool = false, rendezvous: Rendezvous) throws
        -> GradientStatistics
    {
        try addUp(start: start, count: count, at: x, extending: extending, rendezvous: rendezvous)
        return try statistics(at: x, rendezvous: rendezvous)
    }

    /// Sums over the batch become the current ones.
    private func addUp(start: Int, count: Int, at x: [Float], extending: Bool, rendezvous: Rendezvous) throws {
        try prepareGrids()
        let batchSize = count + (extending ? sums.count : 0)
        writeNorms(start: start, count: count, batchSize: batchSize)
        var batch = preconditionedDataset.batch(
            start: start % population, count: count, draw: rendezvous.draw, cycle: rendezvous.cycle)
        let walk = extending ? nil : keptWalk(start: start, count: count)
        let touched = parts.areSpread ? touchedColumns(start: start, count: count) : nil
        for attempt in 0... {
            let clock = Stopwatch()
            batch.grids = grids(count: count)
            batch.grids.touched = touched?.touched
            let local = addUp(batch, along: walk, at: x)
            ownSamples += batch.count
            packet.message.scalars = BatchScalars(
                rows: Double(batch.count), loss: local.loss, squaredNorms: local.squaredNorms,
                largestResidual: scales.code(largest: local.largestResidual))
            computeSeconds += clock.seconds
            try reduceSums(of: touched, rendezvous: rendezvous)
            let rows = packet.message.scalars.rows
            guard rows == Double(count) else {
                throw ReductionError.incompleteBatch(iteration: rendezvous.iteration, expected: count, found: rows)
            }
            gradientsEvaluated += count
            rowsRead += count
            if accept(grids: batch.grids, count: count, batchSize: batchSize, attempt: attempt) { break }
        }
        absorb(count: count, extending: extending)
    }

    /// Writes g_S of other rows at any point; the current batch stays the current one.
    func writeGradient(start: Int, count: Int, at x: [Float], into result: inout [Float], rendezvous: Rendezvous) throws
    {
        let kept = (preconditionedGradient, gradientNorm, currentPenalty, sums)
        swap(&gradient, &result)
        defer {
            swap(&gradient, &result)
            (preconditionedGradient, gradientNorm, currentPenalty, sums) = kept
            swapSums()
        }
        try addUp(start: start, count: count, at: x, extending: false, rendezvous: rendezvous)
        writeGradient(at: x)
    }

    /// Fills the packet with this rank's sums over the batch, from known margins where there are any.
    private func addUp(_ batch: Batch, along walk: Walk?, at x: [Float]) -> LossSums {
        x.withUnsafeBufferPointer { x in
            if let wholeSumModel, let units = packet.units {
                return wholeSumModel.writeSums(batch, at: x, into: units.elements, sizes: packet.sizes)
            }
            if let rowSumModel {
                let sums = packet.doubles
                return walk?.line.writeSums(preconditionedDataset, grids: batch.grids, at: x, into: sums)
                    ?? rowSumModel.writeSums(batch, at: x, into: sums)
            }
            return model.writePieceSums(batch, at: x, into: packet.doubles, size: &packet.sizes[0])
        }
    }

    private func absorb(count: Int, extending: Bool) {
        sums.count = (extending ? sums.count : 0) + count
        sums.loss = (extending ? sums.loss : 0) + packet.message.scalars.loss
        sums.squaredNorms = (extending ? sums.squaredNorms : 0) + packet.message.scalars.squaredNorms
        if extending {
            current.addGradient(of: arrived ?? packet)
        } else {
            swapSums()
        }
    }

    private func swapSums() {
        if let next = arrived {
            (arrived, current) = (current, next)
        } else {
            swap(&current, &packet)
        }
    }

    var isPreconditioned: Bool { preconditioner.isPreconditioned }

    var gradientPasses: Double { Double(gradientsEvaluated) / Double(population) }

    var featurePasses: Double { Double(rowsRead) / Double(population) }
}
