/// Pass 2: the rows of one CSV file as features, with a schema made from the training data.
///
/// Values training did not know: a category it never saw leaves all features of its column 0 and is counted; a missing
/// value becomes the mean (numbers) or no category (text) and is counted. A text label it never saw gets an index past
/// the schema's names in `RowBlock.labelNames`.
public struct CSVParser: TextParser {
    public let schema: TableSchema
    /// What the file has that the schema does not use, for people.
    public private(set) var notes: [String]
    let layout: TableLayout
    let features: [FeatureColumn]
    let categories: [CategoryTable]
    let dates: [DateParts]
    let label: Int?
    let weight: Int?
    let ids: [Int]
    let labelTable: CategoryTable
    let missing: MissingText
    let allowMissingLabels: Bool
    let missingLabel: ReadOptions.MissingLabel
    let featureCount: Int

    /// Where a feature column is in this file and which features it becomes.
    struct FeatureColumn: Sendable {
        var field: Int
        var first: Int
        /// Index into `CSVParser.categories`; nil for numbers.
        var categories: Int?
        /// Index into `CSVParser.dates`.
        var date: Int?
        /// The feature of all other categories.
        var others: Int?
        var mean: Double
        var form: NumberForm?
        /// The feature that says the value is missing.
        var indicator: Int?
    }

    /// Matches the file's columns with the schema: by name when both have a header, else by position.
    ///
    /// Throws `ParseError` where a column is missing. The label column may be missing with `allowMissingLabels`, that of the
    /// weights in what is not trained on, identifiers always. `options.id`, when given, replaces the schema's identifiers.
    public init(schema: TableSchema, layout: TableLayout, options: ReadOptions) throws {
        self.schema = schema
        self.layout = layout
        allowMissingLabels = options.allowMissingLabels
        missingLabel = options.missingLabel
        missing = MissingText(schema.missing + options.missing)
        labelTable = CategoryTable(schema.label.names ?? [])
        let match = ColumnMatch(wanted: schema.fileColumns, areNamed: schema.hasHeader, file: layout)
        let absent = allowMissingLabels ? schema.label.position : nil
        var features: [FeatureColumn] = []
        var tables: [CategoryTable] = []
        var dates: [DateParts] = []
        var first = 0
        for column in schema.columns {
            let field = try match.require(column.position, absent: absent)
            var made = FeatureColumn(field: field, first: first, mean: 0)
            switch column.kind {
            case .numeric(let mean):
                made.mean = mean
                made.form = column.form
            case .date(let parts):
                made.date = dates.count
                dates.append(parts)
            case .text(let categories):
                made.categories = tables.count
                tables.append(CategoryTable(categories))
                if column.sharesOthers == true { made.others = first + categories.count }
            }
            first += column.width
            made.indicator = column.hasIndicator ? first - 1 : nil
            features.append(made)
        }
        self.features = features
        categories = tables
        self.dates = dates
        featureCount = first
        let given = ColumnReference(file: layout.file, columns: layout.columns)
        if let name = options.replacedLabel {
            label = try given.position(name, option: "`label`")
        } else {
            label =
                allowMissingLabels
                ? match.position(schema.label.position, absent: absent) : try match.require(schema.label.position)
        }
        if let name = options.replacedWeight {
            weight = try given.position(name, option: "`weight`")
        } else if options.isTraining {
            weight = try schema.weight.map { try match.require($0) }
        } else {
            weight = schema.weight.flatMap { match.position($0, absent: absent) }
        }
        if options.id.isEmpty {
            let found = schema.ids.compactMap { match.position($0, absent: absent) }
            ids = found.count == schema.ids.count ? found : []
        } else {
            let reference = ColumnReference(file: layout.file, columns: layout.columns)
            ids = try options.id.map { try reference.position($0, option: "`id`") }
        }
        let replaced = [options.replacedLabel == nil ? nil : label, options.replacedWeight == nil ? nil : weight]
        try CSVParser.check(options.leftOut ?? [], features: features.map(\.field), given)
        notes = CSVParser.notes(schema, layout, match, known: replaced.compactMap { $0.map { layout.columns[$0] } })
        if let position = schema.weight, weight == nil {
            notes.append(
                "\(layout.file) has no column '\(schema.fileColumns[position])' of weights: every row counts once")
        }
    }

    /// What the model needs cannot be left out.
    private static func check(_ leftOut: [String], features: [Int], _ given: ColumnReference) throws {
        for name in leftOut where features.contains(try given.position(name, option: "`drop`")) {
            throw ParseError(
                file: given.file, message: "`drop` \(name): the model was trained on this column and needs it")
        }
    }

    private static func notes(
        _ schema: TableSchema, _ layout: TableLayout, _ match: ColumnMatch, known: [String]
    ) -> [String] {
        guard match.isByName else { return [] }
        let known = Set(schema.fileColumns + known)
        let extra = layout.columns.filter { !known.contains($0) }
        guard !extra.isEmpty else { return [] }
        let list = extra.prefix(10).joined(separator: ", ") + (extra.count > 10 ? ", …" : "")
        return ["\(layout.file): columns that training did not have are ignored: \(list)"]
    }

    /// The names of the identifier columns this file has, as in `RowBlock.ids`.
    public var idNames: [String] { ids.map { layout.columns[$0] } }

    public func parse(_ chunk: TextChunk) throws -> RowBlock {
        try chunk.withTerminatedBytes { bytes in
            let lines = CSVTokenizer(
                bytes: bytes, delimiter: layout.delimiter, hasDecimalComma: layout.hasDecimalComma,
                start: layout.dataOffset - chunk.offset - chunk.markLength)
            var pass = CSVPass(parser: self, lines: lines)
            do throws(CSVFault) {
                return try pass.run()
            } catch {
                throw chunk.error(error, in: bytes)
            }
        }
    }

    /// The columns that rows are made of, in the file.
    var positions: [Int] { features.map(\.field) + [label, weight].compactMap { $0 } + ids }

    func parse(_ batch: ArrowBatch, rows: Range<Int>) throws -> RowBlock {
        var pass = CSVPass(parser: self, lines: ArrowRows(batch, rows: rows))
        do throws(CSVFault) {
            return try pass.run()
        } catch {
            throw batch.error(error)
        }
    }
}
