import BigBatch
import Datasets
import MPI
import Models
import Testing

@Suite("Training a user's model")
struct TrainerTests {
    private final class Recorder: TrainingObserver {
        var records: [IterationRecord] = []
        func iterationDidEnd(_ record: IterationRecord) { records.append(record) }
    }

    private func train(_ configure: (inout TrainerConfiguration) -> Void = { _ in }, rows: Int = 3000, scale: Float = 1)
        throws -> (result: TrainingResult, records: [IterationRecord])
    {
        var configuration = TrainerConfiguration()
        configuration.l2 = 1e-3 * Double(scale * scale)
        configuration.maxEpochs = 200
        configure(&configuration)
        let trainer = Trainer(
            model: SampleLogistic(features: 6), dataset: sampleDataset(rows: rows, columns: 6, scale: scale),
            communicator: SoloCommunicator(), configuration: configuration)
        let recorder = Recorder()
        return (try trainer.run(observer: recorder), recorder.records)
    }

    /// The optimum by a long run of the method on all rows with a tiny tolerance.
    private func optimum(rows: Int = 3000, scale: Float = 1) throws -> Double {
        try train(
            {
                $0.tolerance = 1e-12
                $0.initialBatchSize = 1_000_000
            }, rows: rows, scale: scale
        ).result.objective
    }

    @Test("Every searched step rule ends by converging", arguments: [StepKind.auto, .armijo, .bb])
    func converges(step: StepKind) throws {
        let best = try optimum()
        let (result, _) = try train { $0.step = step }
        #expect(result.stopReason.isConvergence)
        #expect((result.objective - best) / best < 1e-3)
        #expect(result.gradientPasses < 60)
    }

    @Test("The batch never shrinks, never exceeds N, and every row counts once in the full batch")
    func batchGrows() throws {
        let (_, records) = try train()
        for (before, after) in zip(records, records.dropFirst()) { #expect(before.batchSize <= after.batchSize) }
        #expect(records.allSatisfy { $0.batchSize <= 3000 })
        #expect(records.last?.batchSize == 3000)
    }

    @Test("Scaling the features of a linear model changes nothing that matters", arguments: [Float(1e-3), 1e3])
    func scaleInvariance(scale: Float) throws {
        func objective(_ scale: Float) throws -> TrainingResult {
            var configuration = TrainerConfiguration()
            configuration.l2 = 1e-3 * Double(scale * scale)
            return try Trainer(
                model: LinearModel(LogisticLoss(), featureCount: 6),
                dataset: sampleDataset(rows: 3000, columns: 6, scale: scale), communicator: SoloCommunicator(),
                configuration: configuration
            ).run()
        }
        let plain = try objective(1)
        let scaled = try objective(scale)
        #expect(scaled.stopReason.isConvergence)
        #expect(abs(scaled.objective - plain.objective) < 1e-3 * plain.objective)
        #expect(abs(scaled.gradientPasses - plain.gradientPasses) < 5)
    }

    @Test("Budgets stop the run and say which one did")
    func budgets() throws {
        let few = try train { $0.maxIterations = 3 }.result
        #expect(few.iterations == 3)
        #expect(few.stopReason == .iterationLimit)
        let short = try train { $0.maxEpochs = 0.5 }.result
        #expect(short.stopReason == .passLimit)
        let hurried = try train { $0.timeLimit = 0 }.result
        #expect(hurried.stopReason == .timeLimit)
    }

    @Test("A stop request ends the run at the next iteration")
    func stopRequest() throws {
        let trainer = Trainer(
            model: SampleLogistic(features: 6), dataset: sampleDataset(rows: 3000, columns: 6),
            communicator: SoloCommunicator(), configuration: TrainerConfiguration())
        let recorder = RunRecorder()
        let result = try trainer.run(observer: recorder, stopRequested: { recorder.records.count == 2 })
        #expect(result.stopReason == .signal)
        #expect(result.iterations == 3)
        let isFinite = result.parameters.allSatisfy { $0.isFinite }
        #expect(isFinite)
    }

    @Test("A step far too long is shortened and never spreads non-finite numbers")
    func tooLongAStep() throws {
        let (result, _) = try train {
            $0.step = .fixed
            $0.stepSize = 1e38
            $0.maxIterations = 200
        }
        let isFinite = result.parameters.allSatisfy { $0.isFinite }
        #expect(isFinite)
    }

    @Test("The objective reported is the objective at the parameters returned")
    func objectiveIsTrue() throws {
        let (result, _) = try train { $0.maxEpochs = 2 }
        let model = SampleLogistic(features: 6)
        let dataset = sampleDataset(rows: 3000, columns: 6)
        let loss = result.parameters.withUnsafeBufferPointer { model.loss(dataset.all, at: $0) } / 3000
        let penalty = 0.5e-3 * result.parameters.prefix(6).reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(abs(loss + penalty - result.objective) < 1e-7)
    }
}
