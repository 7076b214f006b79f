import Kernels
import MPI
import Platform

/// How the rows of every class fare: how many there are, how many rows are taken for the class, and how many of those rightly.
/// Rows count by their weights. A share of nothing is 0, as in scikit-learn.
package struct ClassFigures: Equatable {
    /// One of each per class.
    package let labelled: [Double]
    package let predicted: [Double]
    package let right: [Double]

    package var classes: Int { labelled.count }

    /// right / predicted.
    package func precision(_ index: Int) -> Double { share(right[index], predicted[index]) }
    /// right / labelled.
    package func recall(_ index: Int) -> Double { share(right[index], labelled[index]) }
    /// The harmonic mean of both.
    package func f1(_ index: Int) -> Double { share(2 * right[index], labelled[index] + predicted[index]) }

    private func share(_ part: Double, _ whole: Double) -> Double { whole > 0 ? part / whole : 0 }

    /// Means of precision, recall and F1: over classes, or over rows.
    package struct Means: Equatable {
        package var precision: Double
        package var recall: Double
        package var f1: Double
    }

    /// Over the classes that occur, as labels or as predictions.
    package var macro: Means {
        let present = labelled.indices.filter { labelled[$0] > 0 || predicted[$0] > 0 }
        return means(present.map { ($0, 1 / Double(max(1, present.count))) })
    }

    /// Classes count by their rows.
    package var weighted: Means {
        let all = labelled.reduce(0, +)
        return means(labelled.indices.map { ($0, share(labelled[$0], all)) })
    }

    private func means(_ parts: [(index: Int, share: Double)]) -> Means {
        func mean(_ figure: (Int) -> Double) -> Double { parts.reduce(0) { $0 + $1.share * figure($1.index) } }
        return Means(precision: mean(precision), recall: mean(recall), f1: mean(f1))
    }

    /// Mean recall of the classes that have rows.
    package var balancedAccuracy: Double {
        let present = labelled.indices.filter { labelled[$0] > 0 }
        return present.reduce(0) { $0 + recall($1) } / Double(max(1, present.count))
    }

    /// Rows that count so much more.
    func scaled(by factor: Double) -> ClassFigures {
        ClassFigures(
            labelled: labelled.map { factor * $0 }, predicted: predicted.map { factor * $0 },
            right: right.map { factor * $0 })
    }

    /// The class of most rows, the first of several.
    package var commonest: Int { labelled.indices.max { (labelled[$0], $1) < (labelled[$1], $0) } ?? 0 }

    /// The class of fewest rows, the last of several.
    package var rarest: Int { labelled.indices.min { (labelled[$0], $1) < (labelled[$1], $0) } ?? 0 }

    /// What the classes' shares score, whatever a row holds.
    package var baseline: Baseline {
        let all = labelled.reduce(0, +)
        let shares = labelled.map { share($0, all) }
        return Baseline(
            accuracy: shares[commonest], commonest: commonest, classes: labelled.count { $0 > 0 },
            logLoss: shares.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 })
    }

    /// By how much more rows are right than the commonest class alone would be, as a share; rows without weights. What counts
    /// are rows that one of the two has right and the other not (McNemar 1947): their difference is the lead.
    var lead: Quality.Lead? {
        let all = labelled.reduce(0, +)
        guard all > 0 else { return nil }
        let gained = right.reduce(0, +) - right[commonest]
        let lost = labelled[commonest] - right[commonest]
        let (mean, differing) = ((gained - lost) / all, (gained + lost) / all)
        return Quality.Lead(value: mean, standardError: (max(0, differing - mean * mean) / all).squareRoot())
    }

    /// Adds rows up on the way, without rounding.
    struct Tally {
        private let classes: Int
        private var counts: [Double]
        /// Of rows with weights.
        private var sums: [ExactSum]

        init(classes: Int, isWeighted: Bool) {
            self.classes = classes
            counts = [Double](repeating: 0, count: isWeighted ? 0 : 3 * classes)
            sums = [ExactSum](repeating: ExactSum(), count: isWeighted ? 3 * classes : 0)
        }

        mutating func add(label: Int, predicted: Int?, weight: Double) {
            add(weight, label)
            guard let predicted else { return }
            add(weight, classes + predicted)
            if predicted == label { add(weight, 2 * classes + label) }
        }

        private mutating func add(_ weight: Double, _ place: Int) {
            if sums.isEmpty { counts[place] += weight } else { sums[place].add(weight) }
        }

        /// Over all ranks. Collective.
        func total(_ communicator: any Communicator) throws -> ClassFigures {
            let all = try sums.isEmpty ? communicator.allreduce(counts, .sum) : communicator.sum(sums)
            return ClassFigures(
                labelled: Array(all[..<classes]), predicted: Array(all[classes..<2 * classes]),
                right: Array(all[(2 * classes)...]))
        }
    }
}

extension ClassFigures {
    /// Beyond so many classes none is stored by itself.
    package static let largestStored = 100

    var json: JSON {
        .array(
            labelled.indices.map { index in
                .object([
                    ("rows", .amount(labelled[index])), ("predicted", .amount(predicted[index])),
                    ("right", .amount(right[index])), ("precision", .number(precision(index))),
                    ("recall", .number(recall(index))), ("f1", .number(f1(index))),
                ])
            })
    }

    /// What `json` wrote.
    init?(json: JSON) {
        guard let list = json.array, !list.isEmpty else { return nil }
        func numbers(_ key: String) -> [Double] { list.map { $0[key]?.double ?? 0 } }
        self.init(labelled: numbers("rows"), predicted: numbers("predicted"), right: numbers("right"))
    }
}

extension ClassFigures.Means {
    var json: JSON {
        .object([("precision", .number(precision)), ("recall", .number(recall)), ("f1", .number(f1))])
    }

    init?(json: JSON) {
        guard let precision = json["precision"]?.double, let recall = json["recall"]?.double,
            let f1 = json["f1"]?.double
        else { return nil }
        self.init(precision: precision, recall: recall, f1: f1)
    }
}

/// What the same answer for every row, the best there is, scores on these rows: a model is worth what it adds to that.
package struct Baseline: Equatable {
    /// Classes: always the commonest one.
    package var accuracy: Double?
    package var commonest: Int?
    /// Those that have rows.
    package var classes: Int?
    /// Classes: always their shares, −Σ s ln s.
    package var logLoss: Double?
    /// Values: always the mean of the labels.
    package var rmse: Double?
    package var mae: Double?

    var json: JSON {
        var members: [(key: String, value: JSON)] = []
        // No name of a figure of the model, which a line of shell may look for.
        if let accuracy { members.append(("commonestShare", .number(accuracy))) }
        if let commonest { members.append(("commonestClass", .integer(commonest))) }
        if let classes { members.append(("classes", .integer(classes))) }
        if let logLoss { members.append(("entropy", .number(logLoss))) }
        if let rmse { members.append(("standardDeviation", .number(rmse))) }
        if let mae { members.append(("meanAbsoluteDeviation", .number(mae))) }
        return .object(members)
    }

    init(
        accuracy: Double? = nil, commonest: Int? = nil, classes: Int? = nil, logLoss: Double? = nil,
        rmse: Double? = nil, mae: Double? = nil
    ) {
        (self.accuracy, self.commonest, self.classes, self.logLoss) = (accuracy, commonest, classes, logLoss)
        (self.rmse, self.mae) = (rmse, mae)
    }

    init(json: JSON) {
        self.init(
            accuracy: json["commonestShare"]?.double, commonest: json["commonestClass"]?.integer,
            classes: json["classes"]?.integer, logLoss: json["entropy"]?.double,
            rmse: json["standardDeviation"]?.double, mae: json["meanAbsoluteDeviation"]?.double)
    }
}
