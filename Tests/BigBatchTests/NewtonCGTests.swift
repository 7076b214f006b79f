import Datasets
import Kernels
import MPI
import Models
import TestSupport
import Testing

@testable import BigBatch

@Suite("Newton steps of models too wide for their matrix")
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

    /// Dense rows about as many directions as there are columns, for more parameters than one matrix takes.
    static func denseDataset(_ world: any Communicator = SoloCommunicator(), classes: Int) -> Dataset {
        let columns = 600 / classes
        let order = DataOrder(count: rows, ranks: world.size, rank: world.rank)
        let matrix = DenseMatrix(rows: order.localCount, columns: columns)
        let labels = AlignedBuffer<Float>(count: order.localCount)
        let norms = AlignedBuffer<Float>(count: order.localCount)
        for local in 0..<order.localCount {
            var random = SampleRandom(state: 5 &+ UInt64(order.position(ofLocal: local)) &* 0x9e37_79b9_7f4a_7c15)
            let shared = Float(random.uniform() - 0.5)
            var votes = [Float](repeating: 0, count: classes)
            for column in 0..<columns {
                // Neighbours have much in common, and columns differ in size.
                let value = (shared + Float(random.uniform() - 0.5)) * (column % 3 == 0 ? 4 : 1)
                matrix.row(local)[column] = value
                norms.pointer[local] += value * value
                votes[column % classes] += value
            }
            for c in votes.indices { votes[c] += Float(2 * random.uniform()) }
            labels.pointer[local] = Float(votes.indices.max { votes[$0] < votes[$1] } ?? 0)
        }
        return Dataset(order: order, features: .dense(matrix), labels: labels, squaredNorms: norms)
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

    @Test("Within the tolerance, in fewer reads than the quasi-Newton method", arguments: [2, 4], [false, true])
    func fewReads(classes: Int, isDense: Bool) throws {
        func check(_ model: some Model, _ data: Dataset) throws {
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
        if isDense {
            let data = Self.denseDataset(classes: 4 * classes)
            try check(LinearModel(SoftmaxLoss(classes: 4 * classes), featureCount: data.features.columns), data)
        } else if classes == 2 {
            try check(LinearModel(LogisticLoss(), featureCount: Self.columns), Self.dataset(classes: 2))
        } else {
            try check(
                LinearModel(SoftmaxLoss(classes: classes), featureCount: Self.columns), Self.dataset(classes: classes))
        }
    }

    @Test("The same bits on any number of ranks, and from a snapshot of any iteration", arguments: [false, true])
    func sameBits(isDense: Bool) throws {
        @Sendable func data(_ world: any Communicator) -> Dataset {
            isDense ? Self.denseDataset(world, classes: 8) : Self.dataset(world, classes: 4)
        }
        let model = LinearModel(
            SoftmaxLoss(classes: isDense ? 8 : 4), featureCount: data(SoloCommunicator()).features.columns)
        let keeper = EveryIteration()
        let whole = try Trainer(
            model: model, dataset: data(SoloCommunicator()), communicator: SoloCommunicator(),
            configuration: configuration()
        ).run(keeper: keeper)
        let last = try #require(keeper.kept.last)
        for ranks in 2...4 {
            let runs = ThreadCommunicator.run(ranks: ranks) { world in
                try Trainer(
                    model: model, dataset: data(world), communicator: world,
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
