import Datasets
import FoundationEssentials
import Kernels
import MPI
import Models
import TestSupport
import Testing

@testable import BigBatch

@Suite("Runs that open on a sample")
struct OpeningTests {
    private enum Kind: CaseIterable {
        case logistic, sparse, ridge, softmax

        var model: any Model {
            switch self {
            case .logistic, .sparse: LinearModel(LogisticLoss(), featureCount: 6)
            case .ridge: LinearModel(SquaredError(), featureCount: 6)
            case .softmax: LinearModel(SoftmaxLoss(classes: 3), featureCount: 6)
            }
        }

        var problem: RankProblem {
            RankProblem(rows: 24_000, classes: self == .softmax ? 3 : 2, isSparse: self == .sparse, rareRow: 17_311)
        }
    }

    private func configuration(_ tolerance: Double = 0.02) -> TrainerConfiguration {
        var configuration = TrainerConfiguration()
        configuration.l2 = 1e-4
        configuration.tolerance = tolerance
        return configuration
    }

    private func run(_ kind: Kind, ranks: Int = 1, _ configuration: TrainerConfiguration) throws -> [RankRun] {
        func run(_ model: some Model) throws -> [RankRun] {
            try train(model, on: kind.problem, ranks: ranks, configuration).map { try $0.get() }
        }
        return try run(kind.model)
    }

    private func objective(_ kind: Kind, at x: [Float], l2: Double) -> Double {
        let data = kind.problem.dataset()
        let loss = x.withUnsafeBufferPointer { kind.model.loss(data.all, at: $0) }
        let weights = x.prefix(kind.model.penalisedCount)
        return loss / Double(data.order.count) + l2 / 2 * weights.reduce(0) { $0 + Double($1) * Double($1) }
    }

    @Test("A run ends by a sample, within its bound, without having read all rows", arguments: Kind.allCases)
    private func endsEarly(_ kind: Kind) throws {
        let run = try #require(try run(kind, configuration()).first)
        let test = try #require(run.result.sampleTest)
        #expect(run.result.stopReason == .sampleTest)
        #expect(test.bound > 0 && test.newRows < test.rows && test.rows <= 15_000)
        #expect(run.result.dualityGap == nil && run.result.gradientNorm.isNaN)

        var exact = configuration(1e-8)
        exact.certify = true
        let best = try #require(try self.run(kind, exact).first).result
        #expect(best.sampleTest == nil)
        let found = objective(kind, at: run.result.parameters, l2: 1e-4)
        let least = objective(kind, at: best.parameters, l2: 1e-4)
        #expect(found - least >= -1e-9 && found - least <= test.bound && test.bound <= 0.025 * found)
        // Of all rows it would be `found`.
        #expect(abs(run.result.objective - found) < 0.05 * found)
    }

    @Test("The same bits on any number of ranks", arguments: Kind.allCases)
    private func sameBits(_ kind: Kind) throws {
        let alone = try #require(try run(kind, configuration()).first)
        for ranks in 2...4 {
            for run in try run(kind, ranks: ranks, configuration()) {
                #expect(run.result.parameters == alone.result.parameters)
                #expect(run.result.sampleTest == alone.result.sampleTest)
                #expect(run.records.map(\.loss) == alone.records.map(\.loss))
                #expect(run.records.map(\.batchSize) == alone.records.map(\.batchSize))
            }
        }
    }

    @Test("Asked to certify, a run goes on to all rows and a bound", arguments: [Kind.logistic, .ridge])
    private func certifies(_ kind: Kind) throws {
        var configuration = configuration()
        configuration.certify = true
        let result = try #require(try run(kind, ranks: 2, configuration).first).result
        #expect(result.sampleTest == nil && result.stopReason.isConvergence)
        #expect(result.dualityGap != nil && result.gradientNorm.isFinite)
    }

    @Test("What a sample cannot tell is asked of all rows")
    func asksAllRows() throws {
        let result = try #require(try run(.logistic, configuration(1e-5)).first).result
        #expect(result.sampleTest == nil && result.stopReason == .gradientNorm)
        #expect(result.featurePasses > 1)
    }

    @Test(
        "From a snapshot of any iteration, on other ranks, a run ends in the same bits",
        arguments: [Kind.logistic, .softmax])
    private func goesOn(_ kind: Kind) throws {
        func go<M: Model>(_ model: M) throws {
            let keeper = EveryIteration()
            let first = Trainer(
                model: model, dataset: kind.problem.dataset(), communicator: SoloCommunicator(),
                configuration: configuration())
            let whole = try first.run(keeper: keeper)
            #expect(keeper.kept.count >= 3)
            for stored in keeper.kept {
                let runs = ThreadCommunicator.run(ranks: 3) { world in
                    let trainer = Trainer(
                        model: model, dataset: kind.problem.dataset(world), communicator: world,
                        configuration: configuration())
                    return try trainer.run(from: try stored.snapshot())
                }
                for run in runs {
                    let result = try run.get()
                    #expect(result.parameters == whole.parameters && result.sampleTest == whole.sampleTest)
                    #expect(result.gradientPasses == whole.gradientPasses)
                }
            }
        }
        try go(kind.model)
    }

    @Test("Newton steps on all rows lead to the last digits with one read each")
    func tail() throws {
        let result = try #require(try run(.logistic, ranks: 2, configuration(1e-7)).first).result
        var exact = configuration(1e-9)
        exact.certify = true
        let best = try #require(try run(.logistic, exact).first).result
        let (found, least) = (
            objective(.logistic, at: result.parameters, l2: 1e-4), objective(.logistic, at: best.parameters, l2: 1e-4)
        )
        #expect(result.stopReason == .gradientNorm && found - least <= 1e-7 * least)
        // But for the sizes of the columns, the samples and the curvatures.
        #expect(result.gradientPasses < 6 && result.featurePasses - result.gradientPasses < 5)
    }

    @Test("A few counts that are far from all others are in every sample", arguments: 0..<6)
    func rareCounts(seed: Int) throws {
        let place: @Sendable (Int) -> Int = { ($0 * 7919 + 1000 * seed) % 24_000 }
        let base = RankProblem(rows: 24_000, rowAt: place).dataset()
        let labels = AlignedBuffer<Float>(count: base.order.count)
        for position in 0..<base.order.count {
            let key = mix64(UInt64(place(position)))
            if key % 2000 == 7 { labels[position] = 100 + Float(mix64(key) % 100) }
        }
        let data = Dataset(
            order: base.order, features: base.features, labels: labels, squaredNorms: base.squaredNorms)
        let model = LinearModel(PoissonLoss(), featureCount: 6)
        func run(_ tolerance: Double, certifies: Bool = false) throws -> TrainingResult {
            var configuration = configuration(tolerance)
            configuration.certify = certifies
            return try Trainer(
                model: model, dataset: data, communicator: SoloCommunicator(), configuration: configuration
            ).run()
        }
        func objective(_ x: [Float]) -> Double {
            x.withUnsafeBufferPointer { model.loss(data.all, at: $0) } / Double(labels.count)
                + 0.5e-4 * x.prefix(6).reduce(0) { $0 + Double($1) * Double($1) }
        }
        let (result, best) = (try run(0.02), try run(1e-7, certifies: true))
        // What accuracy is relative to: the loss above the least it can be, Σ y − y log y.
        let least = labels.elements.reduce(0.0) { $0 + ($1 > 0 ? Double($1) * (1 - naturalLog(Double($1))) : 0) }
        let (found, optimum) = (objective(result.parameters), objective(best.parameters))
        #expect(result.stopReason.isConvergence)
        #expect(found - optimum <= 0.02 * (found - least / Double(labels.count)), "\(found) \(optimum)")
    }

    @Test("Steps that are cut ask for a better curvature, and in the end all rows")
    func cutSteps() throws {
        var opening = try grown(to: 40_000)
        opening.note(isCut: true)
        opening.note(isCut: false)
        #expect(opening.cuts == 0 && !opening.isOver && opening.curvatureRows == 3200)
        for (count, rows) in [(1, 12_800), (2, 40_000), (3, 40_000)] {
            opening.note(isCut: true)
            #expect(opening.cuts == count && opening.isOver == (count == 3) && opening.curvatureRows == rows)
        }
    }

    /// An opening whose first sample of 1,000 rows has grown.
    private func grown(to size: Int) throws -> OpeningState {
        let stored = String(
            decoding: try JSONEncoder().encode(OpeningState(size: 1000, start: 0)), as: UTF8.self)
        #expect(stored.contains("[1000]"))
        return try JSONDecoder().decode(
            OpeningState.self, from: Data(stored.replacing("[1000]", with: "[1000,\(size)]").utf8))
    }

    @Test("Held-out rows, a limit of the batch, few rows and printed algorithms have none")
    func noOpening() throws {
        var limited = configuration()
        limited.largestBatchSize = 5000
        var printed = configuration()
        printed.usePrintedAlgorithm(.armijo)
        printed.maxIterations = 3
        for settings in [limited, printed] {
            #expect(try run(.logistic, settings).first?.result.stopReason != .sampleTest)
        }
        let few = RankProblem(rows: 3000)
        let model = LinearModel(LogisticLoss(), featureCount: 6)
        let result = try #require(try train(model, on: few, ranks: 1, configuration()).first).get().result
        #expect(result.stopReason == .gradientNorm)
    }
}
