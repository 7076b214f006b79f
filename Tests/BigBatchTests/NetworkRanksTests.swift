import Datasets
import Kernels
import MPI
import Models
import TestSupport
import Testing

@testable import BigBatch

/// Networks as they are shipped, with all that is random inside a sample: the same bits on any number of ranks and threads.
@Suite("Networks of layers on any number of ranks")
struct NetworkRanksTests {
    /// Noisy images with a bright row or a bright column, of every class a place.
    private static func dataset(_ world: any Communicator, side: Int) -> Dataset {
        let order = DataOrder(count: 600, ranks: world.size, rank: world.rank)
        let matrix = DenseMatrix(rows: order.localCount, columns: side * side)
        let labels = AlignedBuffer<Float>(count: order.localCount)
        for local in 0..<order.localCount {
            let position = order.position(ofLocal: local)
            var random = SampleRandom(state: UInt64(position) &* 0x9e37_79b9_7f4a_7c15)
            let label = position % 4
            for pixel in 0..<side * side {
                let place = label < 2 ? pixel / side : pixel % side
                matrix.row(local)[pixel] = Float(
                    random.uniform() * 0.5 + (place == side / 3 * (1 + label % 2) ? 0.6 : 0))
            }
            labels[local] = Float(label)
        }
        var dataset = Dataset(
            order: order, features: .dense(matrix), labels: labels,
            squaredNorms: AlignedBuffer(count: order.localCount))
        dataset.sampleShape = SampleShape(channels: 1, height: side, width: side)
        return dataset
    }

    private func run(
        _ ranks: Int, threads: Int, _ layers: [String], side: Int, augmentation: String?,
        _ configuration: TrainerConfiguration
    ) throws -> [RankRun] {
        try ThreadCommunicator.run(ranks: ranks) { world in
            var dataset = Self.dataset(world, side: side)
            dataset.augmentation = try augmentation.map { try Augmentation($0, seed: 5) }
            let model = try Network(
                try NetworkDescription(layers: layers), input: SampleShape(channels: 1, height: side, width: side),
                loss: SmoothedSoftmaxLoss(classes: 4, smoothing: 0.05), threads: threads, seed: 3)
            let recorder = RunRecorder()
            let trainer = Trainer(model: model, dataset: dataset, communicator: world, configuration: configuration)
            return RankRun(result: try trainer.run(observer: recorder), records: recorder.records)
        }.map { try $0.get() }
    }

    @Test(
        "Convolutions, normalisation, dropout and augmentation",
        arguments: [
            (DirectionKind.momentum, StepKind.auto), (.momentum, .armijo), (.adam, .auto), (.adadelta, .armijo),
        ])
    func layers(direction: DirectionKind, step: StepKind) throws {
        try expectSame(
            [
                "conv 6 3x3", "group-norm 2", "relu", "max-pool 2", "conv 5 2x2", "max-pool 2 stride=1", "dropout 0.2",
                "dense 20", "layer-norm", "gelu",
            ],
            side: 12, augmentation: "shift:1,flip", direction, step, [(2, 1), (3, 2), (7, 1)])
    }

    @Test("Many parameters")
    func wide() throws {
        try expectSame(
            ["dense 400", "relu", "dense 300", "tanh"], side: 24, augmentation: nil, .momentum, .auto, iterations: 6,
            [(3, 2), (8, 1)])
    }

    private func expectSame(
        _ layers: [String], side: Int, augmentation: String?, _ direction: DirectionKind, _ step: StepKind,
        iterations: Int = 20, _ ways: [(ranks: Int, threads: Int)]
    ) throws {
        var configuration = TrainerConfiguration.nonConvex
        configuration.step = step
        configuration.direction = direction
        configuration.initialBatchSize = 30
        configuration.maxIterations = iterations
        configuration.maxEpochs = nil
        let alone = try run(1, threads: 1, layers, side: side, augmentation: augmentation, configuration)[0]
        #expect(alone.records.count == iterations)
        let first = try #require(alone.records.first?.loss)
        let last = alone.records.suffix(5).map(\.loss).reduce(0, +) / 5
        #expect(last < first)
        for (ranks, threads) in ways {
            let all = try run(
                ranks, threads: threads, layers, side: side, augmentation: augmentation, configuration)
            for other in all {
                #expect(other.result.parameters == alone.result.parameters, "\(ranks) ranks")
                #expect(other.result.objective == alone.result.objective)
                #expect(other.records.map(\.path) == alone.records.map(\.path), "\(ranks) ranks")
            }
        }
    }
}
