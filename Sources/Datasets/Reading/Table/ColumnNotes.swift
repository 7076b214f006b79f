import Platform

/// What is said alike of several columns: one line for each of a few, one for all of many.
struct ColumnNotes {
    enum Kind: CaseIterable {
        case texts, rare, gaps, numberGaps
    }
    private struct Entry {
        var name: String
        var count: Int
        var mean: String
    }
    private var entries: [Kind: [Entry]] = [:]

    /// - Parameter mean: of numbers with gaps, what those become.
    mutating func add(_ kind: Kind, _ name: String, _ count: Int, _ mean: String = "") {
        entries[kind, default: []].append(Entry(name: name, count: count, mean: mean))
    }

    func lines(rows: Int) -> [String] {
        Kind.allCases.flatMap { kind -> [String] in
            let columns = entries[kind] ?? []
            if columns.count <= 3 { return columns.map { line(kind, $0, rows) } }
            return [line(kind, columns)]
        }
    }

    /// Of many columns.
    private func line(_ kind: Kind, _ columns: [Entry]) -> String {
        let most = columns.sorted { ($0.count, $1.name) > ($1.count, $0.name) }.prefix(10)
        let names =
            most.map { "\($0.name) (\(NumberFormat.count($0.count)))" }.joined(separator: ", ")
            + (columns.count > 10 ? ", …" : "")
        let sum = NumberFormat.count(columns.reduce(0) { $0 + $1.count })
        return switch kind {
        case .texts: "\(columns.count) columns of text become 0/1 features, one for each of \(sum) categories: \(names)"
        case .rare: "of \(columns.count) columns the \(sum) rarer categories, and new ones, share one: \(names)"
        case .gaps: "\(columns.count) columns of text or dates have gaps, which become features of their own: \(names)"
        case .numberGaps:
            "\(columns.count) columns of numbers have gaps, which become the column's mean, and a 0/1 feature says so: \(names)"
        }
    }

    private func line(_ kind: Kind, _ column: Entry, _ rows: Int) -> String {
        let start = "column '\(column.name)': "
        let gaps = "\(column.count) of \(rows) values are missing; they become "
        return switch kind {
        case .texts: start + "text, \(column.count) categories become 0/1 features"
        case .rare: start + "\(column.count) rarer categories, and new ones, share one"
        case .gaps: start + gaps + "a feature of their own"
        case .numberGaps: start + gaps + "the mean \(column.mean), and a 0/1 feature says so"
        }
    }
}
