import MPI
import Platform

/// How many rows of each class a model takes for which. Rows count by their weights.
package struct ConfusionMatrix: Equatable {
    package let classes: Int
    /// classes × classes; element [label · classes + predicted]. Empty where only `mistakes` were stored.
    package private(set) var counts: [Double]
    private var stored: [Mistake] = []

    package struct Mistake: Equatable {
        package var label: Int
        package var predicted: Int
        package var rows: Double
    }

    /// Beyond so many classes only the commonest mistakes are kept.
    package static let largestStored = 100
    /// Beyond so many nothing is counted: the matrix grows with the square.
    package static let largestCounted = 1000
    private static let storedMistakes = 30

    package init?(classes: Int) {
        guard classes <= Self.largestCounted else { return nil }
        self.classes = classes
        counts = [Double](repeating: 0, count: classes * classes)
    }

    package mutating func add(label: Int, predicted: Int, weight: Double) {
        counts[label * classes + predicted] += weight
    }

    /// Collective. The sum over all ranks.
    package mutating func reduce(_ communicator: any Communicator) throws {
        counts = try communicator.allreduce(counts, .sum)
    }

    /// Rows of a class, by what they are taken for.
    package func row(_ label: Int) -> ArraySlice<Double> { counts[label * classes..<(label + 1) * classes] }

    /// The commonest ones first, thirty at most.
    package var mistakes: [Mistake] {
        guard !counts.isEmpty else { return stored }
        return counts.indices.filter { counts[$0] > 0 && $0 / classes != $0 % classes }
            .sorted { (counts[$0], $1) > (counts[$1], $0) }.prefix(Self.storedMistakes)
            .map { Mistake(label: $0 / classes, predicted: $0 % classes, rows: counts[$0]) }
    }

    /// In the JSON of a quality: a row of numbers for each label, or for many classes the commonest mistakes.
    var members: [(key: String, value: JSON)] {
        guard classes > Self.largestStored else {
            return [("confusion", .array((0..<classes).map { .array(row($0).map { .amount($0) }) }))]
        }
        let list = mistakes.map { mistake in
            JSON.object([
                ("label", .integer(mistake.label)), ("predicted", .integer(mistake.predicted)),
                ("rows", .amount(mistake.rows)),
            ])
        }
        return [("mistakes", .array(list))]
    }

    /// What `members` wrote.
    init?(quality: JSON) {
        if let rows = quality["confusion"]?.array {
            let matrix = rows.map { ($0.array ?? []).map { $0.double ?? 0 } }
            guard !matrix.isEmpty, matrix.allSatisfy({ $0.count == matrix.count }) else { return nil }
            classes = matrix.count
            counts = Array(matrix.joined())
        } else if let list = quality["mistakes"]?.array {
            counts = []
            stored = list.compactMap { entry in
                guard let label = entry["label"]?.integer, let predicted = entry["predicted"]?.integer,
                    let rows = entry["rows"]?.double
                else { return nil }
                return Mistake(label: label, predicted: predicted, rows: rows)
            }
            classes = 0
        } else {
            return nil
        }
    }
}

extension JSON {
    /// A sum of weights: a whole number where the weights are, else six digits.
    package static func amount(_ value: Double) -> JSON {
        Int(exactly: value).map { .integer($0) } ?? .rounded(value, 6)
    }
}
