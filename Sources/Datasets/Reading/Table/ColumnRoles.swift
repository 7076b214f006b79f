/// Which column of the first file is what.
struct ColumnRoles: Codable, Sendable {
    var label: Int
    /// How the label was found, for the description.
    var labelIsGuessed: Bool
    var weight: Int?
    var ids: [Int]
    var dropped: [Int]
    var categorical: [Int]
    var dates: [Int]

    init(layout: TableLayout, options: ReadOptions) throws {
        let reference = ColumnReference(file: layout.file, columns: layout.columns)
        weight = try options.weight.map { try reference.position($0, option: "`weight`") }
        ids = try options.id.map { try reference.position($0, option: "`id`") }
        dropped = try options.drop.map { try reference.position($0, option: "`drop`") }
        categorical = try options.categorical.map { try reference.position($0, option: "`categorical`") }
        dates = try options.dates.map { try reference.position($0, option: "`date`") }
        labelIsGuessed = options.label == nil
        if let given = options.label {
            label = try reference.position(given, option: "`label`")
        } else {
            let usual = layout.columns.indices.filter {
                ["label", "target", "class", "y"].contains(layout.columns[$0].lowercased())
            }
            guard usual.count == 1 else {
                throw ParseError(
                    file: layout.file,
                    message: "which column is the label? Give `label` NAME or NUMBER "
                        + "(1 is the first, -1 the last) \(reference.list)")
            }
            label = usual[0]
        }
        for column in layout.columns.indices where layout.holdsRowNumbers(column) {
            let isNamed = (ids + dropped + categorical + dates).contains(column)
            if label != column, weight != column, !isNamed { dropped.append(column) }
        }
        var taken: [Int: String] = [label: "`label`"]
        let others = [weight].compactMap { $0 }.map { ($0, "`weight`") } + ids.map { ($0, "`id`") }
        for (column, option) in others + dropped.map({ ($0, "`drop`") }) {
            if let other = taken.updateValue(option, forKey: column) {
                throw ParseError(
                    file: layout.file,
                    message: "column '\(layout.columns[column])' is named by both \(other) and \(option); keep one")
            }
        }
    }

    func isFeature(_ column: Int) -> Bool {
        column != label && column != weight && !ids.contains(column) && !dropped.contains(column)
    }

    func isRead(_ column: Int) -> Bool { column == label || column == weight || isFeature(column) }
}

/// Finds the columns of one table in another file: by name when both have a header, else by position.
struct ColumnMatch {
    let wanted: [String]
    let file: TableLayout
    private let byName: [String: Int]?

    init(wanted: [String], areNamed: Bool, file: TableLayout) {
        self.wanted = wanted
        self.file = file
        byName =
            areNamed && file.hasHeader
            ? Dictionary(zip(file.columns, 0...), uniquingKeysWith: { first, _ in first }) : nil
    }

    var isByName: Bool { byName != nil }

    /// Where the file has column `column` of the first table; `absent` is a column the file may be without.
    func position(_ column: Int, absent: Int? = nil) -> Int? {
        if let byName { return byName[wanted[column]] }
        if file.columns.count == wanted.count { return column }
        guard let absent, file.columns.count == wanted.count - 1, column != absent else { return nil }
        return column < absent ? column : column - 1
    }

    func require(_ column: Int, absent: Int? = nil) throws -> Int {
        if let position = position(column, absent: absent) { return position }
        guard isByName else {
            throw ParseError(
                file: file.file,
                message: "has \(file.columns.count) columns, but the training data has \(wanted.count); without a "
                    + "header on both sides columns are matched by position")
        }
        throw ParseError(
            file: file.file,
            message: "column '\(wanted[column])' of the training data is missing "
                + ColumnReference(file: file.file, columns: file.columns).list)
    }
}
