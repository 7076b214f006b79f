import Datasets
import MPI
import Models
import TestSupport
import Testing

@testable import BigBatch

@Suite("Training models that are not convex")
struct NonConvexTests {
    private func configuration(_ configure: (inout TrainerConfiguration) -> Void = { _ in }) -> TrainerConfiguration {
        var configuration = TrainerConfiguration.nonConvex
        configuration.initialBatchSize = 20
        configuration.maxEpochs = 60
        configuration.l2 = 1e-4
        configure(&configuration)
        return configuration
    }

    private func train(
        _ problem: SquareProblem = SquareProblem(), model: SampleNetwork = SampleNetwork(), validation: Dataset? = nil,
        _ configure: (inout TrainerConfiguration) -> Void = { _ in }
    ) throws -> (result: TrainingResult, records: [IterationRecord]) {
        let recorder = RunRecorder()
        let result = try Trainer(
            model: model, dataset: problem.dataset(), validation: validation, communicator: SoloCommunicator(),
            configuration: configuration(configure)
        ).run(observer: recorder)
        return (result, recorder.records)
    }

    @Test("Every step rule learns what no linear model can", arguments: [StepKind.auto, .armijo, .bb, .fixed, .sgd])
    func learns(step: StepKind) throws {
        let (result, records) = try train {
            $0.step = step
            if step == .fixed || step == .sgd { $0.stepSize = 0.3 }
            if step == .sgd { $0.stepDecay = 0.01 }
        }
        #expect(result.objective < 0.25)
        #expect(result.parameters.allSatisfy { $0.isFinite })
        #expect(step != .sgd || records.allSatisfy { $0.batchSize == 20 })
        for (before, after) in zip(records, records.dropFirst()) { #expect(before.batchSize <= after.batchSize) }
    }

    @Test("Adam and AdaDelta learn with a growing batch", arguments: [DirectionKind.adam, .adadelta])
    func adaptive(direction: DirectionKind) throws {
        let (result, records) = try train {
            $0.direction = direction
            $0.maxEpochs = 200
            if direction == .adam { $0.stepSize = 0.03 }
        }
        #expect(result.objective < 0.3)
        #expect((records.last?.batchSize ?? 0) > 20)
    }

    @Test("A searched step along Adam's direction learns too")
    func searchedAdam() throws {
        let (result, _) = try train {
            $0.direction = .adam
            $0.step = .armijo
            $0.stepSize = 0.03
        }
        #expect(result.objective < 0.3)
    }

    @Test("Every cycle visits all rows, in an order of its own")
    func cycles() throws {
        let log = DrawLog()
        let trainer = Trainer(
            model: DrawSpy(base: SampleNetwork(), log: log), dataset: SquareProblem().dataset(),
            communicator: SoloCommunicator(),
            configuration: configuration {
                $0.step = .sgd
                $0.stepSize = 0.1
                $0.maxIterations = 90
            })
        _ = try trainer.run()
        let batches = log.rows.filter { $0.count == 20 }
        #expect(batches.count == 90)
        let orders = (0..<3).map { batches[30 * $0..<30 * $0 + 30].map { Set($0) } }
        for order in orders { #expect(order.reduce(into: Set()) { $0.formUnion($1) } == Set(0..<600)) }
        #expect(Set(orders).count == 3)
    }

    @Test(
        "All that an iteration evaluates is drawn alike, evaluations are not drawn at all",
        arguments: [StepKind.auto, .bb])
    func draws(step: StepKind) throws {
        let log = DrawLog()
        let problem = SquareProblem()
        let trainer = Trainer(
            model: DrawSpy(base: SampleNetwork(noise: 0.2), log: log), dataset: problem.dataset(),
            communicator: SoloCommunicator(),
            configuration: configuration {
                $0.step = step
                $0.maxIterations = 30
            })
        _ = try trainer.run()
        #expect(Set(log.draws) == Set(0...30))
        // In order: nothing of an earlier iteration comes back; the value at the end is that of the rows as they are.
        #expect(log.draws.last == 0)
        #expect(log.draws.dropLast() == log.draws.dropLast().sorted()[...])
        #expect(log.draws.dropLast().allSatisfy { $0 > 0 })
    }

    @Test("Noise inside a sample never vanishes, and is learned through")
    func noiseInside() throws {
        let (result, records) = try train(model: SampleNetwork(noise: 0.3)) { $0.growth = .jump }
        #expect(result.objective < 0.3)
        #expect(records.allSatisfy { $0.signalToNoise.isFinite })
        let plain = try train().records
        #expect(plain.last?.batchSize != 600 || plain.last?.signalToNoise == .infinity)
    }

    @Test("The batch stays below its limit")
    func largestBatch() throws {
        let (_, records) = try train { $0.largestBatchSize = 100 }
        #expect(records.map(\.batchSize).max() == 100)
    }

    @Test("The noise of a step under a preconditioner is that of its per-sample gradients under this preconditioner")
    func noiseUnderPreconditioner() throws {
        let problem = SquareProblem(rows: 40)
        let model = SampleNetwork()
        let dataset = problem.dataset()
        let trainer = Trainer(
            model: model, dataset: dataset, communicator: SoloCommunicator(),
            configuration: configuration {
                $0.direction = .adam
                $0.initialBatchSize = 40
                $0.maxIterations = 1
            })
        _ = try trainer.iterate()
        let objective = trainer.objective
        let rendezvous = Rendezvous(iteration: 2, batchSize: 40, stepSize: 0)
        try objective.measureNorms(start: 0, at: trainer.state.parameters, rendezvous: rendezvous)
        let found = try objective.evaluate(start: 0, count: 40, at: trainer.state.parameters, rendezvous: rendezvous)
        // The slow way, row by row.
        let preconditioner = try #require(objective.norm).diagonal.map { Double($0) }
        var gradients: [[Double]] = []
        for row in 0..<40 {
            var gradient = [Double](repeating: 0, count: model.parameterCount)
            trainer.state.parameters.withUnsafeBufferPointer { x in
                gradient.withUnsafeMutableBufferPointer {
                    _ = model.accumulate(dataset.batch(start: row, count: 1), at: x, gradient: $0)
                }
            }
            gradients.append(gradient)
        }
        let mean = preconditioner.indices.map { j in gradients.reduce(0) { $0 + $1[j] } / 40 }
        let norm = preconditioner.indices.reduce(0.0) { $0 + preconditioner[$1] * mean[$1] * mean[$1] }
        let variance =
            gradients.reduce(0.0) { sum, g in
                sum
                    + preconditioner.indices.reduce(0.0) {
                        $0 + preconditioner[$1] * (g[$1] - mean[$1]) * (g[$1] - mean[$1])
                    }
            } / 39
        #expect(abs(found.squaredGradientNorm - norm) <= 1e-5 * norm)
        #expect(abs(found.variance - variance) <= 1e-4 * variance)
    }

    @Test("Weights decay apart from the gradient with Adam, and are no part of the objective")
    func decoupledDecay() throws {
        func run(_ l2: Double) throws -> [Float] {
            let trainer = Trainer(
                model: SampleNetwork(), dataset: SquareProblem().dataset(), communicator: SoloCommunicator(),
                configuration: configuration {
                    $0.direction = .adam
                    $0.stepSize = 0.01
                    $0.l2 = l2
                })
            _ = try trainer.iterate()
            return trainer.state.parameters
        }
        let model = SampleNetwork()
        let (plain, decayed, start) = (try run(0), try run(0.5), model.initialParameters(seed: 0))
        for j in plain.indices {
            let expected = plain[j] - (j < model.penalisedCount ? 0.01 * 0.5 * start[j] : 0)
            #expect(abs(decayed[j] - expected) <= 1e-6)
        }
    }
}

@Suite("Noise and steps of networks")
struct NoiseAverageTests {
    private func statistics(_ size: Int, norm: Double, variance: Double) -> GradientStatistics {
        GradientStatistics(
            batchSize: size, population: 1_000_000, loss: 1, squaredGradientNorm: norm, variance: variance)
    }

    @Test("Averages keep what is the same and forget what is old")
    func averages() {
        var average = NoiseAverage()
        let first = statistics(100, norm: 2, variance: 50)
        #expect(average.smoothed(first).variance == 50)
        #expect(abs(average.smoothed(first).signal - first.signal) < 1e-12)
        for _ in 0..<200 { average.add(statistics(100, norm: 2, variance: 50)) }
        for _ in 0..<200 { average.add(statistics(400, norm: 1, variance: 80)) }
        let now = average.smoothed(statistics(400, norm: 1, variance: 80))
        #expect(abs(now.variance - 80) < 1e-6)
        #expect(abs(now.squaredGradientNorm - 1) < 1e-6)
        average.add(statistics(400, norm: .nan, variance: 80))
        #expect(average.smoothed(statistics(400, norm: 1, variance: 80)).isFinite)
    }

    @Test("One noisy batch among many does not make the batch grow")
    func growth() {
        let rule = JumpGrowth(theta: 0.8)
        var average = NoiseAverage()
        for _ in 0..<30 { average.add(statistics(100, norm: 2, variance: 50)) }
        let odd = statistics(100, norm: 0.6, variance: 50)
        #expect(rule.size(for: odd, limit: odd.population, gradientsEvaluated: 0) > 100)
        #expect(rule.size(for: average.smoothed(odd), limit: odd.population, gradientsEvaluated: 0) == 100)
    }

    @Test("Noise inside a sample stays on the full batch")
    func infinitePopulation() {
        var full = GradientStatistics(batchSize: 10, population: 10, loss: 1, squaredGradientNorm: 1, variance: 5)
        #expect(full.noise == 0)
        full.isFinitePopulation = false
        #expect(full.noise == 0.5)
    }

    @Test("The step follows the minimum of the parabola of all samples")
    func parabola() {
        // ℓ(α) = 1 − 4α + α², minimum at 2; with noise 2 the slope of all samples is −2, their minimum at 1.
        func run(from first: Double, noise: Double) -> Double {
            var rule = ParabolaFit()
            var step = first
            for _ in 0..<200 {
                step = rule.next(
                    after: step, loss: 1, trialLoss: 1 - 4 * step + step * step, slope: -4, noise: noise)
            }
            return step
        }
        for first in [8, 1e-3] {
            #expect(abs(run(from: first, noise: 0) - 2) < 1e-6)
            #expect(abs(run(from: first, noise: 2) - 1) < 1e-6)
        }
        // No curvature: longer. Nonsense: as before.
        var rule = ParabolaFit()
        #expect(rule.next(after: 1, loss: 1, trialLoss: .nan, slope: -2, noise: 0) == 1)
        #expect(rule.next(after: 1, loss: 1, trialLoss: -1, slope: -2, noise: 0) > 1)
    }

    @Test("Rounding is no curvature: a step that cannot be seen grows until it can")
    func parabolaOfRounding() {
        var rule = ParabolaFit()
        var step = 1e-12
        for turn in 0..<500 {
            let rounding = turn % 2 == 0 ? 1e-9 : 0
            let loss = 1 - step + step * step / 2
            step = rule.next(after: step, loss: 1, trialLoss: loss + rounding, slope: -1, noise: 0)
        }
        #expect(step > 0.5 && step < 2)
    }
}
