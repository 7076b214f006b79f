import Platform

/// Finds the columns that options name.
struct ColumnReference {
    let file: String
    let columns: [String]

    /// The place, from 0, of the column `reference` names: by its name, else by its number (1 the first, −1 the last).
    func position(_ reference: String, option: String) throws -> Int {
        if let position = columns.firstIndex(of: reference) { return position }
        if let number = Int(reference) {
            if number >= 1, number <= columns.count { return number - 1 }
            if number <= -1, number >= -columns.count { return columns.count + number }
            throw ParseError(
                file: file,
                message: "\(option) \(reference): there are \(columns.count) columns; "
                    + "1 is the first, \(columns.count) or -1 the last")
        }
        let near = suggestions(for: reference)
        let hint = near.isEmpty ? "" : "; did you mean \(near.joined(separator: " or "))?"
        throw ParseError(
            file: file, message: "\(option) \(reference): there is no such column\(hint) \(list)")
    }

    /// "columns: a, b, c", cut after 20.
    var list: String {
        let more = columns.count > 20 ? ", … (\(columns.count) in all)" : ""
        return "(columns: " + columns.prefix(20).joined(separator: ", ") + more + ")"
    }

    /// Up to three names within a third of their length of edits.
    private func suggestions(for reference: String) -> [String] {
        let ranked = columns.enumerated().map { (editDistance($1, reference), $0, $1) }
        return ranked.filter { $0.0 <= max(2, reference.count / 3) && $0.0 < $0.2.count }
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }.prefix(3).map { "'\($0.2)'" }
    }
}
