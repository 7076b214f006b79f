import Datasets
import MPI
import Platform

/// A row that the model is far off at.
package struct WorstRow: Equatable {
    /// From 1, among the rows that were read; nil: not known.
    package var row: Int?
    /// In units of the label.
    package var label: Double
    package var prediction: Double

    var json: JSON {
        .object([
            ("row", row.map { .integer($0) } ?? .null), ("label", .number(label)), ("prediction", .number(prediction)),
        ])
    }

    init(row: Int?, label: Double, prediction: Double) {
        (self.row, self.label, self.prediction) = (row, label, prediction)
    }

    /// What `json` wrote.
    init?(json: JSON) {
        guard let label = json["label"]?.double, let prediction = json["prediction"]?.double else { return nil }
        self.init(row: json["row"]?.integer, label: label, prediction: prediction)
    }
}

/// Keeps this rank's rows with the largest errors.
struct WorstRows {
    static let count = 10

    private var rows: [(size: Double, row: Int, label: Double, prediction: Double)] = []

    /// - Parameters:
    ///   - row: of this rank.
    ///   - label: as it is stored, like the prediction.
    mutating func add(_ row: Int, label: Double, prediction: Double) {
        let size = abs(label - prediction)
        if rows.count == Self.count {
            guard let last = rows.last, size > last.size else { return }
            rows.removeLast()
        }
        let place = rows.firstIndex { $0.size < size } ?? rows.count
        rows.insert((size, row, label, prediction), at: place)
    }

    /// Those of all ranks, largest errors first. Collective.
    func worst(of dataset: Dataset, _ labels: LabelScale, _ communicator: any Communicator) throws -> [WorstRow] {
        let own = rows.flatMap { [Double(dataset.order.position(ofLocal: $0.row)), $0.label, $0.prediction] }
        let all = try communicator.allgather(arrays: own).flatMap { numbers in
            stride(from: 0, to: numbers.count, by: 3).map {
                (position: Int(numbers[$0]), label: numbers[$0 + 1], prediction: numbers[$0 + 2])
            }
        }
        let worst = all.sorted {
            let (first, second) = (abs($0.label - $0.prediction), abs($1.label - $1.prediction))
            return first == second ? $0.position < $1.position : first > second
        }.prefix(Self.count)
        let numbers = try dataset.origins?.rows(at: worst.map(\.position), communicator)
        return worst.enumerated().map { place, row in
            WorstRow(
                row: numbers.map { $0[place] + 1 }, label: labels.value(row.label),
                prediction: labels.value(row.prediction))
        }
    }
}
