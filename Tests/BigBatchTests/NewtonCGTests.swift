import Datasets
import Foundation
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

    /// Seven classes of 80 dense columns, from two thirds of the rows to a few of them.
    static func unbalancedDataset(_ world: any Communicator = SoloCommunicator()) -> Dataset {
        let (columns, biases) = (80, [8, 6, 4, 2, 0, -1, -1.5])
        let order = DataOrder(count: rows, ranks: world.size, rank: world.rank)
        let matrix = DenseMatrix(rows: order.localCount, columns: columns)
        let labels = AlignedBuffer<Float>(count: order.localCount)
        let norms = AlignedBuffer<Float>(count: order.localCount)
        var chosen = SampleRandom(state: 11)
        let weights = biases.map { _ in (0..<columns).map { _ in 0.8 * (chosen.uniform() - 0.5) } }
        for local in 0..<order.localCount {
            var random = SampleRandom(state: 5 &+ UInt64(order.position(ofLocal: local)) &* 0x9e37_79b9_7f4a_7c15)
            var votes: [Double] = biases
            for column in 0..<columns {
                let value = 3.4 * (random.uniform() - 0.5)
                matrix.row(local)[column] = Float(value)
                norms.pointer[local] += Float(value * value)
                for c in votes.indices { votes[c] += weights[c][column] * value }
            }
            for c in votes.indices { votes[c] -= log(-log(max(random.uniform(), 1e-12))) }
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

    @Test("A rare class, of which a P that all classes share knows nothing", arguments: [1e-3, 1e-4])
    func rareClasses(tolerance: Double) throws {
        let data = Self.unbalancedDataset()
        let model = LinearModel(SoftmaxLoss(classes: 7), featureCount: data.features.columns, hasIntercept: true)
        func end(_ tolerance: Double) throws -> Double {
            var configuration = TrainerConfiguration()
            (configuration.l2, configuration.tolerance) = (2e-5, tolerance)
            let x = try Trainer(
                model: model, dataset: data, communicator: SoloCommunicator(), configuration: configuration
            ).run().parameters
            let loss = x.withUnsafeBufferPointer { model.loss(data.all, at: $0) }
            return loss / Double(Self.rows)
                + 1e-5 * x.prefix(model.penalisedCount).reduce(0) { $0 + Double($1) * Double($1) }
        }
        let (reached, least) = (try end(tolerance), try end(1e-8))
        #expect(reached - least <= tolerance * least, "\((reached - least) / least)")
    }

    enum Rows: CaseIterable { case sparse, dense, unbalanced }

    @Test("The same bits on any number of ranks, and from a snapshot of any iteration", arguments: Rows.allCases)
    func sameBits(rows: Rows) throws {
        @Sendable func data(_ world: any Communicator) -> Dataset {
            switch rows {
            case .sparse: Self.dataset(world, classes: 4)
            case .dense: Self.denseDataset(world, classes: 8)
            case .unbalanced: Self.unbalancedDataset(world)
            }
        }
        let classes = [Rows.sparse: 4, .dense: 8, .unbalanced: 7][rows] ?? 0
        let model = LinearModel(
            SoftmaxLoss(classes: classes), featureCount: data(SoloCommunicator()).features.columns)
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
