import Datasets
import MPI
import Models
import TestSupport
import Testing

@testable import BigBatch

@Suite("Parameters in parts")
struct PartsTests {
    @Test("Parts follow one another, are whole columns and are made of the same blocks on any number of ranks")
    func partsCoverTheParameters() {
        for (count, unit) in [(7, 1), (1000, 1), (2101 * 3, 3), (12 * 45, 45), (100_000, 4)] {
            let alone = Parts(count, unit: unit, rank: 0, ranks: 1)
            for ranks in [1, 2, 3, 4, 7, 256, 300] {
                var (next, blocks) = (0, [Range<Int>]())
                for rank in 0..<ranks {
                    let parts = Parts(count, unit: unit, rank: rank, ranks: ranks)
                    #expect(parts.own == parts.ranges[rank] && parts.blockCount == alone.blockCount)
                    #expect(parts.own.lowerBound == next && next % unit == 0)
                    #expect(parts.firstBlock == blocks.count)
                    next = parts.own.upperBound
                    blocks += parts.blocks.map {
                        $0.lowerBound + parts.own.lowerBound..<$0.upperBound + parts.own.lowerBound
                    }
                }
                #expect(next == count)
                #expect(blocks == alone.blocks)
            }
        }
    }

    @Test("Products have the same bits on any number of ranks")
    func productsOfParts() throws {
        let count = 5000
        var random = SampleRandom(state: 3)
        let a = (0..<count).map { _ in Float(random.normal()) }
        let b = (0..<count).map { _ in Float(random.normal()) }
        let scale = (0..<count).map { _ in Float(random.uniform()) }
        let exact = zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        let norm = zip(a, scale).reduce(0.0) { $0 + Double($1.0) * Double($1.0) * Double($1.1) }
        let found = try [1, 2, 3, 5].map { ranks in
            try ThreadCommunicator.run(ranks: ranks) { world in
                let parts = Parts(count, unit: 1, rank: world.rank, ranks: world.size)
                let products = Products(parts: parts) { $0 = try world.allreduce($0, .sum) }
                let own = Array(a[parts.own])
                return [
                    try products.dot(own, Array(b[parts.own])), try products.dot(own, whole: b),
                    try products.squaredNorm(own, in: .diagonal(scale: scale, classes: 1)),
                ]
            }.map { try $0.get() }
        }
        #expect(found.joined().allSatisfy { $0 == found[0][0] })
        #expect(abs(found[0][0][0] - exact) < 1e-9 && found[0][0][0] == found[0][0][1])
        #expect(abs(found[0][0][2] - norm) < 1e-9 * norm)
    }

    private struct Run: Sendable {
        var result: TrainingResult
        var paths: [[Double]]
        var snapshots: [StoredSnapshot] = []
        var isSpread: Bool
    }

    private func configuration(_ direction: DirectionKind, _ step: StepKind) -> TrainerConfiguration {
        var configuration = TrainerConfiguration()
        configuration.l2 = 1e-3
        configuration.tolerance = 1e-4
        configuration.maxIterations = 25
        configuration.direction = direction
        configuration.step = step
        return configuration
    }

    /// - Parameters:
    ///   - isShort: columns with few values travel as whole numbers.
    ///   - spreads: false: as models with fewer parameters.
    private func run<M: Model>(
        _ model: M, ranks: Int, _ configuration: TrainerConfiguration, isShort: Bool = true, spreads: Bool = true,
        from stored: StoredSnapshot? = nil, keeps: Bool = false
    ) throws -> Run {
        try ThreadCommunicator.run(ranks: ranks) { world in
            let classes = max(2, model.outputCount)
            let trainer = Trainer(
                model: model, dataset: NewtonCGTests.dataset(world, classes: classes), communicator: world,
                configuration: configuration)
            if isShort { trainer.objective.reducer.narrowFrom = 1 }
            if spreads { trainer.objective.spread() }
            let recorder = RunRecorder()
            let keeper = keeps && world.rank == 0 ? EveryIteration() : nil
            let result = try trainer.run(observer: recorder, from: try stored?.snapshot(), keeper: keeper)
            return Run(
                result: result, paths: recorder.records.map(\.path), snapshots: keeper?.kept ?? [],
                isSpread: trainer.objective.parts.areSpread)
        }[0].get()
    }

    @Test(
        "The same run on any number of ranks, and the same optimum as with whole vectors",
        arguments: [
            (DirectionKind.auto, StepKind.auto, true), (.auto, .auto, false), (.lbfgs, .auto, true),
            (.gradient, .bb, true), (.auto, .armijo, false),
        ])
    func sameRuns(direction: DirectionKind, step: StepKind, isShort: Bool) throws {
        func check(_ model: some Model) throws {
            let configuration = configuration(direction, step)
            let whole = try run(model, ranks: 2, configuration, isShort: isShort, spreads: false)
            let alone = try run(model, ranks: 1, configuration, isShort: isShort)
            #expect(!alone.isSpread && !whole.isSpread)
            #expect(abs(alone.result.objective - whole.result.objective) <= 2e-4 * whole.result.objective)
            for ranks in [2, 3, 4] {
                let run = try run(model, ranks: ranks, configuration, isShort: isShort)
                #expect(run.isSpread)
                let isSame = run.result.parameters == alone.result.parameters && run.paths == alone.paths
                #expect(isSame, "\(ranks) ranks")
                #expect(run.result.objective == alone.result.objective)
            }
        }
        try check(LinearModel(SoftmaxLoss(classes: 3), featureCount: NewtonCGTests.columns))
        try check(LinearModel(LogisticLoss(), featureCount: NewtonCGTests.columns, hasIntercept: false))
    }

    @Test("Dense rows too, and ranks without a part", arguments: [false, true])
    func ranksWithoutParts(isSparse: Bool) throws {
        let problem = RankProblem(rows: 600, columns: 5, classes: 3, isSparse: isSparse)
        let model = LinearModel(SoftmaxLoss(classes: 3), featureCount: problem.columns)
        var configuration = configuration(.lbfgs, .auto)
        configuration.preconditioner = .none
        let runs = try [1, 4, 8].map { ranks in
            try ThreadCommunicator.run(ranks: ranks) { [configuration] world in
                let trainer = Trainer(
                    model: model, dataset: problem.dataset(world), communicator: world, configuration: configuration)
                trainer.objective.spread()
                let hasPart = !trainer.objective.parts.own.isEmpty
                return (result: try trainer.run(), hasPart: hasPart)
            }.map { try $0.get() }
        }
        #expect(runs[2].contains { !$0.hasPart })
        for run in runs.joined() {
            #expect(run.result.stopReason.isConvergence)
            #expect(run.result.parameters == runs[0][0].result.parameters)
            #expect(run.result.objective == runs[0][0].result.objective)
        }
    }

    @Test("A run goes on from a snapshot, on any number of ranks", arguments: [DirectionKind.auto, .lbfgs])
    func goesOn(direction: DirectionKind) throws {
        let model = LinearModel(SoftmaxLoss(classes: 3), featureCount: NewtonCGTests.columns)
        let configuration = configuration(direction, .auto)
        let whole = try run(model, ranks: 3, configuration, keeps: true)
        let alone = try run(model, ranks: 1, configuration)
        let isSame = whole.result.parameters == alone.result.parameters
        #expect(isSame)
        let count = whole.snapshots.count
        try #require(count > 4)
        for (ranks, index) in [(1, count / 2), (2, count - 1), (3, count - 1), (4, count - 2)] {
            let rest = try run(model, ranks: ranks, configuration, from: whole.snapshots[index])
            let isSame = rest.result.parameters == whole.result.parameters
            #expect(isSame, "\(ranks) ranks, snapshot \(index)")
            #expect(rest.result.objective == whole.result.objective)
        }
    }
}
