import Datasets
import Kernels
import MPI
import Models
import TestSupport
import Testing

@testable import BigBatch

/// A seeded problem whose rows depend on their global position only, never on the number of ranks.
struct RankProblem: Sendable {
    var rows = 3000
    var columns = 6
    var classes = 2
    var isSparse = false
    /// The only row whose last column is not 0: √rows there, for a mean square of 1.
    var rareRow: Int?
    /// The row that stands at a position; the identity by default.
    var rowAt: @Sendable (Int) -> Int = { $0 }

    func dataset(_ communicator: any Communicator) -> Dataset {
        dataset(ranks: communicator.size, rank: communicator.rank)
    }

    func dataset(ranks: Int = 1, rank: Int = 0) -> Dataset {
        let order = DataOrder(count: rows, ranks: ranks, rank: rank)
        let count = order.localCount
        let matrix = DenseMatrix(rows: count, columns: columns)
        let labels = AlignedBuffer<Float>(count: count)
        let norms = AlignedBuffer<Float>(count: count)
        for local in 0..<count {
            let row = rowAt(order.position(ofLocal: local))
            var random = SampleRandom(state: 11 &+ UInt64(row) &* 0x9e37_79b9_7f4a_7c15)
            var margin = 0.2
            for column in 0..<columns {
                let value = Float(random.normal()) * (1 + Float(column % 3))
                if let rareRow, column == columns - 1 {
                    let rare = row == rareRow ? Float(rows).squareRoot() : 0
                    matrix.row(local)[column] = rare
                    norms[local] += rare * rare
                    continue
                }
                guard !isSparse || random.uniform() < 0.4 else { continue }
                matrix.row(local)[column] = value
                norms[local] += value * value
                margin += Double(value) * (column % 2 == 0 ? 0.5 : -0.3)
            }
            let first: Float = random.uniform() < 1 / (1 + exponential(-margin)) ? 1 : 0
            labels[local] = classes > 2 ? first + (matrix.row(local)[1] > 1 ? 1 : 0) : first
        }
        return Dataset(
            order: order, features: isSparse ? .sparse(compressed(matrix)) : .dense(matrix), labels: labels,
            squaredNorms: norms)
    }
}

/// A run as one rank saw it.
struct RankRun: Sendable {
    var result: TrainingResult
    var records: [IterationRecord]
}

final class RunRecorder: TrainingObserver {
    private(set) var records: [IterationRecord] = []
    func iterationDidEnd(_ record: IterationRecord) { records.append(record) }
}

/// Trains on `ranks` threads that are ranks; every rank's run or error, in rank order.
func train<M: Model>(
    _ model: M, on problem: RankProblem, ranks: Int, _ configuration: TrainerConfiguration,
    communicator wrap: @escaping @Sendable (any Communicator) -> any Communicator = { $0 },
    stopRequested: @escaping @Sendable (_ rank: Int, _ poll: Int) -> Bool = { _, _ in false },
    adjust: @escaping @Sendable (_ rank: Int, inout TrainerConfiguration) -> Void = { _, _ in }
) -> [Result<RankRun, any Error>] {
    ThreadCommunicator.run(ranks: ranks) { world in
        var configuration = configuration
        adjust(world.rank, &configuration)
        let trainer = Trainer(
            model: model, dataset: problem.dataset(world), communicator: wrap(world), configuration: configuration)
        let recorder = RunRecorder()
        var polls = 0
        let result = try trainer.run(
            observer: recorder,
            stopRequested: {
                polls += 1
                return stopRequested(world.rank, polls)
            })
        return RankRun(result: result, records: recorder.records)
    }
}

/// A model that notes which rows every gradient was taken over; its sums are asked for by whole batches.
struct Spy<Base: Model>: RowSumModel {
    let base: Base
    let log: SpyLog

    var parameterCount: Int { base.parameterCount }
    var penalisedCount: Int { base.penalisedCount }
    var outputCount: Int { base.outputCount }
    func initialParameters(seed: UInt64) -> [Float] { base.initialParameters(seed: seed) }

    func accumulate(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Double>
    ) -> LossSums {
        base.accumulate(batch, at: parameters, gradient: gradient)
    }

    var sumCount: Int { parameterCount }

    func writeSums(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into sums: UnsafeMutableBufferPointer<Double>
    ) -> LossSums {
        log.note(batch)
        sums.update(repeating: 0)
        return base.accumulate(batch, at: parameters, gradient: sums)
    }

    func complete(
        _ sums: UnsafeMutableBufferPointer<Double>, over parameters: Range<Int>, residualSums: [Double],
        of dataset: Dataset
    ) {}

    func loss(_ batch: Batch, at parameters: UnsafeBufferPointer<Float>) -> Double {
        base.loss(batch, at: parameters)
    }

    func directionalLoss(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, direction: UnsafeBufferPointer<Float>
    ) -> any DirectionalLoss {
        base.directionalLoss(batch, at: parameters, direction: direction)
    }

    func predict(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into outputs: UnsafeMutableBufferPointer<Float>
    ) {
        base.predict(batch, at: parameters, into: outputs)
    }
}

/// The rows of each gradient, in the order of the calls. One rank, one thread.
final class SpyLog: @unchecked Sendable {
    struct Entry: Sendable, Equatable {
        var positions: [Int] = []
        /// Sum over the rows of a hash of position, label and features: the order of the rows does not matter.
        var checksum: UInt64 = 0
    }

    private(set) var entries: [Entry] = []

    func note(_ batch: Batch) {
        var entry = Entry()
        guard case .dense(let matrix) = batch.dataset.features else { return }
        for row in batch.rows {
            let position = batch.dataset.order.position(ofLocal: row)
            entry.positions.append(position)
            var hash = Fingerprint()
            hash.combine(UInt64(position))
            hash.combine(UInt64(batch.dataset.labels[row].bitPattern))
            hash.combine(UnsafeBufferPointer(start: matrix.row(row), count: matrix.columns))
            entry.checksum &+= hash.value
        }
        entries.append(entry)
    }
}

/// Without its zeros.
func compressed(_ matrix: DenseMatrix) -> SparseMatrix {
    var offsets = [0]
    var indices: [Int32] = []
    var values: [Float] = []
    for row in 0..<matrix.rows {
        for column in 0..<matrix.columns where matrix.row(row)[column] != 0 {
            indices.append(Int32(column))
            values.append(matrix.row(row)[column])
        }
        offsets.append(indices.count)
    }
    return SparseMatrix(
        rows: matrix.rows, columns: matrix.columns, rowOffsets: AlignedBuffer(offsets),
        columnIndices: AlignedBuffer(indices), values: AlignedBuffer(values))
}
