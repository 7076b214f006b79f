import Datasets
import Kernels
import MPI
import Models
import Platform

/// How much a model leans on each column: what its mean loss gains when the column's values are shuffled among some rows, so
/// that they say nothing of the row they stand in (Breiman 2001). Columns that say the same hide each other.
package struct PermutationImportance: Equatable {
    package struct Column: Equatable {
        package var name: String
        /// Mean loss of the shuffled rows less `loss`.
        package var increase: Double
    }

    /// That were shuffled.
    package var rows: Int
    /// Their mean loss as they are.
    package var loss: Double
    /// Largest increase first.
    package var columns: [Column]

    /// Rows beyond are not shuffled.
    static let largestRows = 2000
    /// Fewer say little.
    package static let fewestRows = 50
    /// More columns would be a picture of noise.
    private static let largestColumns = 500
    /// Multiplications that are worth it.
    private static let largestWork = 5e9

    package var json: JSON {
        .object([
            ("rows", .integer(rows)), ("loss", .rounded(loss, 6)),
            (
                "columns",
                .array(
                    columns.prefix(20).map { column in
                        .object([("name", .string(column.name)), ("increase", .rounded(column.increase, 5))])
                    })
            ),
        ])
    }

    /// What `json` wrote.
    package init?(json: JSON) {
        guard let rows = json["rows"]?.integer, let loss = json["loss"]?.double, let list = json["columns"]?.array
        else {
            return nil
        }
        self.rows = rows
        self.loss = loss
        columns = list.compactMap { entry in
            guard let name = entry["name"]?.string, let increase = entry["increase"]?.double else { return nil }
            return Column(name: name, increase: increase)
        }
    }

    /// Collective; the same at any number of ranks, which share the columns. nil: too few rows, too many columns, or images,
    /// whose pixels mean nothing alone.
    package init?(
        _ trained: TrainedModel, _ preprocessing: Preprocessing, on dataset: Dataset, communicator: any Communicator
    ) throws {
        let groups = PermutationImportance.groups(preprocessing)
        let isImage = dataset.sampleShape?.isImage ?? false
        guard !isImage, groups.count > 1, groups.count <= Self.largestColumns else { return nil }
        let work = Double(groups.count) * Double(trained.parameters.count)
        let count = min(dataset.order.count, Self.largestRows, Int(Self.largestWork / max(1, work)))
        guard count >= Self.fewestRows else { return nil }
        let sample = try DenseSample(dataset, count: count, communicator: communicator)
        let plain = try sample.meanLoss(trained, shuffling: nil)
        var increases = [Double](repeating: 0, count: groups.count)
        for place in stride(from: communicator.rank, to: groups.count, by: communicator.size) {
            increases[place] = try sample.meanLoss(trained, shuffling: groups[place].features) - plain
        }
        increases = try communicator.allreduce(increases, .sum)
        rows = count
        loss = plain * trained.labels.lossUnit
        columns = groups.indices.sorted { (increases[$0], $1) > (increases[$1], $0) }.map {
            Column(name: groups[$0].name, increase: increases[$0] * trained.labels.lossUnit)
        }
    }

    /// Columns of the data, and the features that each became.
    static func groups(_ preprocessing: Preprocessing) -> [(name: String, features: Range<Int>)] {
        guard let schema = preprocessing.schema else {
            return (0..<preprocessing.featureCount).map { ("feature \($0 + 1)", $0..<$0 + 1) }
        }
        var start = 0
        return schema.columns.map { column in
            defer { start += column.width }
            return (column.name, start..<start + column.width)
        }
    }
}

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
