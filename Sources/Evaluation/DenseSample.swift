import Datasets
import Kernels
import MPI
import Models

/// Some rows of a data set, dense, on every rank.
struct DenseSample {
    let dataset: Dataset
    private let matrix: DenseMatrix

    /// Collective. In equal steps through all rows, since a file may hold them in an order of its own.
    init(_ source: Dataset, count: Int, communicator: any Communicator) throws {
        let positions = (0..<count).map { $0 * source.order.count / count }
        let own = positions.indices.filter { source.order.owner(of: positions[$0]) == communicator.rank }
        let gathered = source.gathered(own.map { source.order.localRow(of: positions[$0]) })
        let columns = source.features.columns
        let width = columns + 2
        var all = [Float](repeating: 0, count: count * width)
        if case .dense(let rows) = gathered.features {
            for (row, place) in own.enumerated() {
                for column in 0..<columns { all[place * width + column] = rows.row(row)[column] }
                all[place * width + columns] = gathered.labels[row]
                all[place * width + columns + 1] = gathered.weights.map { $0[row] } ?? 1
            }
        }
        all = try communicator.allreduce(all, .sum)
        matrix = DenseMatrix(rows: count, columns: columns)
        for row in 0..<count {
            for column in 0..<columns { matrix.row(row)[column] = all[row * width + column] }
        }
        dataset = DenseSample.dataset(
            matrix, labels: (0..<count).map { all[$0 * width + columns] },
            weights: (0..<count).map { all[$0 * width + columns + 1] }, like: source)
    }

    private static func dataset(
        _ matrix: DenseMatrix, labels: [Float], weights: [Float], like source: Dataset
    ) -> Dataset {
        var result = Dataset(
            order: DataOrder(count: labels.count, ranks: 1, rank: 0), features: .dense(matrix),
            labels: AlignedBuffer(labels), weights: AlignedBuffer(weights),
            squaredNorms: AlignedBuffer(count: labels.count))
        result.sampleShape = source.sampleShape
        return result
    }

    func value(_ row: Int, _ column: Int) -> Float { matrix.row(row)[column] }

    /// Mean loss, weighted, with the values of some features shuffled among the rows.
    func meanLoss(_ trained: TrainedModel, shuffling features: Range<Int>?) throws -> Double {
        let rows = dataset.order.count
        let order = Permutation(count: rows, seed: 0x73_6875_6666_6C65, stream: UInt64(features?.lowerBound ?? 0))
        var saved: [Float] = []
        if let features {
            saved = (0..<rows).flatMap { row in features.map { matrix.row(row)[$0] } }
            for row in 0..<rows {
                let other = order.position(of: row) * features.count
                for (place, column) in features.enumerated() { matrix.row(row)[column] = saved[other + place] }
            }
        }
        defer {
            if let features {
                for row in 0..<rows {
                    for (place, column) in features.enumerated() {
                        matrix.row(row)[column] = saved[row * features.count + place]
                    }
                }
            }
        }
        let loss = try Quality.totalLoss(trained.model, trained.parameters, dataset, SoloCommunicator())
        let weights = (0..<rows).reduce(0.0) { $0 + Double(dataset.weights?[$1] ?? 1) }
        return loss / weights
    }
}
