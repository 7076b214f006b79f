import Datasets
import MPI
import Models
import TestSupport
import Testing

@testable import BigBatch

@Suite("The same run on any number of ranks")
struct RanksTests {
    private static let rankCounts = [2, 3, 4, 7]

    private func configuration(_ configure: (inout TrainerConfiguration) -> Void = { _ in }) -> TrainerConfiguration {
        var configuration = TrainerConfiguration()
        configuration.initialBatchSize = 40
        configuration.l2 = 1e-3
        configuration.tolerance = 1e-6
        configuration.maxEpochs = 300
        configure(&configuration)
        return configuration
    }

    /// What each rank's gradients ran over.
    private func spied(
        ranks: Int, _ problem: RankProblem, _ configuration: TrainerConfiguration
    ) throws -> [[SpyLog.Entry]] {
        try ThreadCommunicator.run(ranks: ranks) { world in
            let log = SpyLog()
            let trainer = Trainer(
                model: Spy(base: SampleLogistic(features: problem.columns), log: log), dataset: problem.dataset(world),
                communicator: world, configuration: configuration)
            _ = try trainer.run()
            return log.entries
        }.map { try $0.get() }
    }

    @Test(
        "Batches are the same samples, also with more ranks than samples in the first batch",
        arguments: [StepKind.armijo, .bb, .auto], [2, 40])
    func sameSamples(step: StepKind, first: Int) throws {
        let problem = RankProblem(rows: 1003)
        let configuration = configuration {
            $0.step = step
            $0.initialBatchSize = first
            $0.maxIterations = 40
        }
        let alone = try spied(ranks: 1, problem, configuration)[0]
        #expect(alone.count >= 20)
        for ranks in [2, 3, 4, 7] {
            let all = try spied(ranks: ranks, problem, configuration)
            for (index, reference) in alone.enumerated() {
                let parts = all.map { $0[index] }
                #expect(parts.flatMap(\.positions).sorted() == reference.positions.sorted())
                #expect(parts.reduce(0) { $0 &+ $1.checksum } == reference.checksum)
            }
            #expect(all.allSatisfy { $0.count == alone.count })
        }
    }

    @Test("Columns with few values travel as whole numbers, with the same result on any number of ranks")
    func shortColumns() throws {
        // About half of the columns have fewer than 64 values.
        let problem = RankProblem(rows: 158, columns: 12, classes: 3, isSparse: true)
        let model = LinearModel(SoftmaxLoss(classes: 3), featureCount: problem.columns)
        let plain = try train(model, on: problem, ranks: 2, configuration())[0].get().result
        let short = try [1, 2, 3].map { ranks in
            try ThreadCommunicator.run(ranks: ranks) { world in
                let trainer = Trainer(
                    model: model, dataset: problem.dataset(world), communicator: world, configuration: configuration())
                trainer.objective.reducer.narrowFrom = 1
                let result = try trainer.run()
                let columns = try #require(trainer.objective.units).shortColumns
                #expect(columns > 0 && columns < problem.columns)
                return result
            }[0].get()
        }
        for result in short {
            #expect(result.parameters == short[0].parameters && result.objective == short[0].objective)
            #expect(abs(result.objective - plain.objective) <= 1e-6 * plain.objective)
        }
    }

    @Test("Every row is used once per cycle, in the order of the positions", arguments: [1, 2, 3, 4, 7])
    func everyRowOncePerCycle(ranks: Int) throws {
        // Not a multiple of the blocks, and batches that grow across the seam.
        let problem = RankProblem(rows: 333)
        let configuration = configuration {
            $0.step = .fixed
            $0.stepSize = 0.05
            $0.growth = .increment
            $0.initialBatchSize = 7
            $0.maxEpochs = 5
            $0.tolerance = 1e-12
        }
        let all = try spied(ranks: ranks, problem, configuration)
        var next = 0
        // The last gradient is the final evaluation of all rows.
        for index in all[0].indices.dropLast() {
            let positions = all.flatMap { $0[index].positions }
            #expect(Set(positions) == Set((next..<next + positions.count).map { $0 % 333 }))
            #expect(Set(positions).count == positions.count)
            next += positions.count
        }
        #expect(next >= 5 * 333)
    }

    private func expectSameRuns<M: Model>(
        _ model: M, _ problem: RankProblem, _ configuration: TrainerConfiguration, atLeast least: Int,
        ranks: [Int] = rankCounts
    ) throws {
        let alone = try train(model, on: problem, ranks: 1, configuration)[0].get()
        #expect(alone.result.stopReason.isConvergence)
        #expect(alone.records.count >= least)
        for ranks in ranks {
            for run in try train(model, on: problem, ranks: ranks, configuration) {
                let run = try run.get()
                #expect(run.result.parameters == alone.result.parameters, "\(ranks) ranks")
                #expect(run.result.objective == alone.result.objective)
                #expect(run.records.map(\.path) == alone.records.map(\.path), "\(ranks) ranks")
            }
        }
    }

    @Test("A user's model takes the same path", arguments: [StepKind.auto, .armijo, .bb])
    func userModel(step: StepKind) throws {
        try expectSameRuns(SampleLogistic(features: 6), RankProblem(), configuration { $0.step = step }, atLeast: 10)
    }

    @Test("A linear model takes the same path", arguments: [StepKind.auto, .armijo, .bb], [false, true])
    func linearModel(step: StepKind, isSparse: Bool) throws {
        let problem = RankProblem(rows: 4000, columns: 20, isSparse: isSparse)
        try expectSameRuns(
            LinearModel(LogisticLoss(), featureCount: 20), problem, configuration { $0.step = step }, atLeast: 10)
    }

    @Test("Three classes take the same path", arguments: [false, true])
    func softmax(isSparse: Bool) throws {
        let problem = RankProblem(rows: 3000, columns: 12, classes: 3, isSparse: isSparse)
        try expectSameRuns(
            LinearModel(SoftmaxLoss(classes: 3), featureCount: 12), problem, configuration(), atLeast: 10)
    }

    @Test("More ranks than samples in a batch: some are empty for a while")
    func moreRanksThanSamples() throws {
        try expectSameRuns(
            LinearModel(LogisticLoss(), featureCount: 6), RankProblem(rows: 500),
            configuration { $0.initialBatchSize = 4 },
            atLeast: 8, ranks: [7, 12])
    }

    @Test("Fifty iterations and more of the paper's own rules")
    func longPath() throws {
        let configuration = configuration {
            $0.step = .armijo
            $0.growth = .increment
            $0.theta = 1
            $0.preconditioner = .none
            $0.direction = .gradient
            $0.initialBatchSize = 30
            $0.maxIterations = 120
        }
        let model = LinearModel(LogisticLoss(), featureCount: 20)
        let problem = RankProblem(rows: 8000, columns: 20)
        let alone = try train(model, on: problem, ranks: 1, configuration)[0].get()
        for ranks in Self.rankCounts {
            let run = try train(model, on: problem, ranks: ranks, configuration)[0].get()
            #expect(run.records.map(\.path) == alone.records.map(\.path), "\(ranks) ranks")
        }
    }
}
