import MPI
import Telemetry

/// How many rows of each class a model takes for which. Rows count by their weights.
struct ConfusionMatrix: Equatable {
    let classes: Int
    /// classes × classes; element [label · classes + predicted].
    private(set) var counts: [Double]

    /// Beyond so many classes only the commonest mistakes are kept.
    static let largestStored = 100
    /// Beyond so many nothing is counted: the matrix grows with the square.
    static let largestCounted = 1000
    private static let storedMistakes = 30

    init?(classes: Int) {
        guard classes <= Self.largestCounted else { return nil }
        self.classes = classes
        counts = [Double](repeating: 0, count: classes * classes)
    }

    mutating func add(label: Int, predicted: Int, weight: Double) { counts[label * classes + predicted] += weight }

    /// Collective. The sum over all ranks.
    mutating func reduce(_ communicator: any Communicator) throws { counts = try communicator.allreduce(counts, .sum) }

    /// A row of numbers for each label, or for many classes the commonest mistakes.
    var members: [(key: String, value: JSON)] {
        guard classes > Self.largestStored else {
            let rows = (0..<classes).map { label in
                JSON.array((0..<classes).map { .amount(counts[label * classes + $0]) })
            }
            return [("confusion", .array(rows))]
        }
        let mistakes = counts.indices.filter { counts[$0] > 0 && $0 / classes != $0 % classes }
            .sorted { (counts[$0], $1) > (counts[$1], $0) }.prefix(Self.storedMistakes)
        return [
            (
                "mistakes",
                .array(
                    mistakes.map {
                        .object([
                            ("label", .integer($0 / classes)), ("predicted", .integer($0 % classes)),
                            ("rows", .amount(counts[$0])),
                        ])
                    })
            )
        ]
    }
}

extension JSON {
    /// A sum of weights: a whole number where the weights are, else six digits.
    static func amount(_ value: Double) -> JSON { Int(exactly: value).map { .integer($0) } ?? .rounded(value, 6) }
}
