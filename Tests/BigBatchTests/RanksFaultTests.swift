import Datasets
import Kernels
import MPI
import Models
import TestSupport
import Testing

@testable import BigBatch

@Suite("What one rank sees or suffers alone")
struct RanksFaultTests {
    private let ranks = 3
    private let problem = RankProblem(rows: 600)
    private let model = SampleLogistic(features: 6)

    private func configuration(_ configure: (inout TrainerConfiguration) -> Void = { _ in }) -> TrainerConfiguration {
        var configuration = TrainerConfiguration()
        configuration.initialBatchSize = 40
        configuration.maxEpochs = 50
        configure(&configuration)
        return configuration
    }

    /// A plain method that makes one gradient reduction an iteration, so that calls can be counted.
    private func fixedSteps(_ iterations: Int) -> TrainerConfiguration {
        configuration {
            $0.step = .fixed
            $0.stepSize = 0.05
            $0.growth = .none
            $0.maxIterations = iterations
            $0.maxEpochs = nil
            $0.initialBatchSize = 100
        }
    }

    private func error(_ result: Result<RankRun, any Error>) -> (any Error)? {
        if case .failure(let error) = result { error } else { nil }
    }

    // MARK: Reductions

    // Bits 35–51 of the Double are the digest's own; then the exponent and the sign.
    @Test("A bit flipped in the digest that a rank sends stops all ranks at that reduction", arguments: 35..<64)
    func spoiltDigestSent(bit: Int) {
        // The first call compares the options; call 5 is the fourth gradient.
        let all = train(
            model, on: problem, ranks: ranks, fixedSteps(20),
            communicator: {
                FaultyCommunicator($0, [.init(rank: 1, call: 5, .flipBitSent(element: Self.digest, bit: bit))])
            })
        for result in all {
            #expect(error(result) as? ReductionError == .ranksDisagree(iteration: 4), "bit \(bit)")
        }
    }

    @Test("The one rank whose parameters differ is found from sums, on every rank", arguments: [2, 3, 4, 100])
    func differingRank(ranks: Int) {
        for odd in [0, 1, ranks - 1] {
            let own = (0..<ranks).map { $0 == odd ? 131_071.0 : 77.0 }
            var header = Packet.Header()
            for (rank, digest) in own.enumerated() {
                header.parameters += digest
                header.squaredParameters += digest * digest
                header.placedParameters += Double(rank) * digest
            }
            for rank in 0..<ranks {
                let found = Reducer.differing(header, own: own[rank], rank: rank, ranks: ranks)
                #expect(found == (ranks == 2 ? [0, 1] : [odd]))
            }
            header.parameters += 5
            #expect(Reducer.differing(header, own: 77, rank: 1, ranks: 5).isEmpty)
        }
    }

    @Test("A digest spoilt on arrival stops the rank, and the others do not go on without it")
    func spoiltDigestReceived() {
        let all = train(
            model, on: problem, ranks: ranks, fixedSteps(20),
            communicator: { FaultyCommunicator($0, [.init(rank: 1, call: 5, .flipBit(element: Self.digest, bit: 40))]) }
        )
        #expect(error(all[1]) as? ReductionError == .ranksDisagree(iteration: 4))
        #expect(error(all[0]) is ThreadCommunicator.Missing)
        #expect(error(all[2]) is ThreadCommunicator.Missing)
    }

    /// Places of a packet's numbers.
    private static func place(_ field: PartialKeyPath<Packet.Header>) -> Int {
        (MemoryLayout<Packet.Header>.offset(of: field) ?? 0) / 8
    }
    private static let digest = place(\.digest)
    /// Two flags, the stay, and of a gradient n, Σ loss, S, the residuals' code, two elements.
    private static let others =
        [place(\.snapshotIsDue), place(\.timesAreDue), place(\.stay)] + (0..<6).map { Packet.Header.count + $0 }

    @Test("A sum spoilt on its way to one rank ends in an error on all ranks, or changes nothing", arguments: others)
    func spoiltSum(element: Int) throws {
        for call in 2..<8 {
            let all = train(
                model, on: problem, ranks: ranks, configuration { $0.tolerance = 1e-6 },
                communicator: {
                    FaultyCommunicator($0, [.init(rank: 1, call: call, .flipBit(element: element, bit: 54))])
                })
            let isNoticed = all.contains { error($0) != nil }
            if isNoticed {
                for result in all { #expect(error(result) != nil, "element \(element), call \(call)") }
            } else {
                let runs = try all.map { try $0.get() }
                #expect(runs.allSatisfy { $0.result.parameters == runs[0].result.parameters })
                #expect(runs.allSatisfy { $0.result.stopReason == runs[0].result.stopReason })
            }
        }
    }

    @Test("A number of rows spoilt on its way stops all ranks at that reduction", arguments: [45, 50, 54, 62, 63])
    func spoiltCount(bit: Int) {
        let all = train(
            model, on: problem, ranks: ranks, fixedSteps(20),
            communicator: {
                FaultyCommunicator($0, [.init(rank: 1, call: 5, .flipBitSent(element: Packet.Header.count, bit: bit))])
            })
        for result in all {
            guard case .incompleteBatch(iteration: 4, expected: 100, _)? = error(result) as? ReductionError else {
                Issue.record("bit \(bit): \(result)")
                continue
            }
        }
    }

    @Test("The digest tells steps, sizes, iterations, kinds and identities apart")
    func digest() {
        let base = Rendezvous(iteration: 7, batchSize: 500, stepSize: 0.37)
        var digests: [UInt64] = [base.digest(.gradient), base.digest(.ladder), base.digest(.gradient, identity: 1)]
        for exponent in 1...20 {
            digests.append(
                Rendezvous(iteration: 7, batchSize: 500, stepSize: 0.37 / Double(1 << exponent)).digest(.gradient))
            digests.append(
                Rendezvous(iteration: 7, batchSize: 500, stepSize: 0.37 * Double(1 << exponent)).digest(.gradient))
            digests.append(Rendezvous(iteration: 7 + exponent, batchSize: 500, stepSize: 0.37).digest(.gradient))
            digests.append(Rendezvous(iteration: 7, batchSize: 500 + exponent, stepSize: 0.37).digest(.gradient))
        }
        digests.append(Rendezvous(iteration: 7, batchSize: 500, stepSize: 0.37.nextUp).digest(.gradient))
        digests.append(Rendezvous(iteration: 7, batchSize: 500, stepSize: -0.37).digest(.gradient))
        #expect(Set(digests).count == digests.count)
        #expect(digests.allSatisfy { $0 < 1 << 18 })
    }

    @Test("A single different digest is seen among a hundred thousand ranks", arguments: [2, 3, 1000, 65_537, 100_000])
    func exactComparison(ranks: Int) {
        for digest in [0, 1, 77_777, (1 << 18) - 1] {
            for other in [digest, digest ^ 1, digest ^ (1 << 17)] {
                // As the reduction forms them: sums of Doubles.
                let sum = Double(digest) * Double(ranks - 1) + Double(other)
                let squares = Double(digest * digest) * Double(ranks - 1) + Double(other * other)
                #expect(Reducer.areEqual(sum: sum, squares: squares, ranks: ranks) == (digest == other))
            }
        }
        for value in [Double.nan, .infinity, -1, 0.5] {
            #expect(!Reducer.areEqual(sum: value, squares: 4, ranks: ranks))
            #expect(!Reducer.areEqual(sum: 2, squares: value, ranks: ranks))
        }
    }

    // MARK: Flags

    @Test("One rank asks to stop, and all stop in the same iteration", arguments: 0..<3, [StepKind.auto, .bb, .fixed])
    func oneRankAsksToStop(rank: Int, step: StepKind) throws {
        let all = train(
            model, on: problem, ranks: ranks, configuration { $0.step = step },
            stopRequested: { $0 == rank && $1 >= 4 })
        let runs = try all.map { try $0.get() }
        #expect(runs.allSatisfy { $0.result.stopReason == .signal })
        #expect(Set(runs.map(\.result.iterations)).count == 1)
        // The fourth reduction.
        #expect(runs[0].result.iterations <= 4)
        #expect(Set(runs.map(\.result.parameters)).count == 1)
    }

    @Test("One rank's clock runs out, and all stop in the same iteration")
    func oneClockRunsOut() throws {
        let all = train(
            model, on: problem, ranks: ranks, configuration(),
            adjust: { rank, configuration in configuration.timeLimit = rank == 2 ? 0 : 1000 })
        for result in all {
            let run = try result.get()
            #expect(run.result.stopReason == .timeLimit)
            #expect(run.result.iterations == 1)
        }
    }

    // MARK: Options

    @Test("A rank with other options, another model or other data is noticed before anything is done")
    func otherOptions() {
        let changes: [@Sendable (inout TrainerConfiguration) -> Void] = [
            { $0.theta = 0.81 }, { $0.seed = 1 }, { $0.l2 = 1e-9 }, { $0.step = .bb }, { $0.maxIterations = 7 },
            { $0.initialBatchSize = 41 }, { $0.tolerance = 1e-5 },
        ]
        for change in changes {
            let all = train(
                model, on: problem, ranks: ranks, configuration(),
                adjust: { rank, configuration in if rank == 1 { change(&configuration) } })
            for result in all { #expect(error(result) as? ReductionError == .optionsDiffer) }
        }
        let otherData = ThreadCommunicator.run(ranks: ranks) { [configuration = configuration()] world in
            let problem = RankProblem(rows: world.rank == 1 ? 601 : 600)
            return try Trainer(
                model: SampleLogistic(features: 6), dataset: problem.dataset(world), communicator: world,
                configuration: configuration
            ).run().iterations
        }
        for result in otherData {
            #expect(throws: ReductionError.optionsDiffer) { try result.get() }
        }
    }

    // MARK: Numbers that are none

    @Test(
        "A non-finite sum on one rank makes all ranks skip the batch, count it and go on",
        arguments: SpoiltSum.allCases, [Float.nan, .infinity])
    func nonFinite(part: SpoiltSum, value: Float) throws {
        for step in [StepKind.armijo, .fixed, .bb] {
            let configuration = configuration {
                $0.step = step
                $0.growth = .none
                $0.stepSize = 0.02
                $0.maxEpochs = 4
                $0.initialBatchSize = 100
            }
            // Position 137 is in the second of six batches.
            let bad = BadRow(base: model, position: 137, part: part, value: value)
            let all = try train(bad, on: problem, ranks: ranks, configuration).map { try $0.get() }
            for run in all {
                #expect(run.result.nonFinite >= 2)
                #expect(run.result.nonFinite == all[0].result.nonFinite)
                #expect(run.result.stopReason == .passLimit)
                #expect(run.result.parameters.allSatisfy { $0.isFinite })
                #expect(run.result.parameters == all[0].result.parameters)
                #expect(run.result.iterations >= 12)
            }
            let alone = try train(bad, on: problem, ranks: 1, configuration)[0].get()
            #expect(alone.result.nonFinite == all[0].result.nonFinite)
            // It learned from the other batches.
            let losses = all[0].records.map(\.loss).filter(\.isFinite)
            #expect(losses.suffix(5).reduce(0, +) < losses.prefix(5).reduce(0, +))
        }
    }

    @Test("A NaN that every batch meets ends the run as diverged, at finite parameters")
    func nonFiniteEverywhere() throws {
        let bad = BadRow(base: model, position: 137, part: .gradient, value: .nan)
        let configuration = configuration { $0.initialBatchSize = 600 }
        for result in train(bad, on: problem, ranks: ranks, configuration) {
            let run = try result.get()
            #expect(run.result.stopReason == .divergence)
            #expect(run.result.parameters.allSatisfy { $0.isFinite })
        }
    }

    // MARK: Parameters

    /// Trains with a parameter of rank 1 changed after the iteration `when`.
    private func spoilt(iterations: Int, at when: Int?) -> [Result<TrainingResult, any Error>] {
        ThreadCommunicator.run(ranks: ranks) { [configuration = fixedSteps(iterations), problem, model] world in
            let trainer = Trainer(
                model: model, dataset: problem.dataset(world), communicator: world, configuration: configuration)
            return try trainer.run(observer: Spoiler(trainer, after: world.rank == 1 ? when : nil))
        }
    }

    @Test("Parameters that differ on one rank are found at the next comparison, and the rank is named on all of them")
    func differentParameters() throws {
        #expect(try spoilt(iterations: 200, at: nil).map { try $0.get().iterations } == [200, 200, 200])
        // Compared at the gradients 1, 65, 129, …
        for result in spoilt(iterations: 200, at: 70) {
            #expect(throws: ReductionError.parametersDiffer(iteration: 129, ranks: [1])) { try result.get() }
        }
    }

    @Test("Parameters spoilt after the last comparison are found at the end")
    func spoiltAtTheEnd() {
        for result in spoilt(iterations: 30, at: 29) {
            #expect(throws: ReductionError.parametersDiffer(iteration: 30, ranks: [1])) { try result.get() }
        }
    }
}

/// Changes a parameter of its rank behind the trainer's back.
private final class Spoiler: TrainingObserver {
    private let trainer: Trainer<SampleLogistic>
    private let iteration: Int?

    init(_ trainer: Trainer<SampleLogistic>, after iteration: Int?) {
        self.trainer = trainer
        self.iteration = iteration
    }

    func iterationDidEnd(_ record: IterationRecord) {
        if record.iteration == iteration { trainer.state.parameters[2] += 1e-3 }
    }
}

enum SpoiltSum: CaseIterable { case loss, gradient, squaredNorms }

/// A model whose sums are spoilt by the row at one position, on whichever rank holds it.
struct BadRow<Base: Model>: Model {
    let base: Base
    let position: Int
    let part: SpoiltSum
    let value: Float

    var parameterCount: Int { base.parameterCount }
    var penalisedCount: Int { base.penalisedCount }
    var outputCount: Int { base.outputCount }
    func initialParameters(seed: UInt64) -> [Float] { base.initialParameters(seed: seed) }

    func accumulate(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Double>
    ) -> LossSums {
        var sums = base.accumulate(batch, at: parameters, gradient: gradient)
        let order = batch.dataset.order
        guard batch.rows.contains(where: { order.position(ofLocal: $0) == position })
        else { return sums }
        switch part {
        case .loss: sums.loss = Double(value)
        case .gradient: gradient[1] = Double(value)
        case .squaredNorms: sums.squaredNorms = Double(value)
        }
        return sums
    }

    func loss(_ batch: Batch, at parameters: UnsafeBufferPointer<Float>) -> Double {
        base.loss(batch, at: parameters)
    }

    func predict(
        _ batch: Batch, at parameters: UnsafeBufferPointer<Float>, into outputs: UnsafeMutableBufferPointer<Float>
    ) {
        base.predict(batch, at: parameters, into: outputs)
    }
}
