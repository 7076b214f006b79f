import Datasets
import Kernels
import MPI
import Models
import TestSupport
import Testing

@testable import BigBatch

@Suite("Newton steps of wide sparse models")
struct NewtonCGTests {
    static let (rows, columns, perRow) = (20_000, 2100, 5)

    /// Rows of a few words each, popular ones first; classes that words tell with some noise.
    /// - Parameter isTwinned: every word comes with a twin of nearly its value.
    static func dataset(
        _ world: any Communicator = SoloCommunicator(), classes: Int, isTwinned: Bool = false
    ) -> Dataset {
        let order = DataOrder(count: rows, ranks: world.size, rank: world.rank)
        let count = order.localCount
        let offsets = AlignedBuffer<Int>(count: count + 1)
        var (indices, values): ([Int32], [Float]) = ([], [])
        let labels = AlignedBuffer<Float>(count: count)
        for local in 0..<count {
            var random = SampleRandom(state: 5 &+ UInt64(order.position(ofLocal: local)) &* 0x9e37_79b9_7f4a_7c15)
            let words = Set(
                (0..<perRow).map { _ -> Int32 in
                    let uniform = random.uniform()
                    return Int32(Double(columns) * uniform * uniform)
                })
            var votes = [Double](repeating: 0, count: classes)
            for word in words.sorted() {
                indices.append(word)
                values.append(1)
                votes[Int(word) % classes] += 1
            }
            for word in words.sorted() where isTwinned {
                let difference = random.uniform() - 0.5
                indices.append(word + Int32(columns))
                values.append(Float(1 + 0.2 * difference))
                votes[0] += 4 * difference
            }
            for c in votes.indices { votes[c] += random.uniform() }
            labels[local] = Float(votes.indices.max { votes[$0] < votes[$1] } ?? 0)
            offsets.pointer[local + 1] = indices.count
        }
        let matrix = SparseMatrix(
            rows: count, columns: isTwinned ? 2 * columns : columns, rowOffsets: offsets,
            columnIndices: AlignedBuffer(indices),
            values: AlignedBuffer(values))
        let norms = AlignedBuffer(
            (0..<count).map { row in
                values[offsets.pointer[row]..<offsets.pointer[row + 1]].reduce(0) { $0 + $1 * $1 }
            })
        return Dataset(order: order, features: .sparse(matrix), labels: labels, squaredNorms: norms)
    }

    private func configuration(_ tolerance: Double = 1e-3) -> TrainerConfiguration {
        var configuration = TrainerConfiguration()
        configuration.l2 = 1e-2
        configuration.tolerance = tolerance
        return configuration
    }

    private func objective(_ model: some Model, _ data: Dataset, at x: [Float]) -> Double {
        let loss = x.withUnsafeBufferPointer { model.loss(data.all, at: $0) }
        return loss / Double(data.order.count)
            + 0.5e-2 * x.prefix(model.penalisedCount).reduce(0) { $0 + Double($1) * Double($1) }
    }

    @Test("Within the tolerance, in fewer reads than the quasi-Newton method", arguments: [2, 4])
    func fewReads(classes: Int) throws {
        func check(_ model: some Model) throws {
            let data = Self.dataset(classes: classes)
            func run(_ configuration: TrainerConfiguration) throws -> TrainingResult {
                try Trainer(
                    model: model, dataset: data, communicator: SoloCommunicator(), configuration: configuration
                ).run()
            }
            var searched = configuration()
            searched.direction = .lbfgs
            let (result, other) = (try run(configuration()), try run(searched))
            var exact = configuration(1e-8)
            exact.direction = .lbfgs
            let least = objective(model, data, at: try run(exact).parameters)
            #expect(result.stopReason == .gradientNorm)
            #expect(objective(model, data, at: result.parameters) - least <= 1e-3 * least)
            #expect(
                result.featurePasses < 0.8 * other.featurePasses, "\(result.featurePasses) \(other.featurePasses)")
        }
        if classes == 2 {
            try check(LinearModel(LogisticLoss(), featureCount: Self.columns))
        } else {
            try check(LinearModel(SoftmaxLoss(classes: classes), featureCount: Self.columns))
        }
    }

    @Test("The same bits on any number of ranks, and from a snapshot of any iteration")
    func sameBits() throws {
        let model = LinearModel(SoftmaxLoss(classes: 4), featureCount: Self.columns)
        let keeper = EveryIteration()
        let whole = try Trainer(
            model: model, dataset: Self.dataset(classes: 4), communicator: SoloCommunicator(),
            configuration: configuration()
        ).run(keeper: keeper)
        let last = try #require(keeper.kept.last)
        for ranks in 2...4 {
            let runs = ThreadCommunicator.run(ranks: ranks) { world in
                try Trainer(
                    model: model, dataset: Self.dataset(world, classes: 4), communicator: world,
                    configuration: configuration()
                ).run(from: ranks == 3 ? try last.snapshot() : nil)
            }
            for run in runs { #expect(try run.get().parameters == whole.parameters) }
        }
    }

    @Test("Columns that come in pairs, which conjugate gradients cannot tell apart soon")
    func fallsBack() throws {
        let model = LinearModel(LogisticLoss(), featureCount: 2 * Self.columns)
        let data = Self.dataset(classes: 2, isTwinned: true)
        func run(_ configuration: TrainerConfiguration) throws -> TrainingResult {
            try Trainer(
                model: model, dataset: data, communicator: SoloCommunicator(), configuration: configuration
            ).run()
        }
        let result = try run(configuration(1e-2))
        let least = objective(model, data, at: try run(configuration(1e-8)).parameters)
        #expect(objective(model, data, at: result.parameters) - least <= 1e-2 * least)
    }
}
