import Datasets
import MPI
import Models
import Platform

/// Looks for columns that tell the label all by themselves, as one that was filled in after the label was known does.
package struct LeakCheck {
    package struct Leak: Equatable {
        package var column: String
        /// Rows looked at.
        package var rows: Int
        /// Rows whose class the column alone has right; nil: labels are values.
        package var right: Int?
    }

    private static let largestRows = 1000
    private static let fewestRows = 100
    private static let largestValues = 2_000_000
    /// Of the rows that are not of the commonest class, so many may be wrong.
    private static let allowedErrors = 0.01
    /// Share of the variance (of ranks, where there are many values) that is as good as all.
    private static let wantedShare = 0.999

    /// Collective; the same at any number of ranks, which share the columns.
    package static func find(
        in dataset: Dataset, _ preprocessing: Preprocessing, communicator: any Communicator
    ) throws -> [Leak] {
        let columns = dataset.features.columns
        let count = min(dataset.order.count, largestRows, largestValues / max(1, columns))
        guard count >= fewestRows, !(dataset.sampleShape?.isImage ?? false), columns > 1 else { return [] }
        let sample = try DenseSample(dataset, count: count, communicator: communicator)
        let labels = (0..<count).map { sample.dataset.labels[$0] }
        let candidates = candidates(preprocessing)
        guard candidates.count > 1 else { return [] }
        // Rows that are right; −1: no leak.
        var found = [Int](repeating: -1, count: candidates.count)
        for place in stride(from: communicator.rank, to: candidates.count, by: communicator.size) {
            let features = candidates[place].features
            let values = (0..<count).map { row -> Float in
                guard features.count > 1 else { return sample.value(row, features.lowerBound) }
                // Which of the categories: the largest, since scaling keeps their order.
                return Float(features.max { sample.value(row, $0) < sample.value(row, $1) } ?? 0)
            }
            found[place] = leak(values, labels, preprocessing.labels) ?? -1
        }
        found = try communicator.allreduce(found, .maximum)
        let isClass = if case .classes = preprocessing.labels { true } else { false }
        return candidates.indices.filter { found[$0] >= 0 }.map {
            Leak(column: candidates[$0].name, rows: count, right: isClass ? found[$0] : nil)
        }
    }

    /// Categories of a column together, everything else by itself.
    private static func candidates(_ preprocessing: Preprocessing) -> [(name: String, features: Range<Int>)] {
        guard let schema = preprocessing.schema else {
            return (0..<preprocessing.featureCount).map { ("feature \($0 + 1)", $0..<$0 + 1) }
        }
        let names = schema.featureNames
        return zip(schema.columns, schema.featureRanges).flatMap {
            column, range -> [(name: String, features: Range<Int>)] in
            if case .text = column.kind { return [("column '\(column.name)'", range)] }
            return range.map { ("column '\(names[$0])'", $0..<$0 + 1) }
        }
    }

    /// Rows that the values tell, where those are as good as all; else nil.
    static func leak(_ values: [Float], _ labels: [Float], _ encoding: LabelEncoding) -> Int? {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var groups: [Range<Int>] = []
        for place in order.indices {
            if let last = groups.last, values[order[last.lowerBound]] == values[order[place]] {
                groups[groups.count - 1] = last.lowerBound..<place + 1
            } else {
                groups.append(place..<place + 1)
            }
        }
        guard groups.count > 1 else { return nil }
        let sorted = order.map { labels[$0] }
        let isFew = groups.count <= max(2, values.count / 20)
        guard case .classes(let names) = encoding else { return tellsValues(sorted, groups, isFew) }
        let counts = groups.map { group in
            sorted[group].reduce(into: [Int](repeating: 0, count: names.count)) { $0[Int($1)] += 1 }
        }
        let all = counts.reduce(into: [Int](repeating: 0, count: names.count)) { total, group in
            for index in group.indices { total[index] += group[index] }
        }
        let others = values.count - (all.max() ?? 0)
        let right: Int
        if isFew {
            right = counts.reduce(0) { $0 + ($1.max() ?? 0) }
        } else if names.count == 2 {
            right = bestThreshold(counts, all)
        } else {
            return nil
        }
        let isLeak = others >= 10 && Double(values.count - right) <= allowedErrors * Double(others)
        return isLeak ? right : nil
    }

    /// Rows on the right side of the best threshold.
    private static func bestThreshold(_ counts: [[Int]], _ all: [Int]) -> Int {
        var (below, best) = ([0, 0], max(all[0], all[1]))
        for group in counts {
            below = [below[0] + group[0], below[1] + group[1]]
            best = max(best, below[0] + all[1] - below[1], below[1] + all[0] - below[0])
        }
        return best
    }

    /// Few values: how much of the labels' variance their means explain; many: the correlation of ranks.
    private static func tellsValues(_ sorted: [Float], _ groups: [Range<Int>], _ isFew: Bool) -> Int? {
        let ranks = isFew ? sorted.map { Double($0) } : ranks(sorted)
        let mean = ranks.reduce(0, +) / Double(ranks.count)
        let variance = ranks.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        guard variance > 0 else { return nil }
        let share: Double
        if isFew {
            share =
                groups.reduce(0) { sum, group in
                    let deviation = ranks[group].reduce(0, +) / Double(group.count) - mean
                    return sum + Double(group.count) * deviation * deviation
                } / variance
        } else {
            var (product, own) = (0.0, 0.0)
            for group in groups {
                // The mean rank of what is alike.
                let rank = Double(group.lowerBound + group.upperBound - 1) / 2 - mean
                own += Double(group.count) * rank * rank
                product += rank * ranks[group].reduce(0) { $0 + $1 - mean }
            }
            share = own > 0 ? product * product / (own * variance) : 0
        }
        return share >= wantedShare ? sorted.count : nil
    }

    /// Ranks from 0, the mean of those that are alike.
    private static func ranks(_ values: [Float]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            for place in start..<end { ranks[order[place]] = Double(start + end - 1) / 2 }
            start = end
        }
        return ranks
    }
}

extension LeakCheck.Leak {
    package var text: String {
        let found =
            right.map { "has \(NumberFormat.count($0)) of \(NumberFormat.count(rows)) rows right" }
            ?? "orders \(NumberFormat.count(rows)) rows as the label does"
        return
            "\(column.prefix(1).uppercased() + column.dropFirst()) alone tells the label: it \(found). If it is not known "
            + "before the label is, leave it out (`drop`): the model is worth nothing otherwise."
    }
}
