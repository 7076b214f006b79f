import Datasets
import Kernels
import MPI
import Models
import TestSupport
import Testing

@testable import BigBatch

@Suite("Statistics of a batch")
struct RanksStatisticsTests {
    private static func rendezvous() -> Rendezvous { Rendezvous(iteration: 1, batchSize: 1, stepSize: 1) }

    /// The gradient of each of the rows at positions 0 ..< count, in Double.
    private static func gradients<M: Model>(_ model: M, _ dataset: Dataset, at x: [Float], count: Int) -> [[Double]] {
        (0..<count).map { row in
            var gradient = [Double](repeating: 0, count: model.parameterCount)
            gradient.withUnsafeMutableBufferPointer { gradient in
                x.withUnsafeBufferPointer { x in
                    _ = model.accumulate(Batch(dataset: dataset, first: row..<row + 1), at: x, gradient: gradient)
                }
            }
            return gradient
        }
    }

    private static func mean(_ vectors: [[Double]]) -> [Double] {
        vectors[0].indices.map { index in vectors.reduce(0) { $0 + $1[index] } / Double(vectors.count) }
    }

    private static func squaredNorm(_ vector: [Double]) -> Double { vector.reduce(0) { $0 + $1 * $1 } }

    // MARK: The preconditioner's norm

    private func check<Loss>(
        _ model: LinearModel<Loss>, _ problem: RankProblem, ranks: Int, isDense: Bool
    ) throws {
        var random = SampleRandom(state: 3)
        let x = (0..<model.parameterCount).map { _ in Float(random.normal() * 0.3) }
        // Small enough for all rows to have norms under a dense preconditioner.
        let parts = [(start: 0, count: 100), (start: 100, count: 150)]
        let all = try ThreadCommunicator.run(ranks: ranks) { world in
            let objective = Objective(
                model: model, dataset: problem.dataset(world), l2: 1e-2, communicator: world)
            try objective.adoptInitialPreconditioner(at: x, rendezvous: Self.rendezvous())
            var last: GradientStatistics?
            for (index, part) in parts.enumerated() {
                last = try objective.evaluate(
                    start: part.start, count: part.count, at: x, extending: index > 0, rendezvous: Self.rendezvous())
            }
            let full = try objective.evaluate(start: 0, count: problem.rows, at: x, rendezvous: Self.rendezvous())
            return (statistics: try #require(last), preconditioner: objective.preconditioner, full: full)
        }.map { try $0.get() }
        let (found, preconditioner, full) = all[0]
        if case .dense = preconditioner { #expect(isDense) } else { #expect(!isDense) }
        #expect(full.noise == 0)
        #expect(full.signal == full.squaredGradientNorm)

        let gradients = Self.gradients(model, problem.dataset(), at: x, count: 250)
        let mean = Self.mean(gradients)
        let deviations = gradients.map { gradient in zip(gradient, mean).map { Float($0 - $1) } }
        let variance = deviations.reduce(0) { $0 + preconditioner.squaredNorm($1) } / 249
        let squares = gradients.reduce(0) { $0 + preconditioner.squaredNorm($1.map { Float($0) }) }
        // Norms of rows under the preconditioner are Floats, and so are the deviations here.
        #expect(abs(found.variance - variance) <= 1e-6 * squares / 249, "\(found.variance) \(variance)")
        let regularised = mean.indices.map { index in
            Float(mean[index] + (index < model.penalisedCount ? 1e-2 * Double(x[index]) : 0))
        }
        let norm = preconditioner.squaredNorm(regularised)
        #expect(abs(found.squaredGradientNorm - norm) <= 1e-5 * norm)
        for other in all { #expect(other.statistics == found && other.full == full) }
    }

    @Test("The variance under the preconditioner is the two-pass variance of explicit gradients", arguments: [1, 2, 5])
    func varianceUnderThePreconditioner(ranks: Int) throws {
        for hasIntercept in [false, true] {
            try check(
                LinearModel(LogisticLoss(), featureCount: 9, hasIntercept: hasIntercept),
                RankProblem(rows: 900, columns: 9), ranks: ranks, isDense: true)
            try check(
                LinearModel(LogisticLoss(), featureCount: 9, hasIntercept: hasIntercept),
                RankProblem(rows: 900, columns: 9, isSparse: true), ranks: ranks, isDense: true)
            try check(
                LinearModel(SoftmaxLoss(classes: 3), featureCount: 7, hasIntercept: hasIntercept),
                RankProblem(rows: 900, columns: 7, classes: 3), ranks: ranks, isDense: true)
            try check(
                LinearModel(SoftmaxLoss(classes: 3), featureCount: 7, hasIntercept: hasIntercept),
                RankProblem(rows: 900, columns: 7, classes: 3, isSparse: true), ranks: ranks, isDense: true)
        }
    }

    /// Of a batch of 600 rows with 9 features 256 have norms under a dense preconditioner, and stand for all: the first
    /// ones, or as many of each part as its share.
    @Test("The variance of a large batch is estimated from its first rows", arguments: [1, 2, 5])
    func varianceOfFirstRows(ranks: Int) throws {
        let model = LinearModel(LogisticLoss(), featureCount: 9, hasIntercept: true)
        let problem = RankProblem(rows: 900, columns: 9)
        var random = SampleRandom(state: 3)
        let x = (0..<model.parameterCount).map { _ in Float(random.normal() * 0.3) }
        let found = try ThreadCommunicator.run(ranks: ranks) { world in
            let objective = Objective(
                model: model, dataset: problem.dataset(world), l2: 1e-2, communicator: world)
            try objective.adoptInitialPreconditioner(at: x, rendezvous: Self.rendezvous())
            let atOnce = try objective.evaluate(start: 0, count: 600, at: x, rendezvous: Self.rendezvous())
            _ = try objective.evaluate(start: 0, count: 100, at: x, rendezvous: Self.rendezvous())
            let grown = try objective.evaluate(
                start: 100, count: 500, at: x, extending: true, rendezvous: Self.rendezvous())
            return (atOnce: atOnce, grown: grown, preconditioner: objective.preconditioner)
        }.map { try $0.get() }
        let preconditioner = found[0].preconditioner
        let gradients = Self.gradients(model, problem.dataset(), at: x, count: 600)
        let squares = gradients.map { preconditioner.squaredNorm($0.map { Float($0) }) }
        let norm = preconditioner.squaredNorm(Self.mean(gradients).map { Float($0) })
        func variance(_ sum: Double) -> Double { (sum - 600 * norm) / 599 }
        let atOnce = variance(squares[..<256].reduce(0, +) * 600 / 256)
        // 256 · 500/600 of the rows that were added.
        let grown = variance(squares[..<100].reduce(0, +) + squares[100..<313].reduce(0, +) * 500 / 213)
        for rank in found {
            #expect(abs(rank.atOnce.variance - atOnce) <= 1e-5 * atOnce, "\(rank.atOnce.variance) \(atOnce)")
            #expect(abs(rank.grown.variance - grown) <= 1e-5 * grown, "\(rank.grown.variance) \(grown)")
        }
    }

    /// A category of one row, scaled to deviation 1 as all columns are: its gradient is as long as those of hundreds.
    @Test("A row that could pass for the signal by itself is in the variance, wherever it stands", arguments: [1, 3])
    func heavyRow(ranks: Int) throws {
        var problem = RankProblem(rows: 3000, columns: 9)
        problem.rareRow = 700
        let model = LinearModel(LogisticLoss(), featureCount: 9, hasIntercept: true)
        let x = [Float](repeating: 0, count: model.parameterCount)
        let all = try ThreadCommunicator.run(ranks: ranks) { [problem] world in
            let objective = Objective(
                model: model, dataset: problem.dataset(world), l2: 1 / 3000, communicator: world)
            try objective.adoptInitialPreconditioner(at: x, rendezvous: Self.rendezvous())
            let found = try objective.evaluate(start: 0, count: 1000, at: x, rendezvous: Self.rendezvous())
            let without = try objective.evaluate(start: 1000, count: 1000, at: x, rendezvous: Self.rendezvous())
            return (found: found, without: without, preconditioner: objective.preconditioner)
        }.map { try $0.get() }
        let gradients = Self.gradients(model, problem.dataset(), at: x, count: 1000)
        let squares = gradients.reduce(0) { $0 + all[0].preconditioner.squaredNorm($1.map { Float($0) }) }
        let norm = all[0].preconditioner.squaredNorm(Self.mean(gradients).map { Float($0) })
        let exact = (squares - 1000 * norm) / 999
        for rank in all {
            #expect(abs(rank.found.variance - exact) <= 0.25 * exact, "\(rank.found.variance) \(exact)")
            #expect(rank.found.variance > 1.1 * rank.without.variance)
        }
    }

    @Test(
        "Rows drawn for a curvature are the same on any number of ranks, and right in the mean", arguments: [2, 3, 5])
    func drawnRows(ranks: Int) throws {
        var problem = RankProblem(rows: 3000, columns: 9)
        problem.rareRow = 700
        let rows = problem
        let model = LinearModel(LogisticLoss(), featureCount: 9, hasIntercept: true)
        @Sendable func draw(_ world: any Communicator, _ salt: UInt64) throws -> [Int: Float] {
            let objective = Objective(
                model: model, dataset: rows.dataset(world), l2: 1e-3, communicator: world)
            try objective.adoptInitialPreconditioner(
                at: [Float](repeating: 0, count: model.parameterCount), rendezvous: Self.rendezvous())
            let sample = objective.drawRows(start: 0, window: 3000, expected: 300, salt: salt)
            let places = sample.rows.map { objective.dataset.order.position(ofLocal: $0) }
            return Dictionary(uniqueKeysWithValues: zip(places, sample.weights))
        }
        var total = 0.0
        for salt in 0..<20 as Range<UInt64> {
            let alone = try draw(SoloCommunicator(), salt)
            let parts = try ThreadCommunicator.run(ranks: ranks) { try draw($0, salt) }.map { try $0.get() }
            #expect(parts.reduce(into: [:]) { $0.merge($1) { a, _ in a } } == alone)
            #expect(alone[700] == 1)
            #expect(abs(alone.count - 300) < 80)
            total += alone.values.reduce(0) { $0 + Double($1) }
        }
        #expect(abs(total / 20 / 3000 - 1) < 0.05)
    }

    @Test("NaN in the sum of squared norms stays visible")
    func nanIsNotClamped() {
        #expect(GradientStatistics.variance(count: 5, squaredNorms: .nan, squaredMeanNorm: 1).isNaN)
        #expect(GradientStatistics.variance(count: 5, squaredNorms: 4.9, squaredMeanNorm: 1) == 0)
        #expect(GradientStatistics.variance(count: 5, squaredNorms: 9, squaredMeanNorm: 1) == 1)
    }

    // MARK: Signal and noise

    /// All batches of 3 of 8 samples: the noise has exactly the expected ‖g_B − ∇ℓ‖² as its mean, and the signal ‖∇ℓ‖².
    @Test("Over all batches of a tiny set, signal and noise are exactly unbiased", arguments: 2...7)
    func enumeration(size: Int) {
        let population = 8
        var random = SampleRandom(state: 5)
        let gradients = (0..<population).map { _ in (0..<4).map { _ in random.normal() + 0.5 } }
        let truth = Self.mean(gradients)
        var batches = 0
        var signal = 0.0
        var noise = 0.0
        var error = 0.0
        for mask in 0..<1 << population where mask.nonzeroBitCount == size {
            let batch = (0..<population).filter { mask & (1 << $0) != 0 }.map { gradients[$0] }
            let mean = Self.mean(batch)
            let statistics = GradientStatistics(
                batchSize: size, population: population, loss: 0, squaredGradientNorm: Self.squaredNorm(mean),
                variance: GradientStatistics.variance(
                    count: size, squaredNorms: batch.reduce(0) { $0 + Self.squaredNorm($1) },
                    squaredMeanNorm: Self.squaredNorm(mean)))
            batches += 1
            signal += statistics.signal
            noise += statistics.noise
            error += Self.squaredNorm(zip(mean, truth).map { $0 - $1 })
        }
        let count = Double(batches)
        #expect(abs(signal / count - Self.squaredNorm(truth)) < 1e-12)
        #expect(abs(noise - error) / count < 1e-12)
        #expect(error / count > 1e-3)
    }

    @Test("Over random batches the signal of a run is unbiased, and ‖g‖² is not", arguments: [false, true])
    func unbiasedSignal(hasPreconditioner: Bool) throws {
        let model = LinearModel(LogisticLoss(), featureCount: 6)
        let x: [Float] = [0.3, -0.2, 0.1, 0, 0.2, -0.1, 0.2]
        let size = 20
        var random = SampleRandom(state: 17)
        var signals: [Double] = []
        var norms: [Double] = []
        var truth = 0.0
        for _ in 0..<600 {
            var rows = Array(0..<200)
            for index in rows.indices.dropLast() {
                rows.swapAt(index, index + Int(random.uniform() * Double(rows.count - index)))
            }
            var problem = RankProblem(rows: 200)
            problem.rowAt = { [rows] in rows[$0] }
            let objective = Objective(
                model: model, dataset: problem.dataset(), l2: 0.05, communicator: SoloCommunicator())
            // The preconditioner must not depend on the batch: its first sample is the whole of so small a set.
            if hasPreconditioner { try objective.adoptInitialPreconditioner(at: x, rendezvous: Self.rendezvous()) }
            let statistics = try objective.evaluate(start: 0, count: size, at: x, rendezvous: Self.rendezvous())
            signals.append(statistics.signal)
            norms.append(statistics.squaredGradientNorm)
            truth = try objective.evaluate(start: 0, count: 200, at: x, rendezvous: Self.rendezvous())
                .squaredGradientNorm
        }
        func deviation(_ values: [Double]) -> Double {
            let n = Double(values.count)
            let mean = values.reduce(0, +) / n
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
            return (mean - truth) / (variance / n).squareRoot()
        }
        #expect(abs(deviation(signals)) < 3.5)
        #expect(deviation(norms) > 10)
    }
}
