import Datasets
import MPI
import Platform

/// Where a figure would lie for other rows of the same kind: 95 % of the times between the two.
package struct Interval: Equatable {
    package var low: Double
    package var high: Double
}

/// Intervals of figures by the bootstrap (Efron 1979; percentiles, or 1.96 deviations): as many rows as there are, drawn with
/// replacement, judged over and over. The same at any number of ranks, which share the draws.
struct Bootstrap {
    /// Beyond so many rows the figures are as good as certain, and none are drawn.
    static let largest = 10_000
    /// With fewer the percentiles themselves are guesses.
    static let fewest = 20

    /// What one row adds.
    struct Row: Equatable {
        /// Two classes: the score, higher for what is looked for. More: the class it is taken for, or −1. Values: the
        /// prediction.
        var output: Float
        /// Two classes: 1 for what is looked for, else 0. More: the class. Values: the label.
        var label: Float
        /// −log of the probability of the row's class, where there is one.
        var loss: Float
        var weight: Float
    }

    enum Kind {
        /// - Parameter callsTies: a score of 0 is called the class that is looked for.
        case twoClasses(hasProbabilities: Bool, callsTies: Bool)
        case classes(count: Int, hasProbabilities: Bool)
        /// - Parameter scale: units of the label in one of those that it is stored in.
        case values(scale: Double)

        /// Whether the figure is 1 at most.
        func isShare(_ name: String) -> Bool { !["logLoss", "brier", "rmse", "mae"].contains(name) }

        /// Names as in result.json.
        var names: [String] {
            switch self {
            case .twoClasses(let hasProbabilities, _):
                ["accuracy", "balancedAccuracy", "auc", "precision", "recall", "f1", "averagePrecision"]
                    + (hasProbabilities ? ["logLoss", "brier"] : [])
            case .classes(_, let hasProbabilities):
                ["accuracy", "balancedAccuracy", "macroF1"] + (hasProbabilities ? ["logLoss"] : [])
            case .values: ["rmse", "mae", "r2"]
            }
        }
    }

    let kind: Kind
    /// Of all ranks, in an order of their own.
    private let rows: [Row]
    /// (1 − probability of the row's class)².
    private let squares: [Double]

    /// Collective. nil: too few rows, or more than are worth it.
    /// - Parameters:
    ///   - own: this rank's rows, at most `largest` of them.
    ///   - count: of all ranks.
    init?(_ kind: Kind, _ own: [Row], count: Int, communicator: any Communicator) throws {
        guard Self.fewest <= count, count <= Self.largest else { return nil }
        self.kind = kind
        let numbers = try communicator.allgather(arrays: own.flatMap { [$0.output, $0.label, $0.loss, $0.weight] })
        let all = numbers.flatMap { part in
            stride(from: 0, to: part.count, by: 4).map {
                Row(output: part[$0], label: part[$0 + 1], loss: part[$0 + 2], weight: part[$0 + 3])
            }
        }
        // Rows that are alike may change places.
        rows = all.sorted {
            ($0.output, $0.label, $0.loss, $0.weight) > ($1.output, $1.label, $1.loss, $1.weight)
        }
        squares =
            if case .twoClasses(true, _) = kind {
                rows.map { row in
                    let error = 1 - exp(-Double(row.loss))
                    return error * error
                }
            } else { [] }
    }

    /// Up to so many rows the draws' own percentiles are told; of more rows figures are so nearly normal that fewer draws tell
    /// their deviation.
    private static let fewRows = 2000
    var draws: Int { rows.count <= Self.fewRows ? 400 : 100 }

    /// By name; a figure that is the same, or undefined, however rows are drawn has none. Collective.
    func intervals(_ communicator: any Communicator) throws -> [String: Interval] {
        let names = kind.names
        var figures = [Double](repeating: 0, count: draws * names.count)
        var counts = [Double](repeating: 0, count: rows.count)
        for draw in stride(from: communicator.rank, to: draws, by: communicator.size) {
            Self.draw(&counts, number: draw)
            let found = self.figures(counts)
            for (place, value) in found.enumerated() { figures[draw * names.count + place] = value }
        }
        figures = try communicator.allreduce(figures, .sum)
        var intervals: [String: Interval] = [:]
        for (place, name) in names.enumerated() {
            let values = (0..<draws).map { figures[$0 * names.count + place] }.filter(\.isFinite).sorted()
            guard values.count * 10 >= draws * 9 else { continue }
            func quantile(_ share: Double) -> Double {
                let position = share * Double(values.count - 1)
                let below = Int(position)
                let above = min(below + 1, values.count - 1)
                return values[below] + (position - Double(below)) * (values[above] - values[below])
            }
            let mean = values.reduce(0, +) / Double(values.count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
            let half = 1.96 * variance.squareRoot()
            let interval =
                rows.count <= Self.fewRows
                ? Interval(low: quantile(0.025), high: quantile(0.975))
                : Interval(low: mean - half, high: kind.isShare(name) ? min(1, mean + half) : mean + half)
            // What differs by rounding alone is the same.
            if interval.high - interval.low > 1e-9 * interval.high.magnitude { intervals[name] = interval }
        }
        return intervals
    }

    /// How often each row is drawn.
    private static func draw(_ counts: inout [Double], number: Int) {
        let rows = UInt64(counts.count)
        counts.withUnsafeMutableBufferPointer { counts in
            counts.update(repeating: 0)
            var state = mix64(UInt64(number) &+ 0x626F_6F74)
            for _ in 0..<counts.count / 2 {
                state &+= 0x9E37_79B9_7F4A_7C15
                let bits = mix64(state)
                // Two rows from the halves of one number.
                counts[Int(truncatingIfNeeded: ((bits >> 32) &* rows) >> 32)] += 1
                counts[Int(truncatingIfNeeded: ((bits & 0xFFFF_FFFF) &* rows) >> 32)] += 1
            }
            if rows % 2 == 1 { counts[Int(mix64(state &+ 1) % rows)] += 1 }
        }
    }

    /// In the order of `kind.names`.
    func figures(_ counts: [Double]) -> [Double] {
        switch kind {
        case .twoClasses(let hasProbabilities, let callsTies): twoClasses(counts, hasProbabilities, callsTies)
        case .classes(let count, let hasProbabilities): classes(counts, count, hasProbabilities)
        case .values(let scale): values(counts, scale)
        }
    }

    private func twoClasses(_ counts: [Double], _ hasProbabilities: Bool, _ callsTies: Bool) -> [Double] {
        // What is passed of either class, likeliest rows first.
        var (wanted, others, pairs, losses, errors) = (0.0, 0.0, 0.0, 0.0, 0.0)
        // Σ of precision × what is found, to be divided by all there is to find.
        var precisions = 0.0
        var called = (wanted: 0.0, others: 0.0)
        rows.withUnsafeBufferPointer { rows in
            counts.withUnsafeBufferPointer { counts in
                var place = 0
                while place < rows.count {
                    let score = rows[place].output
                    var (found, missed) = (0.0, 0.0)
                    while place < rows.count, rows[place].output == score {
                        let row = rows[place]
                        let weight = counts[place] * Double(row.weight)
                        if row.label == 1 { found += weight } else { missed += weight }
                        losses += weight * Double(row.loss)
                        place += 1
                    }
                    guard found + missed > 0 else { continue }
                    pairs += missed * (wanted + 0.5 * found)
                    wanted += found
                    others += missed
                    if found > 0 { precisions += found * wanted / (wanted + others) }
                    if score > 0 || score == 0 && callsTies { called = (wanted, others) }
                }
            }
        }
        for (place, square) in squares.enumerated() { errors += counts[place] * Double(rows[place].weight) * square }
        let all = wanted + others
        let recall = called.wanted / wanted
        let precision = called.wanted + called.others > 0 ? called.wanted / (called.wanted + called.others) : 0
        let f1 = 2 * called.wanted / (called.wanted + called.others + wanted)
        let specificity = (others - called.others) / others
        return [
            (called.wanted + others - called.others) / all, (recall + specificity) / 2, pairs / (wanted * others),
            precision,
            recall, f1, precisions / wanted,
        ] + (hasProbabilities ? [losses / all, errors / all] : [])
    }

    private func classes(_ counts: [Double], _ classes: Int, _ hasProbabilities: Bool) -> [Double] {
        var labelled = [Double](repeating: 0, count: classes)
        var (predicted, right) = (labelled, labelled)
        var (all, losses) = (0.0, 0.0)
        for (row, count) in zip(rows, counts) where count > 0 {
            let weight = count * Double(row.weight)
            all += weight
            losses += weight * Double(row.loss)
            labelled[Int(row.label)] += weight
            guard row.output >= 0 else { continue }
            predicted[Int(row.output)] += weight
            if row.output == row.label { right[Int(row.label)] += weight }
        }
        let figures = ClassFigures(labelled: labelled, predicted: predicted, right: right)
        return [right.reduce(0, +) / all, figures.balancedAccuracy, figures.macro.f1]
            + (hasProbabilities ? [losses / all] : [])
    }

    private func values(_ counts: [Double], _ scale: Double) -> [Double] {
        var (all, sum, errors, sizes) = (0.0, 0.0, 0.0, 0.0)
        for (row, count) in zip(rows, counts) where count > 0 {
            let weight = count * Double(row.weight)
            let error = Double(row.label) - Double(row.output)
            all += weight
            sum += weight * Double(row.label)
            errors += weight * error * error
            sizes += weight * abs(error)
        }
        let mean = sum / all
        var deviations = 0.0
        for (row, count) in zip(rows, counts) where count > 0 {
            let deviation = Double(row.label) - mean
            deviations += count * Double(row.weight) * deviation * deviation
        }
        return [scale * (errors / all).squareRoot(), scale * sizes / all, 1 - errors / deviations]
    }
}
