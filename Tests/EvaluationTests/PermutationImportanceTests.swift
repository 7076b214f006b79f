import Datasets
import Kernels
import MPI
import Models
import Platform
import TestSupport
import Testing

@testable import Evaluation

@Suite struct PermutationImportanceTests {
    /// A linear model in a network's place: what shuffling costs is known. Features of deviation 1 that do not depend on each
    /// other, squared error: a shuffled one costs w².
    @Test(arguments: [1, 2, 3]) func aShuffledColumnCostsItsVariance(ranks: Int) throws {
        let weights: [Float] = [2, 0, -1, 0.5]
        let count = 3000
        let found: [PermutationImportance?] = try ThreadCommunicator.run(ranks: ranks) { world in
            var data = SampleData(seed: 12)
            let order = DataOrder(count: count, ranks: world.size, rank: world.rank)
            let matrix = DenseMatrix(rows: order.localCount, columns: 4)
            var labels: [Float] = []
            var next = 0
            for position in 0..<count {
                let x = (0..<4).map { _ in Float(data.next() * 3.0.squareRoot()) }
                guard order.owner(of: position) == world.rank else { continue }
                for column in 0..<4 { matrix.row(next)[column] = x[column] }
                labels.append(zip(x, weights).reduce(0) { $0 + $1.0 * $1.1 })
                next += 1
            }
            let dataset = Dataset(
                order: order, features: .dense(matrix), labels: AlignedBuffer(labels),
                squaredNorms: AlignedBuffer(count: order.localCount))
            let specification = ModelSpecification(kind: .ridge, featureCount: 4, classCount: 0)
            let encoding = LabelEncoding.values(.none)
            let trained = try TrainedModel(specification, parameters: weights + [0], labels: encoding, threads: 1)
            let preprocessing = Preprocessing(
                schema: nil, featureCount: 4, standardization: .none, labels: encoding, notes: [])
            return try PermutationImportance(trained, preprocessing, on: dataset, communicator: world)
        }.map { try $0.get() }
        let importance: PermutationImportance = try #require(found[0])
        for other in found { #expect(other == importance) }
        #expect(importance.rows == 2000 && importance.loss < 1e-9)
        #expect(importance.columns.map(\.name) == ["feature 1", "feature 3", "feature 4", "feature 2"])
        for (column, weight) in zip(importance.columns, [2, 1, 0.5, 0]) {
            #expect(abs(column.increase - weight * weight) < 0.1 * weight * weight + 1e-9, "\(column)")
        }
        let read = PermutationImportance(json: importance.json)
        #expect(read?.json == importance.json)
    }
}
