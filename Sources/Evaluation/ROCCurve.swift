import Platform

/// The receiver operating characteristic: for every threshold of the score, the share of the negative rows above it (false
/// positives) and that of the positive rows (true positives), from (0, 0) to (1, 1). At most about a hundred points.
package struct ROCCurve: Equatable {
    package private(set) var falsePositives: [Double] = []
    package private(set) var truePositives: [Double] = []

    package var json: JSON {
        .object([
            ("falsePositiveRate", .array(falsePositives.map { .rounded($0, 4) })),
            ("truePositiveRate", .array(truePositives.map { .rounded($0, 4) })),
        ])
    }

    private init(falsePositives: [Double], truePositives: [Double]) {
        self.falsePositives = falsePositives
        self.truePositives = truePositives
    }

    /// What `json` wrote.
    init?(json: JSON) {
        guard let x = json["falsePositiveRate"]?.array, let y = json["truePositiveRate"]?.array else { return nil }
        let points = zip(x, y).map { ($0.double ?? 0, $1.double ?? 0) }
        self.init(falsePositives: points.map(\.0), truePositives: points.map(\.1))
    }

    /// Takes groups of rows of equal score, lowest score first.
    package struct Builder {
        private let positives: Double
        private let negatives: Double
        private var passedPositives = 0.0
        private var passedNegatives = 0.0
        /// From (1, 1) down.
        private var points = [(x: 1.0, y: 1.0)]
        private var last = (x: 1.0, y: 1.0)
        /// Points closer than this on both axes are left out.
        private let resolution = 0.02

        /// - Parameters:
        ///   - positives: the weight of all positive rows; `negatives`: of all others.
        package init(positives: Double, negatives: Double) {
            self.positives = positives
            self.negatives = negatives
        }

        package mutating func add(positive: Double, negative: Double) {
            guard positive > 0 || negative > 0 else { return }
            passedPositives += positive
            passedNegatives += negative
            let point = (
                x: max(0, 1 - passedNegatives / negatives), y: max(0, 1 - passedPositives / positives)
            )
            guard let kept = points.last else { return }
            if kept.x - point.x >= resolution || kept.y - point.y >= resolution {
                // The corner before a long stretch stays.
                if last != kept, last.x - point.x >= resolution || last.y - point.y >= resolution {
                    points.append(last)
                }
                points.append(point)
            }
            last = point
        }

        package var curve: ROCCurve? {
            guard positives > 0, negatives > 0 else { return nil }
            var points = points
            if let kept = points.last, kept != (0, 0) { points.append((0, 0)) }
            return ROCCurve(
                falsePositives: points.reversed().map(\.x), truePositives: points.reversed().map(\.y))
        }
    }
}
