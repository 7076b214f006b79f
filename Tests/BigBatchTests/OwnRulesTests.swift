import BigBatch
import Datasets
import Foundation
import MPI
import Models
import TestSupport
import Testing

/// α = (ℓ_B − ℓ*)/‖g_B‖² with ℓ* = 0 and no more than twice the last one (Polyak, 1964; of one batch, Loizou et al., 2021).
private struct OwnPolyakStep: StepRule {
    struct State: Codable { var last = 0.1 }
    var start: State { State() }

    func step(_ batch: any BatchView, _ state: inout State) throws -> StepOutcome {
        try batch.writeDirection(descending: true)
        let wanted = batch.statistics.loss / batch.statistics.squaredGradientNorm
        state.last = min(wanted, 2 * state.last, 10)
        // Another reduction of the same batch, of more trials than travel at once.
        let steps = (0..<20).map { state.last / Double(1 << $0) }
        let losses = try batch.losses(at: steps).losses
        guard let index = losses.firstIndex(where: { $0 < batch.statistics.loss }) else { return .stayed }
        batch.move(by: steps[index])
        return .moved(by: steps[index])
    }
}

/// d = −sign(m), m an average of gradients.
private struct SignDirection: Direction {
    struct State: Codable { @Stored var average: [Float] }
    func start(parameterCount: Int) -> State { State(average: [Float](repeating: 0, count: parameterCount)) }

    func write(_ d: inout [Float], _ gradient: any BatchGradient, hasLastStep: Bool, _ state: inout State) {
        for (j, g) in gradient.gradient.enumerated() {
            state.average[j] = 0.5 * state.average[j] + 0.5 * g
            d[j] = state.average[j] < 0 ? 1 : state.average[j] > 0 ? -1 : 0
        }
    }
}

/// d = −Pg with P_j = 1/(1 + |g_j|), in whose norm noise counts.
private struct ScaledDirection: Direction {
    struct State: Codable { var norm: LearnedNorm }
    func start(parameterCount: Int) -> State { State(norm: LearnedNorm(count: parameterCount)) }
    func norm(_ state: State) -> LearnedNorm? { state.norm }

    func write(_ d: inout [Float], _ gradient: any BatchGradient, hasLastStep: Bool, _ state: inout State) {
        let g = gradient.gradient
        state.norm.learn { p in
            for j in g.indices {
                p[j] = 1 / (1 + abs(g[j]))
                d[j] = -p[j] * g[j]
            }
        }
    }
}

/// Conjugate gradients on all rows: d = −g + βd, β = max(0, ⟨g, g − g'⟩/‖g'‖²) (Polak & Ribière, 1969).
private struct OwnConjugateStep: FullStepRule {
    struct State: Codable {
        @Stored var gradient: [Float]
        @Stored var direction: [Float]
    }

    func start(parameterCount: Int) -> State {
        let zeros = [Float](repeating: 0, count: parameterCount)
        return State(gradient: zeros, direction: zeros)
    }

    func step(_ batch: any FullBatchView, _ state: inout State) throws -> StepOutcome {
        let (g, before) = (batch.gradient, state.gradient)
        let square = before.reduce(0) { $0 + $1 * $1 }
        let beta = square > 0 ? max(0, zip(g, before).reduce(0) { $0 + $1.0 * ($1.0 - $1.1) } / square) : 0
        for j in g.indices { state.direction[j] = beta * state.direction[j] - g[j] }
        state.gradient = g
        try batch.writeDirection { _ = $0.update(fromContentsOf: state.direction) }
        let first = try batch.firstStep(doubled: true)
        if try batch.isConverged(length: first), batch.isSlowTailDone { return .done(.gradientNorm) }
        return try batch.searchAndMove(from: first, shrink: 1)
    }
}

/// Half as much again after every iteration.
private struct SteadyGrowth: BatchRule {
    func size(for statistics: GradientStatistics, limit: Int, gradientsEvaluated: Int) -> Int { statistics.batchSize }
    func sizeOfNext(after size: Int, limit: Int) -> Int { min(limit, size * 3 / 2) }
}

@Suite("A user's own rules")
struct OwnRulesTests {
    private final class Recorder: TrainingObserver {
        var records: [IterationRecord] = []
        func iterationDidEnd(_ record: IterationRecord) { records.append(record) }
    }

    private final class Keeper: SnapshotKeeper {
        var kept: [StoredSnapshot] = []
        var isDue: Bool { true }
        func keep(_ snapshot: Snapshot, isLast: Bool) throws { kept.append(try StoredSnapshot(snapshot)) }
    }

    private struct Run: Sendable {
        var result: TrainingResult
        var sizes: [Int]
        var losses: [Double]
        var snapshots: [StoredSnapshot]
    }

    private func train(
        _ method: Method, ranks: Int = 1, from stored: StoredSnapshot? = nil, keeps: Bool = false,
        _ configure: @Sendable (inout TrainerConfiguration) -> Void = { _ in }
    ) throws -> [Run] {
        var configuration = TrainerConfiguration()
        configuration.l2 = 1e-3
        configuration.initialBatchSize = 100
        configuration.maxIterations = 60
        configure(&configuration)
        let settings = configuration
        return try ThreadCommunicator.run(ranks: ranks) { world in
            let trainer = Trainer(
                model: LinearModel(LogisticLoss(), featureCount: 6), dataset: RankProblem().dataset(world),
                communicator: world, configuration: settings, method: method)
            let (recorder, keeper) = (Recorder(), keeps ? Keeper() : nil)
            let result = try trainer.run(observer: recorder, from: try stored?.snapshot(), keeper: keeper)
            return Run(
                result: result, sizes: recorder.records.map(\.batchSize), losses: recorder.records.map(\.loss),
                snapshots: keeper?.kept ?? [])
        }.map { try $0.get() }
    }

    @Test("A step rule from outside trains, alike on any number of ranks, and a snapshot keeps its state")
    func ownStep() throws {
        let method = Method(growth: JumpGrowth(theta: 0.8), step: OwnPolyakStep())
        let whole = try train(method, keeps: true)[0]
        #expect(try #require(whole.losses.last) < 0.8 * whole.losses[0])
        for run in try train(method, ranks: 3) { #expect(run.result.parameters == whole.result.parameters) }
        let stored = whole.snapshots[7]
        let rest = try train(method, ranks: 2, from: stored)[0]
        #expect(rest.losses == Array(whole.losses.dropFirst(stored.iteration)))
        #expect(rest.result.parameters == whole.result.parameters)
        // Its state counts: without it the run is another one.
        var without = stored
        without.numbers = Data(
            String(decoding: stored.numbers, as: UTF8.self).replacing(/\\"last\\":[0-9.e-]+/, with: #"\"last\":1e-9"#)
                .utf8)
        #expect(try train(method, from: without)[0].losses != rest.losses)
    }

    @Test("So does a direction, and a batch rule is followed")
    func ownDirectionAndGrowth() throws {
        let method = Method(
            growth: SteadyGrowth(), direction: SignDirection(), step: ArmijoStep(alwaysDoubles: true))
        let whole = try train(method, keeps: true)[0]
        #expect(Array(whole.sizes.prefix(4)) == [100, 150, 225, 337])
        #expect(try #require(whole.losses.last) < 0.8 * whole.losses[0])
        let rest = try train(method, ranks: 3, from: whole.snapshots[5])[0]
        #expect(rest.result.parameters == whole.result.parameters)
    }

    @Test("A direction that learns a norm goes on from any snapshot, before its end on all rows and after")
    func ownNorm() throws {
        let method = Method(
            growth: SteadyGrowth(), direction: ScaledDirection(), step: ArmijoStep(alwaysDoubles: true),
            fullStep: QuasiNewtonStep())
        let whole = try train(method, keeps: true)[0]
        let full = try #require(whole.sizes.firstIndex(of: whole.sizes.max() ?? 0))
        try #require(full > 2 && full + 2 < whole.snapshots.count)
        for index in [1, full - 1, full, full + 1] {
            let rest = try train(method, ranks: 2, from: whole.snapshots[index])[0]
            #expect(rest.result.parameters == whole.result.parameters, "from snapshot \(index)")
        }
    }

    @Test("A step rule for all rows ends a run, alike on any number of ranks, and a snapshot keeps its state")
    func ownFullStep() throws {
        let method = Method(growth: SteadyGrowth(), step: ArmijoStep(alwaysDoubles: true), fullStep: OwnConjugateStep())
        let whole = try train(method, keeps: true)[0]
        #expect(whole.result.stopReason == .gradientNorm)
        let other = try train(
            Method(growth: SteadyGrowth(), step: ArmijoStep(alwaysDoubles: true), fullStep: GradientStep()))[0]
        #expect(abs(whole.result.objective - other.result.objective) < 1e-3 * other.result.objective)
        #expect(whole.losses != other.losses)
        let full = try #require(whole.sizes.firstIndex(of: whole.sizes.max() ?? 0))
        try #require(full + 3 < whole.snapshots.count)
        for index in [full - 1, full, full + 2] {
            let rest = try train(method, ranks: 3, from: whole.snapshots[index])[0]
            #expect(rest.result.parameters == whole.result.parameters, "from snapshot \(index)")
        }
    }

    @Test("The rules of the paper, chosen as values, are those that a configuration names")
    func presets() throws {
        let printed = Method(
            growth: IncrementGrowth(theta: 0.8), step: ArmijoStep(), fullStep: QuasiNewtonStep())
        let named = try train(
            Method(
                {
                    var configuration = TrainerConfiguration()
                    configuration.growth = .increment
                    configuration.step = .armijo
                    return configuration
                }(), isConvex: true))[0]
        #expect(try train(printed)[0].losses == named.losses)
    }

    @Test("A snapshot of another rule is refused by name")
    func otherRule() throws {
        let stored = try train(
            Method(growth: SteadyGrowth(), direction: SignDirection(), step: ArmijoStep()), keeps: true)[0]
            .snapshots[3]
        let other = Method(growth: SteadyGrowth(), direction: Adam(), step: ArmijoStep())
        #expect { try train(other, from: stored) } throws: { "\($0)".contains("another direction") }
        let polyak = Method(growth: SteadyGrowth(), direction: SignDirection(), step: OwnPolyakStep())
        #expect { try train(polyak, from: stored) } throws: { "\($0)".contains("another step rule") }
        let full = Method(
            growth: SteadyGrowth(), direction: SignDirection(), step: ArmijoStep(), fullStep: OwnConjugateStep())
        #expect { try train(full, from: stored) } throws: { "\($0)".contains("another step rule for all rows") }
    }
}
