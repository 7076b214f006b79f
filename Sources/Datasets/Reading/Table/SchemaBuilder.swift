import Platform

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
        if layout.hasDecimalComma { builder.lines.append("numbers have decimal commas: 1,5 is one and a half") }
        label = try builder.label(options)
        try builder.checkWeights()
        columns = []
        for column in layout.columns.indices where roles.isFeature(column) {
            if let made = try builder.column(column, options) { columns.append(made) }
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
        description = builder.lines + builder.groupLines() + builder.roleLines()
        leftOut = builder.leftOut
    }
}

/// Decides what each column is, and says so.
private struct SchemaBuilder {
    let scan: CSVScan
    var lines: [String] = []
    var leftOut: [TableSchema.LeftOut] = []
    private var groups = ColumnNotes()

    init(scan: CSVScan) { self.scan = scan }

    private func quoted(_ column: Int) -> String { "'\(scan.layout.columns[column])'" }

    mutating func label(_ options: ReadOptions) throws -> TableSchema.Label {
        let position = scan.roles.label
        let column = scan.columns[position]
        let written = try form(position, "label", options)
        let isText = try written == nil && isText(position, "label")
        let words = isText ? classesAmongMissing(column, options) : []
        let missing = column.missing - words.reduce(0) { $0 + $1.count }
        if missing > 0, options.missingLabel == .error, let place = column.firstMissing {
            throw place.error("the label (column \(quoted(position))) is missing; remove this row")
        }
        for (word, count) in words {
            lines.append(
                "label: '\(word)', in \(count) rows, is a class like the others; `missing` \(word) makes it a missing label"
            )
        }
        let names =
            isText
            ? (column.categories + words.map(\.word)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } : nil
        let guess = scan.roles.labelIsGuessed ? " (by its name; `label` picks another)" : ""
        lines.append(
            "label: column \(quoted(position))\(guess)"
                + (names.map { ", \($0.count) classes: \(SchemaBuilder.list($0))" }
                    ?? ", " + (written?.form.words ?? "numbers")))
        return TableSchema.Label(
            name: scan.layout.columns[position], position: position, names: names, form: written?.form)
    }

    /// Words such as NA are names of classes where they stand in as many rows as the rarest of the others.
    private func classesAmongMissing(_ column: ColumnScan, _ options: ReadOptions) -> [(word: String, count: Int)] {
        guard let words = column.missingWords else { return [] }
        let rarest = column.textTable.counts.min() ?? .max
        let said = Set(options.missing.map { $0.lowercased() })
        return zip(words.texts, words.counts).filter { !said.contains($0.lowercased()) && $1 >= rarest }
            .sorted { $0.0 < $1.0 }.map { (word: $0, count: $1) }
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
    mutating func column(_ position: Int, _ options: ReadOptions) throws -> TableSchema.Column? {
        let column = scan.columns[position]
        guard column.numbers + column.texts + column.notFinite > 0 else {
            lines.append("column \(quoted(position)) is empty in every row: left out")
            leave(position, "empty in every row")
            return nil
        }
        let hasIndicator = column.missing > 0
        let name = scan.layout.columns[position]
        if let parts = try dates(position) {
            lines.append(
                "column \(quoted(position)): dates\(parts.1 ? ", the month first where a day could be (`categorical` keeps texts)" : ""); "
                    + "they become a trend and \(parts.0.width - 1) 0/1 features of months, weekdays and hours")
            if hasIndicator { groups.add(.gaps, name, column.missing) }
            return .init(name: name, position: position, kind: .date(parts.0), hasIndicator: hasIndicator)
        }
        let written = try form(position, "column", options)
        if let written { lines.append("column \(quoted(position)): \(written.form.words)") }
        let isText = try written == nil && isText(position, "column")
        if isText {
            var categories = column.categories
            if categories.count == column.texts + column.numbers, column.texts >= 20, !column.isCategorical {
                lines.append(
                    "column \(quoted(position)) differs in every row: left out as an identifier (`categorical` keeps it, "
                        + "`id` carries it along)")
                leave(position, "differs in every row, as an identifier does")
                return nil
            }
            let frequent =
                options.minCategoryCount > 1 ? column.categories(inAtLeast: options.minCategoryCount) : categories
            let isShared = options.minCategoryCount > 1
            let rare = categories.count - frequent.count
            categories = frequent
            groups.add(.texts, name, categories.count)
            if isShared, rare > 0 { groups.add(.rare, name, rare) }
            if column.numbers > 0 {
                lines.append("column \(quoted(position)) mixes numbers and text: both count as categories")
            }
            if hasIndicator { groups.add(.gaps, name, column.missing) }
            return .init(
                name: name, position: position, kind: .text(categories: categories), hasIndicator: hasIndicator,
                sharesOthers: isShared ? true : nil)
        }
        let mean = written?.mean ?? column.mean()
        if column.looksLikeCodes {
            lines.append(
                "column \(quoted(position)) has whole numbers that begin with 0, as codes do: `categorical` \(name) makes each a "
                    + "category")
        }
        if hasIndicator { groups.add(.numberGaps, name, column.missing, NumberFormat.significant(mean, 4)) }
        return .init(
            name: name, position: position, kind: .numeric(mean: mean), hasIndicator: hasIndicator, form: written?.form)
    }

    /// What a column of dates becomes, and whether their order is a guess; nil: it is none.
    private func dates(_ position: Int) throws -> (DateParts, Bool)? {
        let column = scan.columns[position]
        if scan.roles.dates.contains(position), column.numbers > 0 {
            let example = column.numberTable.texts.min() ?? "a number"
            throw ParseError(
                file: scan.layout.file,
                message:
                    "`date` \(scan.layout.columns[position]): the column holds numbers, as \(example); write dates as "
                    + "2013-01-31, or leave the option out")
        }
        guard let dates = column.dates, column.texts > 0 else { return nil }
        let others = column.texts + column.numbers + column.notFinite
        if let (order, isAmbiguous) = dates.order(of: others) {
            return (DateParts(dates.readings[order.rawValue], order: order), isAmbiguous)
        }
        // As with numbers: a few odd texts are no reason for thousands of categories.
        let isMeant = scan.roles.dates.contains(position) || column.areReadAlone && dates.count > 0
        let isStray = dates.count > 20 && dates.count * 20 >= others * 19
        guard isMeant || isStray, let place = column.firstNotDate ?? column.firstMisfits[dates.best] ?? column.firstText
        else { return nil }
        throw place.error(
            "'\(place.text)' is no date as the others of column \(quoted(position)) are; mend it, or, if it stands for a "
                + "missing value, say `missing` '\(place.text)', or leave the column out with `drop`")
    }

    /// How the texts of a column are numbers, and its mean; nil: they are not.
    private func form(
        _ position: Int, _ role: String, _ options: ReadOptions
    ) throws -> (form: NumberForm, mean: Double)? {
        let column = scan.columns[position]
        guard column.texts > 0, !column.isCategorical, let first = column.firstText else { return nil }
        let decimal = scan.layout.hasDecimalComma ? .comma : options.decimal
        let name = "\(role) \(quoted(position))"
        let values = column.texts + column.numbers
        // Few different texts may be names of something; many are not.
        let isMany =
            column.areReadAlone || column.textTable.count + column.numberTable.count > 20 || column.hasManyNumbers
        switch column.forms.verdict(texts: column.texts, decimal: decimal) {
        case .numbers(let form, let sum):
            // A plain number with a point is another one where commas are decimal, and 3 beside 12 % may be 300 %.
            let hasPoints =
                form.hasDecimalComma && !scan.layout.hasDecimalComma
                && (column.hasManyNumbers || column.numberTable.texts.contains { $0.contains(".") })
            guard column.numbers == 0 || !hasPoints && !form.isPercentage else {
                guard isMany else { return nil }
                throw first.error(
                    "'\(first.text)' in \(name) is written in another way than the \(column.numbers) plain numbers there; write all "
                        + "in one way" + (hasPoints ? ", or say with `decimal` which is right" : ""))
            }
            return (form, column.mean(with: sum, column.texts))
        case .ambiguous:
            throw first.error(
                "'\(first.text)' in \(name) may have a decimal comma or one between thousands: say which with `decimal` "
                    + "comma or `decimal` point")
        case .mixedUnits:
            guard isMany else { return nil }
            throw first.error("'\(first.text)' and others in \(name) have different units; write all in one")
        case .none:
            let isStray = (column.forms.count + column.numbers) * 20 >= values * 19 && column.forms.count > 0
            guard isMany, isStray || column.areReadAlone && column.dates?.count ?? 0 == 0,
                let place = column.firstFormless
            else { return nil }
            throw place.error(
                "'\(place.text)' is no number as the others of \(name) are; mend it, or, if it stands for a missing value, "
                    + "say `missing` '\(place.text)', or leave the column out with `drop`")
        }
    }

    func groupLines() -> [String] { groups.lines(rows: scan.rows) }

    private mutating func leave(_ position: Int, _ reason: String) {
        leftOut.append(TableSchema.LeftOut(name: scan.layout.columns[position], reason: reason))
    }

    mutating func roleLines() -> [String] {
        var lines: [String] = []
        if let weight = scan.roles.weight { lines.append("weights: column \(quoted(weight))") }
        if !scan.roles.ids.isEmpty {
            lines.append("identifiers: " + scan.roles.ids.map(quoted).joined(separator: ", ") + ", no features")
        }
        for column in scan.roles.dropped {
            let reason = scan.layout.holdsRowNumbers(column) ? "row numbers, or names of rows" : "`drop`"
            leave(column, scan.layout.holdsRowNumbers(column) ? reason : "as was asked for")
            lines.append("left out: column \(quoted(column)) (\(reason))")
        }
        return lines
    }

    /// Whether a column is text. Stray text among numbers is an error, not a category: text in a column of more than
    /// `numberLimit` distinct numbers, or, with more than 20 of them, in less than 5 % of its values.
    private func isText(_ position: Int, _ role: String) throws -> Bool {
        let column = scan.columns[position]
        let name = "\(role == "label" ? "the label (column \(quoted(position)))" : "column \(quoted(position))")"
        guard !column.isCategorical || column.texts == 0 else { return true }
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
                    + "stands for a missing value, say `missing` '\(place.text)', or leave the column out with `drop`")
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
