import Datasets
import Platform

/// What a run must find again to go on: the same data, model and options. When to stop, and with how many ranks and threads
/// to train, may change.
package struct RunFingerprint: Codable, Equatable {
    package struct Source: Codable, Equatable {
        /// Without folders: data may move.
        package var name: String
        /// nil: it is not there any more (its rows may have come from a cache).
        package var bytes: Int?
    }

    package var sources: [Source]
    package var rows: Int
    package var validationRows: Int
    package var features: Int
    /// Classes, in their order; empty for numbers.
    package var classes: [String]
    /// Columns of a table.
    package var columns: String?
    package var scaling: Scaling
    /// Of the rows as they were read; nil in checkpoints of before.
    package var digest: String?
    /// Resolved options by name.
    package var options: [String: String]

    /// Sums over the features that tell means and scales of one table from those of another, whatever the number of ranks
    /// that took them.
    package struct Scaling: Codable, Equatable {
        package var kind: String
        package var sums: [Double]
        /// What `sums` are compared in proportion to.
        package var magnitudes: [Double]

        package init(_ standardization: Standardization) {
            kind = standardization.kind.rawValue
            sums = []
            magnitudes = []
            for values in [standardization.mean, standardization.scale] {
                for power in 0..<2 {
                    let terms = values.enumerated().map { power == 0 ? $1 : $1 * Double($0 + 1) / Double(values.count) }
                    sums.append(terms.reduce(0, +))
                    magnitudes.append(terms.reduce(0) { $0 + abs($1) })
                }
            }
        }

        package func isLike(_ other: Scaling) -> Bool {
            guard kind == other.kind, sums.count == other.sums.count, magnitudes.count == sums.count else {
                return false
            }
            return sums.indices.allSatisfy { abs(sums[$0] - other.sums[$0]) <= 1e-6 * magnitudes[$0] }
        }
    }

    /// - Parameters:
    ///   - files: the data files, and those of labels.
    ///   - options: those that training depends on.
    package init(files: [String], options: [String: String], _ data: TrainingData) {
        sources = files.map { path in
            var status = stat()
            let isThere = stat(path, &status) == 0
            return Source(
                name: String(path.split(separator: "/").last ?? ""), bytes: isThere ? Int(status.st_size) : nil)
        }
        rows = data.training.order.count
        validationRows = data.validation?.order.count ?? 0
        let preprocessing = data.preprocessing
        features = preprocessing.featureCount
        classes = preprocessing.labels.classNames
        columns = preprocessing.schema.map { schema in
            CRC32.text(of: Array(schema.featureNames.joined(separator: "\n").utf8))
        }
        scaling = Scaling(preprocessing.standardization)
        digest = data.digest
        self.options = options
    }

    /// What keeps a run from going on here, in words; empty: nothing.
    package func differences(from stored: RunFingerprint) -> [String] {
        var found: [String] = []
        func compare(_ what: String, _ was: Int, _ now: Int) {
            if was != now { found.append("\(what): \(was) then, \(now) now") }
        }
        compare("data files", stored.sources.count, sources.count)
        compare("training rows", stored.rows, rows)
        compare("validation rows", stored.validationRows, validationRows)
        compare("features", stored.features, features)
        if found.isEmpty {
            for (was, now) in zip(stored.sources, sources) {
                guard let before = was.bytes, let size = now.bytes, before != size else { continue }
                found.append("data: \(was.name) had \(before) bytes, \(now.name) has \(size)")
            }
            if stored.classes != classes { found.append("the names of the classes") }
            if stored.columns != columns { found.append("the names of the columns") }
            if !scaling.isLike(stored.scaling) {
                found.append("data: the values of the features")
            } else if let was = stored.digest, let now = digest, was != now {
                found.append("data: labels, weights or values, or the order of rows (digest \(was) then, \(now) now)")
            }
        }
        for key in Set(options.keys).union(stored.options.keys).sorted() where options[key] != stored.options[key] {
            let was = stored.options[key] ?? "not given"
            found.append("--\(key): \(was) then, \(options[key] ?? "not given") now")
        }
        return found
    }
}
