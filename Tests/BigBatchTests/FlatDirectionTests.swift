import Datasets
import Kernels
import MPI
import Models
import TestSupport
import Testing

@testable import BigBatch

@Suite("Columns that nearly cancel")
struct FlatDirectionTests {
    private static let rows = 24_000

    /// Two columns that differ by `difference` of their deviation, which tells the label; or that difference in units of itself, which
    /// spans the same.
    private static func dataset(
        _ world: any Communicator, difference: Float, isApart: Bool, hasClasses: Bool
    ) -> Dataset {
        let order = DataOrder(count: rows, ranks: world.size, rank: world.rank)
        let count = order.localCount
        let matrix = DenseMatrix(rows: count, columns: 2)
        let (labels, norms) = (AlignedBuffer<Float>(count: count), AlignedBuffer<Float>(count: count))
        for local in 0..<count {
            var random = SampleRandom(state: 3 &+ UInt64(order.position(ofLocal: local)) &* 0x9e37_79b9_7f4a_7c15)
            let first = Float(random.normal())
            let second = first + difference * Float(random.normal())
            let apart = (second - first) / difference
            (matrix.row(local)[0], matrix.row(local)[1]) = (first, isApart ? apart : second)
            norms[local] = first * first + (isApart ? apart * apart : second * second)
            labels[local] =
                hasClasses
                ? (random.uniform() < 1 / (1 + exponential(-Double(apart))) ? 1 : 0) : apart + Float(random.normal())
        }
        return Dataset(order: order, features: .dense(matrix), labels: labels, squaredNorms: norms)
    }

    private func results<M: Model>(
        _ model: M, difference: Float, isApart: Bool = false, hasClasses: Bool, tolerance: Double, ranks: Int = 1
    ) throws -> [TrainingResult] {
        let configuration = {
            var configuration = TrainerConfiguration()
            configuration.l2 = 0
            configuration.tolerance = tolerance
            return configuration
        }()
        return try ThreadCommunicator.run(ranks: ranks) { world in
            try Trainer(
                model: model,
                dataset: Self.dataset(world, difference: difference, isApart: isApart, hasClasses: hasClasses),
                communicator: world, configuration: configuration
            ).run()
        }.map { try $0.get() }
    }

    @Test(
        "Without a penalty the optimum is that of the columns apart, and a run ends within the tolerance of it",
        arguments: [1e-2, 1e-3, 1e-4], ["logistic", "ridge", "softmax"])
    func ends(difference: Float, loss: String) throws {
        func check(_ model: some Model, hasClasses: Bool) throws {
            let runs = try [1, 3].flatMap {
                try results(
                    model, difference: difference, hasClasses: hasClasses, tolerance: 1e-2, ranks: $0)
            }
            let best = try #require(
                try results(model, difference: difference, isApart: true, hasClasses: hasClasses, tolerance: 1e-7).first
            )
            #expect(Set(runs.map(\.parameters)).count == 1)
            let data = Self.dataset(
                SoloCommunicator(), difference: difference, isApart: false, hasClasses: hasClasses)
            let found = runs[0].parameters.withUnsafeBufferPointer { model.loss(data.all, at: $0) }
            #expect(runs[0].stopReason.isConvergence)
            #expect(
                found / Double(Self.rows) <= 1.01 * best.objective, "\(found / Double(Self.rows)) \(best.objective)")
        }
        switch loss {
        case "logistic": try check(LinearModel(LogisticLoss(), featureCount: 2), hasClasses: true)
        case "ridge": try check(LinearModel(SquaredError(), featureCount: 2), hasClasses: false)
        default: try check(LinearModel(SoftmaxLoss(classes: 2), featureCount: 2), hasClasses: true)
        }
    }

    @Test("Only columns that nearly cancel are flat, each with a direction of length 1 in the norm of A")
    func found() throws {
        let e = 1e-3
        // Columns a, b, a + e·c.
        let matrix = [1, 0.2, 1, 0.2, 1, 0.2, 1, 0.2, 1 + e * e]
        let made = try #require(DensePreconditioner(matrix, dimension: 3, classes: 1, hasIntercept: false))
        let flat = try #require(made.flatDirections.first)
        #expect(made.flatDirections.count == 1 && flat.index == 2)
        let f = flat.direction
        let norm = (0..<9).reduce(0.0) { $0 + f[$1 / 3] * matrix[$1] * f[$1 % 3] }
        #expect(abs(norm - 1) < 1e-6 && abs(f[2] - 1 / e) < 1e-3 / e)
        let apart = try #require(
            DensePreconditioner([2, 0.5, 0.5, 1], dimension: 2, classes: 1, hasIntercept: false))
        #expect(apart.flatDirections.isEmpty)
    }

    @Test("Curvature between flat directions takes its place in A, whatever else A says")
    func replaced() throws {
        let e = 1e-3
        // Columns a, a + e·b, a + e·c.
        let matrix = [1, 1, 1, 1, 1 + e * e, 1, 1, 1, 1 + e * e]
        let made = try #require(DensePreconditioner(matrix, dimension: 3, classes: 1, hasIntercept: false))
        #expect(made.flatDirections.map(\.index) == [1, 2])
        let wanted = [[0.5, 0.25], [0.25, 2]]
        let changed = try #require(made.with(wanted, at: [0, 1]))
        for (k, left) in made.flatDirections.enumerated() {
            for (l, right) in made.flatDirections.enumerated() {
                var sum = 0.0
                for (i, a) in left.direction.enumerated() {
                    for (j, b) in right.direction.enumerated() {
                        sum += a * b * changed.matrix[min(i, j) * 3 + max(i, j)]
                    }
                }
                #expect(abs(sum - wanted[k][l]) < 1e-6)
            }
        }
        #expect(changed.matrix[0] == 1)
    }

    @Test("Eigenvalues of small matrices", arguments: [1, 2, 5, 16])
    func eigen(n: Int) {
        var random = SampleRandom(state: UInt64(n))
        var matrix = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
        for i in 0..<n {
            for j in i..<n {
                matrix[i][j] = random.normal()
                matrix[j][i] = matrix[i][j]
            }
        }
        let eigen = SmallEigen(matrix)
        for (row, found) in zip(matrix, eigen.mapped { $0 }) {
            for (a, b) in zip(row, found) { #expect(abs(a - b) < 1e-12 * Double(n)) }
        }
        let trace = (0..<n).reduce(0) { $0 + matrix[$1][$1] }
        #expect(abs(eigen.values.reduce(0, +) - trace) < 1e-12 * Double(n))
    }
}
