import Platform

/// What becomes of two classes at other thresholds, and how far probabilities are to be believed: of the class that is
/// looked for. Rows count by their weights.
package struct OperatingPoints: Equatable {
    /// Everything that scores at least `threshold` is called the class that is looked for.
    package struct Point: Equatable {
        /// A probability of that class, or its margin where the model has none.
        package var threshold: Double
        /// Share of all rows.
        package var called: Double
        package var precision: Double
        package var recall: Double
        package var f1: Double {
            precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
        }
    }

    /// A tenth of the rows, by the probability that the model gives them.
    package struct Tenth: Equatable {
        /// Mean of the probabilities.
        package var predicted: Double
        /// Share of the class that is looked for.
        package var observed: Double
        /// Weight.
        package var rows: Double
    }

    /// Where 1, 2, 5, 10, 20, 30 and 50 % of the rows are called, as nearly as ties allow; strictest first.
    package private(set) var points: [Point] = []
    /// As the model decides.
    package private(set) var usual: Point?
    /// The threshold of the highest F1.
    package private(set) var best: Point?
    /// Lowest probabilities first; empty: the model has none.
    package private(set) var calibration: [Tenth] = []

    static let shares = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5]

    /// Σ rows |observed − predicted| / Σ rows: the expected calibration error.
    package var calibrationError: Double? {
        let all = calibration.reduce(0) { $0 + $1.rows }
        return all > 0 ? calibration.reduce(0) { $0 + $1.rows * abs($1.observed - $1.predicted) } / all : nil
    }

    /// Of probabilities that are right: Σ rows √(2 p (1 − p) / (π rows)) / Σ rows, the mean distance of a share of so many rows
    /// from its expectation.
    package var calibrationErrorByChance: Double? {
        let all = calibration.reduce(0) { $0 + $1.rows }
        let sum = calibration.reduce(0) { sum, tenth in
            sum + (2 / Double.pi * max(0, tenth.predicted * (1 - tenth.predicted)) * tenth.rows).squareRoot()
        }
        return all > 0 ? sum / all : nil
    }

    private init() {}

    /// Takes groups of rows of equal score, the likeliest first.
    package struct Builder {
        /// Whether class 1 is looked for, which high scores mean; else class 0.
        package let looksForOne: Bool
        private let hasProbabilities: Bool
        private let rowsOfWeight: Double
        private var (wanted, others) = (0.0, 0.0)
        private var (hits, misses) = (0.0, 0.0)
        private var result = OperatingPoints()
        private var tenth = (weight: 0.0, probability: 0.0, wanted: 0.0)
        private var nextTenth = 1.0
        private var last: Point?

        /// - Parameters:
        ///   - hasProbabilities: 1 / (1 + exp(−score)) is the probability of class 1.
        ///   - rowsOfWeight: what a weight of 1 counts as.
        package init(looksForOne: Bool, hasProbabilities: Bool, rowsOfWeight: Double = 1) {
            (self.looksForOne, self.hasProbabilities) = (looksForOne, hasProbabilities)
            self.rowsOfWeight = rowsOfWeight
        }

        /// - Parameters:
        ///   - positives: the weight of all rows of class 1; `negatives`: of all others.
        mutating func begin(positives: Double, negatives: Double) {
            (wanted, others) = looksForOne ? (positives, negatives) : (negatives, positives)
        }

        mutating func add(_ score: Float, _ positive: Double, _ negative: Double) {
            guard positive + negative > 0 else { return }
            let own = looksForOne ? score : -score
            let found = looksForOne ? positive : negative
            let probability = 1 / (1 + exp(-Double(own)))
            hits += found
            misses += positive + negative - found
            let all = wanted + others
            let point = Point(
                threshold: hasProbabilities ? probability : Double(own), called: (hits + misses) / all,
                precision: hits / (hits + misses), recall: hits / wanted)
            if hasProbabilities { add(positive + negative, probability, found) }
            // The nearer one of those around each share.
            while result.points.count < OperatingPoints.shares.count {
                let share = OperatingPoints.shares[result.points.count]
                guard point.called >= share else { break }
                let isBefore = last.map { share - $0.called < point.called - share } ?? false
                result.points.append(isBefore ? last ?? point : point)
            }
            if result.best.map({ point.f1 > $0.f1 }) ?? true { result.best = point }
            // Class 1 is called where its score is above 0, class 0 where it is not.
            if looksForOne ? score > 0 : score <= 0 { result.usual = point }
            last = point
        }

        private mutating func add(_ weight: Double, _ probability: Double, _ found: Double) {
            tenth.weight += weight
            tenth.probability += weight * probability
            tenth.wanted += found
            let done = 10 * (hits + misses) / (wanted + others) + 1e-9
            guard done >= nextTenth else { return }
            // Of rows of one score several tenths may be one.
            nextTenth = done.rounded(.down) + 1
            result.calibration.append(
                Tenth(
                    predicted: tenth.probability / tenth.weight, observed: tenth.wanted / tenth.weight,
                    rows: rowsOfWeight * tenth.weight))
            tenth = (0, 0, 0)
        }

        var points: OperatingPoints {
            var result = result
            result.calibration.reverse()
            // What ties made one, or few rows.
            result.points = result.points.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
            return result
        }
    }
}

extension OperatingPoints {
    var json: JSON {
        var members: [(key: String, value: JSON)] = [("thresholds", .array(points.map(\.json)))]
        if let usual { members.append(("usual", usual.json)) }
        if let best { members.append(("bestF1", best.json)) }
        if !calibration.isEmpty {
            members.append(
                (
                    "calibration",
                    .array(
                        calibration.map {
                            .object([
                                ("predicted", .rounded($0.predicted, 5)), ("observed", .rounded($0.observed, 5)),
                                ("rows", .amount($0.rows)),
                            ])
                        })
                ))
        }
        return .object(members)
    }

    /// What `json` wrote.
    init(json: JSON) {
        points = (json["thresholds"]?.array ?? []).compactMap { Point(json: $0) }
        usual = json["usual"].flatMap { Point(json: $0) }
        best = json["bestF1"].flatMap { Point(json: $0) }
        calibration = (json["calibration"]?.array ?? []).compactMap { tenth in
            guard let predicted = tenth["predicted"]?.double, let observed = tenth["observed"]?.double,
                let rows = tenth["rows"]?.double
            else { return nil }
            return Tenth(predicted: predicted, observed: observed, rows: rows)
        }
    }
}

extension OperatingPoints.Point {
    fileprivate var json: JSON {
        .object([
            ("threshold", .number(threshold)), ("called", .rounded(called, 6)),
            ("precision", .rounded(precision, 6)), ("recall", .rounded(recall, 6)),
        ])
    }

    fileprivate init?(json: JSON) {
        guard let threshold = json["threshold"]?.double, let called = json["called"]?.double,
            let precision = json["precision"]?.double, let recall = json["recall"]?.double
        else { return nil }
        self.init(threshold: threshold, called: called, precision: precision, recall: recall)
    }
}
