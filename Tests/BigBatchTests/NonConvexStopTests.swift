import Datasets
import MPI
import Models
import TestSupport
import Testing

@testable import BigBatch

@Suite("Why runs of models that are not convex end")
struct NonConvexStopTests {
    private func train(
        _ problem: SquareProblem = SquareProblem(), validation: SquareProblem? = nil,
        _ configure: (inout TrainerConfiguration) -> Void = { _ in }
    ) throws -> (result: TrainingResult, records: [IterationRecord]) {
        var configuration = TrainerConfiguration.nonConvex
        configuration.initialBatchSize = 20
        configure(&configuration)
        let recorder = RunRecorder()
        let result = try Trainer(
            model: SampleNetwork(), dataset: problem.dataset(), validation: validation?.dataset(),
            communicator: SoloCommunicator(), configuration: configuration
        ).run(observer: recorder)
        #expect(result.parameters.allSatisfy { $0.isFinite })
        return (result, recorder.records)
    }

    private static let other = SquareProblem(rows: 200, seed: 1000)

    @Test("Without other limits the passes end a run, and nothing like a converged gradient does")
    func passes() throws {
        let (result, _) = try train { $0.maxEpochs = 5 }
        #expect(result.stopReason == .passLimit)
        #expect(result.gradientPasses >= 5 && result.gradientPasses < 6.5)
        let iterations = try train { $0.maxIterations = 7 }.result
        #expect(iterations.stopReason == .iterationLimit)
        #expect(iterations.iterations == 7)
        #expect(try train { $0.timeLimit = 0 }.result.stopReason == .timeLimit)
    }

    @Test("Labels that mean nothing end by validation, with the best parameters that were met")
    func shuffledLabels() throws {
        let (result, records) = try train(
            SquareProblem(labelsAreShuffled: true),
            validation: SquareProblem(rows: 200, seed: 1000, labelsAreShuffled: true)
        ) {
            $0.maxEpochs = 1000
            $0.patience = 5
        }
        #expect(result.stopReason == .validationPlateau)
        let losses = records.compactMap(\.validationLoss)
        #expect(losses.count >= 6)
        let best = try #require(losses.min())
        let loss = result.parameters.withUnsafeBufferPointer {
            SampleNetwork().loss(
                SquareProblem(rows: 200, seed: 1000, labelsAreShuffled: true).dataset().all, at: $0)
        }
        #expect(abs(loss / 200 - best) <= 1e-9)
    }

    @Test("Where there is nothing to learn the training loss ends the run")
    func nothingToLearn() throws {
        let (result, _) = try train(SquareProblem(isEmpty: true)) {
            $0.maxEpochs = 1000
            $0.patience = 4
        }
        #expect(result.stopReason == .objectivePlateau)
        #expect(result.gradientPasses < 100)
    }

    @Test(
        "A step far too large is taken back until the loss falls",
        arguments: [StepKind.fixed, .sgd, .armijo, .auto, .bb],
        [1e3, 1e12])
    func stepTooLarge(step: StepKind, size: Double) throws {
        let (result, records) = try train {
            $0.step = step
            $0.stepSize = size
            $0.stepDecay = 0
            $0.maxEpochs = 150
        }
        #expect(result.stopReason == .passLimit || result.stopReason == .objectivePlateau)
        #expect(result.objective < 0.9 * (records.first?.loss ?? 0))
        #expect(try #require(records.last).stepSize < size)
    }

    @Test("Adam with a step far too large is taken back as well")
    func adamTooLarge() throws {
        let (result, records) = try train {
            $0.direction = .adam
            $0.stepSize = 1e4
            $0.maxEpochs = 150
        }
        #expect(result.stopReason == .passLimit || result.stopReason == .objectivePlateau)
        #expect(result.objective < 0.9 * (records.first?.loss ?? 0))
    }

    @Test("One bad row costs the batches that hold it, not the run", arguments: [StepKind.auto, .fixed])
    func badRow(step: StepKind) throws {
        let (result, records) = try train(SquareProblem(badRow: 77)) {
            $0.step = step
            $0.stepSize = step == .fixed ? 0.3 : nil
            $0.largestBatchSize = 60
            $0.tolerance = 0
            $0.maxEpochs = 100
        }
        #expect(result.stopReason == .passLimit)
        #expect(result.nonFinite >= 20)
        let last = records.suffix(20).map(\.loss).filter(\.isFinite)
        #expect(last.reduce(0, +) / Double(last.count) < 0.3)
    }

    @Test("Bad rows in every batch end the run")
    func allBad() throws {
        let (result, _) = try train(SquareProblem(badRow: 5)) { $0.initialBatchSize = 600 }
        #expect(result.stopReason == .divergence)
        #expect(result.nonFinite == 20)
    }

    @Test("A step that is always far too large ends the run")
    func hopeless() throws {
        // A thousand times as long as it should be, even after it was shortened.
        var progress = LossProgress()
        progress.note(GradientStatistics(batchSize: 1, population: 9, loss: 2, squaredGradientNorm: 1, variance: 0))
        #expect(!progress.isAstray(3))
        #expect(progress.isAstray(21))
        let (result, _) = try train {
            $0.step = .fixed
            $0.stepSize = 1e300
        }
        #expect(result.stopReason == .divergence)
    }

    @Test("A stop request is heeded at once")
    func stopRequest() throws {
        let trainer = Trainer(
            model: SampleNetwork(), dataset: SquareProblem().dataset(), validation: Self.other.dataset(),
            communicator: SoloCommunicator(), configuration: .nonConvex)
        let recorder = RunRecorder()
        let result = try trainer.run(observer: recorder, stopRequested: { recorder.records.count == 2 })
        #expect(result.stopReason == .signal)
        #expect(result.iterations == 3)
    }
}

@Suite("The same network on any number of ranks")
struct NonConvexRanksTests {
    private func run(_ ranks: Int, _ model: SampleNetwork, _ configuration: TrainerConfiguration) throws -> [RankRun] {
        try ThreadCommunicator.run(ranks: ranks) { world in
            let recorder = RunRecorder()
            let trainer = Trainer(
                model: model, dataset: SquareProblem().dataset(ranks: world.size, rank: world.rank),
                validation: SquareProblem(rows: 100, seed: 77).dataset(ranks: world.size, rank: world.rank),
                communicator: world, configuration: configuration)
            return RankRun(result: try trainer.run(observer: recorder), records: recorder.records)
        }.map { try $0.get() }
    }

    private func expectSame(_ model: SampleNetwork, _ configure: (inout TrainerConfiguration) -> Void) throws {
        var configuration = TrainerConfiguration.nonConvex
        configuration.initialBatchSize = 20
        configuration.maxIterations = 60
        configuration.maxEpochs = nil
        configure(&configuration)
        let alone = try run(1, model, configuration)[0]
        #expect(alone.records.count == 60)
        for ranks in 2...4 {
            let all = try run(ranks, model, configuration)
            for other in all {
                #expect(other.result.parameters == alone.result.parameters, "\(ranks) ranks")
                #expect(other.records.map(\.path) == alone.records.map(\.path), "\(ranks) ranks")
            }
        }
    }

    @Test(
        "Sixty iterations are the same to the last bit", arguments: [StepKind.auto, .armijo, .bb],
        [0, 0.3])
    func searched(step: StepKind, noise: Double) throws {
        try expectSame(SampleNetwork(noise: noise)) { $0.step = step }
    }

    @Test("So with Adam and AdaDelta", arguments: [DirectionKind.adam, .adadelta])
    func adaptive(direction: DirectionKind) throws {
        try expectSame(SampleNetwork(noise: 0.2)) { $0.direction = direction }
    }
}
