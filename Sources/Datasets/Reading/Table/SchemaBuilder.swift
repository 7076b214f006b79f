extension TableSchema {
    /// From the scan of all training rows. Throws `ParseError`: a category limit passed, a column that mixes numbers
    /// and stray text, values that are not finite, missing labels or weights, no row or no feature left.
    public init(scan: CSVScan, options: ReadOptions) throws {
        try self.init(SchemaBuilder(scan: scan), options)
    }

    private init(_ builder: SchemaBuilder, _ options: ReadOptions) throws {
        var builder = builder
        let layout = builder.scan.layout
        let roles = builder.scan.roles
        guard builder.scan.rows > 0 else {
            throw ParseError(file: layout.file, message: "has a header but no rows")
        }
        label = try builder.label()
        try builder.checkWeights()
        columns = []
        for column in layout.columns.indices where roles.isFeature(column) {
            if let made = try builder.column(column) { columns.append(made) }
        }
        guard !columns.isEmpty else {
            throw ParseError(file: layout.file, message: "there is no column left to be a feature")
        }
        weight = roles.weight
        ids = roles.ids
        fileColumns = layout.columns
        hasHeader = layout.hasHeader
        missing = options.missing
        rows = builder.scan.rows
        description = builder.lines + builder.roleLines()
    }
}

/// Decides what each column is, and says so.
private struct SchemaBuilder {
    let scan: CSVScan
    var lines: [String] = []

    init(scan: CSVScan) { self.scan = scan }

    private func quoted(_ column: Int) -> String { "'\(scan.layout.columns[column])'" }

    mutating func label() throws -> TableSchema.Label {
        let position = scan.roles.label
        let column = scan.columns[position]
        if let place = column.firstMissing {
            throw place.error("the label (column \(quoted(position))) is missing; remove this row")
        }
        let isText = try isText(position, "label")
        let names = isText ? column.categories : nil
        let guess = scan.roles.labelIsGuessed ? " (by its name; `label` picks another)" : ""
        lines.append(
            "label: column \(quoted(position))\(guess)"
                + (names.map { ", \($0.count) classes: \(SchemaBuilder.list($0))" } ?? ", numbers"))
        return TableSchema.Label(name: scan.layout.columns[position], position: position, names: names)
    }

    func checkWeights() throws {
        guard let position = scan.roles.weight else { return }
        let column = scan.columns[position]
        if let place = [column.firstText, column.firstNotFinite].reduce(nil, Sighting.first) {
            throw place.error("the weight '\(place.text)' (column \(quoted(position))) is not a finite number")
        }
        if let place = column.firstMissing {
            throw place.error("the weight (column \(quoted(position))) is missing; give 1 or remove this row")
        }
        if let place = column.firstNegative {
            throw place.error("the weight '\(place.text)' (column \(quoted(position))) is negative")
        }
    }

    /// One column of features, or nil when it has no value at all.
    mutating func column(_ position: Int) throws -> TableSchema.Column? {
        let column = scan.columns[position]
        guard column.numbers + column.texts + column.notFinite > 0 else {
            lines.append("column \(quoted(position)) is empty in every row: left out")
            return nil
        }
        let isText = try isText(position, "column")
        let hasIndicator = column.missing > 0
        let name = scan.layout.columns[position]
        if isText {
            let categories = column.categories
            lines.append("column \(quoted(position)): text, \(categories.count) categories become 0/1 features")
            if column.numbers > 0 {
                lines.append("column \(quoted(position)) mixes numbers and text: both count as categories")
            }
            if categories.count == column.texts + column.numbers, column.texts >= 20 {
                lines.append(
                    "column \(quoted(position)) differs in every row: if it identifies rows, give `id` or `drop`")
            }
            if hasIndicator {
                lines.append(missing(position) + "become a feature of their own")
            }
            return .init(
                name: name, position: position, kind: .text(categories: categories), hasIndicator: hasIndicator)
        }
        if hasIndicator {
            lines.append(missing(position) + "become the mean \(column.mean), and a 0/1 feature says so")
        }
        return .init(name: name, position: position, kind: .numeric(mean: column.mean), hasIndicator: hasIndicator)
    }

    private func missing(_ position: Int) -> String {
        "column \(quoted(position)): \(scan.columns[position].missing) of \(scan.rows) values are missing; they "
    }

    func roleLines() -> [String] {
        var lines: [String] = []
        if let weight = scan.roles.weight { lines.append("weights: column \(quoted(weight))") }
        if !scan.roles.ids.isEmpty {
            lines.append("identifiers: " + scan.roles.ids.map(quoted).joined(separator: ", ") + ", no features")
        }
        for column in scan.roles.dropped {
            let reason = scan.layout.firstIsUnnamed && column == 0 ? "row numbers without a name" : "`drop`"
            lines.append("left out: column \(quoted(column)) (\(reason))")
        }
        return lines
    }

    /// Whether a column is text. Stray text among numbers is an error, not a category: text in a column of more than
    /// `numberLimit` distinct numbers, or, with more than 20 of them, in less than 5 % of its values.
    private func isText(_ position: Int, _ role: String) throws -> Bool {
        let column = scan.columns[position]
        let name = "\(role == "label" ? "the label (column \(quoted(position)))" : "column \(quoted(position))")"
        guard column.texts > 0 else {
            if let place = column.firstNotFinite {
                throw place.error("'\(place.text)' in \(name) is not a finite number; remove or mend this row")
            }
            return false
        }
        let isStray = column.numberTable.count > 20 && column.texts * 20 < column.texts + column.numbers
        if column.hasManyNumbers || isStray, let place = column.firstText {
            throw place.error(
                "'\(place.text)' is not a number, but \(column.numbers) values of \(name) are; mend it, or, if it "
                    + "stands for a missing value, leave the field empty, or `drop` the column")
        }
        if column.hasTooManyTexts {
            let remedy =
                role == "label" ? "choose another `label`" : "leave it out with `drop` or carry it along with `id`"
            throw ParseError(
                file: scan.layout.file,
                message: "\(name) has more than \(ColumnScan.categoryLimit) different texts; \(remedy)")
        }
        if let place = column.firstNotFinite {
            throw place.error("'\(place.text)' in \(name) is not a finite number; remove or mend this row")
        }
        return true
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "")
    }
}
