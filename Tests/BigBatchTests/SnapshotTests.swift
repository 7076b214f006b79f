import Datasets
import Foundation
import MPI
import Models
import TestSupport
import Testing

@testable import BigBatch

/// A snapshot as a file would hold it: numbers as text, arrays beside them.
struct StoredSnapshot: Sendable {
    var iteration: Int
    var numbers: Data
    var tensors: [String: SnapshotTensors.Values]

    init(_ snapshot: Snapshot) throws {
        let tensors = SnapshotTensors()
        numbers = try SnapshotCoding.encoder(tensors).encode(snapshot)
        self.tensors = tensors.values
        iteration = snapshot.iteration
    }

    func snapshot() throws -> Snapshot {
        return try SnapshotCoding.decoder(SnapshotTensors(tensors)).decode(Snapshot.self, from: numbers)
    }
}

/// Keeps the state after every iteration but the last.
final class EveryIteration: SnapshotKeeper {
    private(set) var kept: [StoredSnapshot] = []
    var isDue: Bool { true }
    func keep(_ snapshot: Snapshot, isLast: Bool) throws {
        if !isLast { kept.append(try StoredSnapshot(snapshot)) }
    }
}

@Suite("Runs that go on from a snapshot")
struct SnapshotTests {
    /// Ways to train that differ in the state they keep.
    enum Way: String, CaseIterable, Sendable {
        case dense, sparse, exact, armijo, barzilaiBorwein, gradient, fullBarzilaiBorwein, sgd, softmax, plainNorm,
            validation
        case momentum, searchedNetwork, networkBB, adam, searchedAdam, adadelta, random, networkValidation

        var isNetwork: Bool { Self.allCases.firstIndex(of: self)! >= Self.allCases.firstIndex(of: .momentum)! }
    }

    private struct Run: Sendable {
        var records: [IterationRecord]
        var result: TrainingResult
        var snapshots: [StoredSnapshot] = []
    }

    private func configuration(_ way: Way) -> TrainerConfiguration {
        var configuration = way.isNetwork ? TrainerConfiguration.nonConvex : TrainerConfiguration()
        configuration.initialBatchSize = 40
        configuration.l2 = 1e-3
        configuration.tolerance = way.isNetwork ? 1e-3 : 1e-7
        configuration.maxIterations = way.isNetwork ? 90 : 60
        switch way {
        case .dense, .sparse, .exact, .softmax, .momentum, .random, .validation, .networkValidation: break
        case .armijo, .searchedNetwork: configuration.step = .armijo
        case .barzilaiBorwein, .networkBB: configuration.step = .bb
        case .gradient, .fullBarzilaiBorwein:
            configuration.direction = .gradient
            if way == .fullBarzilaiBorwein { configuration.step = .bb }
        case .plainNorm: configuration.preconditioner = .none
        case .sgd:
            configuration.step = .sgd
            configuration.stepSize = 0.1
        case .adam, .searchedAdam:
            configuration.direction = .adam
            configuration.stepSize = 0.03
            if way == .searchedAdam { configuration.step = .armijo }
        case .adadelta: configuration.direction = .adadelta
        }
        if way == .validation || way == .networkValidation { configuration.patience = 4 }
        return configuration
    }

    private func run(_ way: Way, ranks: Int, from stored: StoredSnapshot? = nil, keeps: Bool = false) throws -> Run {
        let runs = ThreadCommunicator.run(ranks: ranks) { world in
            try run(model(way), way, world, from: stored, keeps: keeps)
        }
        return try #require(try runs.map { try $0.get() }.last)
    }

    private func run<M: Model>(
        _ model: M, _ way: Way, _ world: any Communicator, from stored: StoredSnapshot?, keeps: Bool
    ) throws -> Run {
        var problem = RankProblem()
        problem.rows = 900
        problem.isSparse = way == .sparse
        problem.classes = way == .softmax ? 3 : 2
        if way.isNetwork { problem.columns = 2 }
        var held = problem
        held.rows = 200
        held.rowAt = { $0 + 5000 }
        let hasValidation = way == .validation || way == .networkValidation
        let trainer = Trainer(
            model: model, dataset: problem.dataset(world), validation: hasValidation ? held.dataset(world) : nil,
            communicator: world, configuration: configuration(way))
        let recorder = RunRecorder()
        let keeper = keeps && world.rank == world.size - 1 ? EveryIteration() : nil
        let result = try trainer.run(observer: recorder, from: try stored?.snapshot(), keeper: keeper)
        return Run(records: recorder.records, result: result, snapshots: keeper?.kept ?? [])
    }

    private func model(_ way: Way) -> any Model {
        switch way {
        case .exact: LinearModel(SquaredError(), featureCount: 6)
        case .softmax: LinearModel(SoftmaxLoss(classes: 3), featureCount: 6)
        case _ where !way.isNetwork: LinearModel(LogisticLoss(), featureCount: 6)
        default: SampleNetwork(noise: way == .random ? 0.2 : 0)
        }
    }

    /// All that is not a time.
    private func numbers(_ record: IterationRecord) -> [Double] {
        [
            Double(record.iteration), record.gradientPasses, record.featurePasses, Double(record.batchSize),
            record.loss,
            record.gradientNorm, record.signalToNoise, record.stepSize, Double(record.trials),
            Double(record.allreduces), Double(record.nonFinite), record.validationLoss ?? -1,
        ]
    }

    @Test("On as many ranks it is the same run to the last bit, wherever it was interrupted", arguments: Way.allCases)
    func same(way: Way) throws {
        for ranks in [1, 3] {
            let whole = try run(way, ranks: ranks)
            let kept = try run(way, ranks: ranks, keeps: true)
            #expect(kept.records.map(numbers) == whole.records.map(numbers), "snapshots change nothing")
            try #require(whole.records.count > 4)
            let count = kept.snapshots.count
            try #require(count >= whole.records.count - 1)
            for index in Set([0, count / 3, count / 2, count * 2 / 3, count * 5 / 6, count - 2, count - 1]) {
                let stored = kept.snapshots[index]
                let rest = try run(way, ranks: ranks, from: stored)
                let expected = whole.records.drop { $0.iteration <= stored.iteration }
                #expect(rest.records.map(numbers) == expected.map(numbers), "from iteration \(stored.iteration)")
                #expect(rest.result.parameters == whole.result.parameters)
                #expect(rest.result.stopReason == whole.result.stopReason)
                #expect(rest.result.objective == whole.result.objective)
                #expect(rest.result.gradientPasses == whole.result.gradientPasses)
                #expect(rest.result.seconds >= (try stored.snapshot()).seconds)
            }
        }
    }

    @Test(
        "On another number of ranks it is the same run too", arguments: Way.allCases)
    func otherRanks(way: Way) throws {
        let whole = try run(way, ranks: 4, keeps: true)
        let stored = whole.snapshots[whole.snapshots.count / 2]
        for ranks in [1, 2, 3] {
            let rest = try run(way, ranks: ranks, from: stored)
            #expect(rest.result.parameters == whole.result.parameters)
            #expect(rest.result.objective == whole.result.objective)
            #expect(rest.records.map(\.path) == whole.records.drop { $0.iteration <= stored.iteration }.map(\.path))
        }
    }

    @Test("A signal lets the iteration end and leaves its state")
    func signal() throws {
        let problem = RankProblem()
        let keeper = Last()
        let recorder = RunRecorder()
        func trainer() -> Trainer<LinearModel<LogisticLoss>> {
            Trainer(
                model: LinearModel(LogisticLoss(), featureCount: 6), dataset: problem.dataset(),
                communicator: SoloCommunicator(), configuration: configuration(.dense))
        }
        let result = try trainer().run(
            observer: recorder, keeper: keeper, stopRequested: { recorder.records.count == 3 })
        #expect(result.stopReason == .signal)
        let stored = try #require(keeper.kept)
        #expect(stored.iteration == recorder.records.last?.iteration)
        let rest = RunRecorder()
        _ = try trainer().run(observer: rest, from: stored.snapshot())
        let whole = RunRecorder()
        _ = try trainer().run(observer: whole)
        #expect((recorder.records + rest.records).map(numbers) == whole.records.map(numbers))
    }

    private final class Last: SnapshotKeeper {
        var kept: StoredSnapshot?
        var isDue: Bool { false }
        func keep(_ snapshot: Snapshot, isLast: Bool) throws { kept = try StoredSnapshot(snapshot) }
    }

    @Test("A snapshot of another model is refused")
    func mismatch() throws {
        let stored = try #require(try run(.dense, ranks: 1, keeps: true).snapshots.first)
        #expect(throws: SnapshotMismatch.self) { try run(.momentum, ranks: 1, from: stored) }
        #expect(throws: SnapshotMismatch.self) { try run(.validation, ranks: 1, from: stored) }
    }

    @Test("A snapshot without its tensors is an error")
    func missingTensors() throws {
        var stored = try #require(try run(.dense, ranks: 1, keeps: true).snapshots.first)
        stored.tensors["state.parameters"] = nil
        #expect(throws: DecodingError.self) { try stored.snapshot() }
    }
}
