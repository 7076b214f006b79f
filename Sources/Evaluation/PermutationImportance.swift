import Datasets
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
        return zip(schema.columns, schema.featureRanges).map { ($0.name, $1) }
    }
}
