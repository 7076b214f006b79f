import Datasets
import Kernels
import MPI
import Models
import TestSupport
import Testing

@testable import BigBatch

/// Runs whose rows move to other owners take the same path, to rounding, as those whose rows stay.
@Suite("Rows that move during a run") struct BalanceTests {
    enum Way: String, CaseIterable, Sendable {
        case dense, sparse, softmax, sparseSoftmax, direct, bb, sgd, validation, plainNorm
        case network, random, adam, networkValidation

        var isNetwork: Bool { [.network, .random, .adam, .networkValidation].contains(self) }
    }

    /// Moves the rows after some iterations, to shares that the test has chosen.
    private final class Mover<M: Model>: TrainingObserver {
        weak var trainer: Trainer<M>?
        let plan: [Int: BlockShares?]
        var records: [IterationRecord] = []
        var moves = 0
        var failure: (any Error)?

        init(_ plan: [Int: BlockShares?]) { self.plan = plan }

        func iterationDidEnd(_ record: IterationRecord) {
            records.append(record)
            guard let shares = plan[record.iteration], let trainer else { return }
            do {
                try trainer.moveRows(to: shares)
                #expect(trainer.objective.dataset.order.shares == shares)
                moves += 1
            } catch {
                failure = error
            }
        }
    }

    private struct Run: Sendable {
        var records: [IterationRecord]
        var result: TrainingResult
        var moves: Int
    }

    private func configuration(_ way: Way) -> TrainerConfiguration {
        var configuration = way.isNetwork ? TrainerConfiguration.nonConvex : TrainerConfiguration()
        configuration.initialBatchSize = 40
        configuration.l2 = 1e-3
        configuration.tolerance = 1e-6
        configuration.maxIterations = way.isNetwork ? 60 : 45
        configuration.maxEpochs = nil
        switch way {
        case .bb: configuration.step = .bb
        case .sgd:
            configuration.step = .sgd
            configuration.stepSize = 0.1
        case .plainNorm: configuration.preconditioner = .none
        case .adam:
            configuration.direction = .adam
            configuration.stepSize = 0.03
        default: break
        }
        return configuration
    }

    private func run(_ way: Way, ranks: Int, _ plan: [Int: BlockShares?] = [:]) throws -> [Run] {
        try ThreadCommunicator.run(ranks: ranks) { world in
            switch way {
            case .direct: try run(LinearModel(SquaredError(), featureCount: 6), way, world, plan)
            case .softmax, .sparseSoftmax:
                try run(LinearModel(SoftmaxLoss(classes: 3), featureCount: 6), way, world, plan)
            case _ where way.isNetwork: try run(SampleNetwork(noise: way == .random ? 0.2 : 0), way, world, plan)
            default: try run(LinearModel(LogisticLoss(), featureCount: 6), way, world, plan)
            }
        }.map { try $0.get() }
    }

    private func run<M: Model>(
        _ model: M, _ way: Way, _ world: any Communicator, _ plan: [Int: BlockShares?]
    ) throws -> Run {
        var problem = RankProblem(rows: 1403)
        problem.isSparse = way == .sparse || way == .sparseSoftmax
        problem.classes = way == .softmax || way == .sparseSoftmax ? 3 : 2
        if way.isNetwork { problem.columns = 2 }
        var held = problem
        held.rows = 211
        held.rowAt = { $0 + 5000 }
        let hasValidation = way == .validation || way == .networkValidation
        let trainer = Trainer(
            model: model, dataset: problem.dataset(world), validation: hasValidation ? held.dataset(world) : nil,
            communicator: world, configuration: configuration(way))
        let mover = Mover<M>(plan)
        mover.trainer = trainer
        let result = try trainer.run(observer: mover)
        if let failure = mover.failure { throw failure }
        return Run(records: mover.records, result: result, moves: mover.moves)
    }

    private func plan(_ ranks: Int) -> [Int: BlockShares?] {
        func shares(_ weights: [Double]) -> BlockShares { BlockShares(weights: Array(weights.prefix(ranks))) }
        var plan: [Int: BlockShares?] = [
            2: shares([1, 0.4, 2, 1]), 7: shares([0.1, 1, 1, 3]), 12: shares([1, 2, 3, 4]), 20: shares([4, 0, 2, 1]),
        ]
        plan.updateValue(nil, forKey: 8)
        return plan
    }

    @Test("The path is the same", arguments: Way.allCases, [1, 2, 3, 4])
    func samePath(way: Way, ranks: Int) throws {
        let still = try run(way, ranks: ranks)[0]
        let all = try run(way, ranks: ranks, plan(ranks))
        #expect(all.allSatisfy { $0.moves >= 2 && $0.moves == all[0].moves })
        // All ranks hold the same parameters to the end.
        #expect(all.allSatisfy { $0.result.parameters == all[0].result.parameters })
        let moved = all[0]
        #expect(still.result.parameters == moved.result.parameters)
        #expect(still.records.map(\.path) == moved.records.map(\.path))
    }

    /// The rows of every gradient, by positions and content, before and after moves.
    @Test("Batches are the same samples", arguments: [1, 2, 3, 4])
    func sameBatches(ranks: Int) throws {
        func batches(_ plan: [Int: BlockShares?]) throws -> [[SpyLog.Entry]] {
            try ThreadCommunicator.run(ranks: ranks) { world in
                let problem = RankProblem(rows: 1003)
                let log = SpyLog()
                let model = Spy(base: SampleLogistic(features: problem.columns), log: log)
                var configuration = self.configuration(.dense)
                configuration.step = .armijo
                let trainer = Trainer(
                    model: model, dataset: problem.dataset(world), communicator: world, configuration: configuration)
                let mover = Mover<Spy<SampleLogistic>>(plan)
                mover.trainer = trainer
                _ = try trainer.run(observer: mover)
                if let failure = mover.failure { throw failure }
                return log.entries
            }.map { try $0.get() }
        }
        let still = try batches([:])
        let moved = try batches(plan(ranks))
        #expect(still[0].count >= 20 && moved.allSatisfy { $0.count == still[0].count })
        for index in still[0].indices {
            let (a, b) = (still.map { $0[index] }, moved.map { $0[index] })
            #expect(a.flatMap(\.positions).sorted() == b.flatMap(\.positions).sorted())
            #expect(a.reduce(0) { $0 &+ $1.checksum } == b.reduce(0) { $0 &+ $1.checksum })
        }
    }
}
