/// The shape of one CSV file: what its first lines tell.
public struct TableLayout: Codable, Sendable, Equatable {
    public var file: String
    public var delimiter: UInt8
    public var hasHeader: Bool
    /// One per column; "column 1", "column 2", … where there is no name.
    public var columns: [String]
    /// The header leaves the first column without a name: row numbers, as R and pandas write them.
    public var firstIsUnnamed: Bool
    /// 1,5 is one and a half.
    public var hasDecimalComma: Bool
    /// Of a file without a row below it: the fields of its only line.
    var loneLine: [String]?
    /// Bytes before the first row (the header line and blank lines before it).
    public var dataOffset: Int

    /// Tab, semicolon, comma, bar: earlier ones win, since commas also occur in numbers and texts. Blanks come last.
    static let delimiters: [UInt8] = [0x09, 0x3B, 0x2C, 0x7C]

    /// From the first lines of a file. Throws `ParseError`: bad quoting in the first line, names that occur twice.
    public init(head: TextChunk, options: ReadOptions) throws {
        file = head.file
        // Excel's own way to say what stands between fields: "sep=;" on a line before the header.
        let separator = TableLayout.separatorLine(head)
        let skipped = separator.map(\.length) ?? 0
        let found = try TableLayout.delimiter(head, skipping: skipped, options)
        let delimiter = options.delimiter == nil ? separator?.delimiter ?? found : found
        self.delimiter = delimiter
        var header: [String] = []
        var rows: [[CSVField]] = []
        var names: [String] = []
        var offset = 0
        var hasHeader = false
        var hasRowNames = false
        var hasComma = options.decimal == .comma
        try head.withTerminatedBytes { bytes in
            var lines = CSVTokenizer(bytes: bytes, delimiter: delimiter, start: skipped)
            do throws(CSVFault) {
                guard try lines.next() else { return }
            } catch {
                throw head.error(error, in: bytes)
            }
            let first = lines.fields
            header = first.map { lines.text($0) }
            offset = lines.cursor
            while rows.count < 100, (try? lines.next()) == true { rows.append(lines.fields) }
            if options.decimal == .auto, delimiter != 0x2C { hasComma = TableLayout.hasDecimalComma(lines, rows) }
            lines = CSVTokenizer(bytes: bytes, delimiter: delimiter, hasDecimalComma: hasComma)
            // R leaves out the name of its column of row names, and with it the delimiter.
            hasRowNames =
                rows.count > 1 && rows.allSatisfy { $0.count == first.count + 1 }
                && Set(rows.map { lines.text($0[0]) }).count == rows.count
            let detector = HeaderDetector(lines: lines, first: first, rows: rows, missing: MissingText(options.missing))
            hasHeader =
                switch options.header {
                case .present: true
                case .absent: false
                case .auto: detector.isHeader(header, options)
                }
        }
        guard !header.isEmpty else { throw ParseError(file: file, message: "is empty: there are no rows to read") }
        self.hasHeader = hasHeader
        loneLine = rows.isEmpty ? header : nil
        hasDecimalComma = hasComma
        dataOffset = hasHeader || skipped > 0 ? (hasHeader ? offset : skipped) + head.markLength : 0
        if hasHeader, hasRowNames { header.insert("", at: 0) }
        firstIsUnnamed = hasHeader && header.count > 1 && header[0].isEmpty
        for (place, name) in header.enumerated() {
            names.append(hasHeader && !name.isEmpty ? name : "column \(place + 1)")
        }
        columns = names
        if let message = TableLayout.doubled(names) {
            throw ParseError(chunk: head, lineInChunk: 1, message: message + ", or give `header` false")
        }
    }

    /// Of a table whose columns come with names. Throws `ParseError` where two are alike.
    init(file: String, names: [String]) throws {
        self.file = file
        delimiter = 0x2C
        hasHeader = true
        hasDecimalComma = false
        dataOffset = 0
        columns = names.enumerated().map { $1.isEmpty ? "column \($0 + 1)" : $1 }
        firstIsUnnamed = names.count > 1 && names[0].isEmpty
        guard !names.isEmpty else { throw ParseError(file: file, message: "has no columns") }
        if let message = TableLayout.doubled(columns) { throw ParseError(file: file, message: message) }
    }

    /// Row numbers as pandas keeps them beside the columns: without a name, or in Arrow and Parquet with one of its own; and
    /// what R and pandas make of such a column in the first place.
    func holdsRowNumbers(_ column: Int) -> Bool {
        firstIsUnnamed && column == 0 || columns[column].hasPrefix("__index_level_")
            || column == 0 && hasHeader && columns.count > 1 && TableLayout.rowNames.contains(columns[0].lowercased())
    }

    private static let rowNames: Set = ["rownames", "row.names", "row_names", "rowname", "unnamed: 0", "...1"]

    private static func doubled(_ names: [String]) -> String? {
        let doubles = Dictionary(grouping: names.indices, by: { names[$0] }).filter { $0.value.count > 1 }
        guard let (name, places) = doubles.min(by: { $0.value[0] < $1.value[0] }) else { return nil }
        let numbers = places.map { String($0 + 1) }.joined(separator: " and ")
        return "the header names columns \(numbers) alike, '\(name)'; rename one"
    }

    /// Whether fields are numbers with a comma, and none has a point.
    private static func hasDecimalComma(_ lines: CSVTokenizer, _ rows: [[CSVField]]) -> Bool {
        let fields = rows.joined()
        return fields.contains { lines.number($0) == nil && lines.numberWithComma($0) != nil }
            && !fields.contains { lines.number($0) != nil && lines.bytes[$0.start..<$0.end].contains(0x2E) }
    }

    private static func separatorLine(_ head: TextChunk) -> (delimiter: UInt8, length: Int)? {
        head.withTerminatedBytes { bytes in
            guard bytes.count > 5, String(decoding: bytes[..<4], as: UTF8.self).lowercased() == "sep=",
                let end = bytes[5...].firstIndex(of: 0x0A), bytes[5..<end].allSatisfy({ $0 == 0x0D })
            else { return nil }
            return (bytes[4], end + 1)
        }
    }

    private static func delimiter(_ head: TextChunk, skipping skipped: Int, _ options: ReadOptions) throws -> UInt8 {
        if let given = options.delimiter {
            let words: [String: UInt8] = ["tab": 0x09, "\\t": 0x09, "blank": 0x20, "space": 0x20]
            let byte: UInt8? = words[given] ?? (given.utf8.count == 1 ? given.utf8.first : nil)
            guard let byte, byte != 0x22, byte != 0x0A, byte != 0x0D else {
                throw ParseError(file: head.file, message: "`delimiter` '\(given)': give one character, tab or blank")
            }
            return byte
        }
        return head.withTerminatedBytes { bytes in
            (delimiters + [0x20]).first { splitsAlike(bytes, at: $0, skipping: skipped) } ?? mostFrequent(bytes)
        }
    }

    /// Whether the first lines have as many fields each, and more than one.
    static func splitsAlike(_ bytes: UnsafeBufferPointer<UInt8>, at delimiter: UInt8, skipping skipped: Int = 0) -> Bool
    {
        var lines = CSVTokenizer(bytes: bytes, delimiter: delimiter, start: skipped)
        var widths: [Int] = []
        while widths.count < 20, (try? lines.next()) == true { widths.append(lines.count) }
        // The header may lack a name for R's column of row names.
        guard let width = widths.last, width > 1, delimiter != 0x20 || widths.count > 1 else { return false }
        return widths.dropFirst().allSatisfy { $0 == width } && [width, width - 1].contains(widths[0])
    }

    /// Where no candidate splits all lines alike (ragged rows, which are reported later): the most frequent one.
    private static func mostFrequent(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt8 {
        let ranked = delimiters.map { ($0, countBytes($0, in: bytes)) }
        return ranked.max { $0.1 < $1.1 }.flatMap { $0.1 > 0 ? $0.0 : nil } ?? 0x2C
    }
}

/// Decides whether a first line holds names.
struct HeaderDetector {
    let lines: CSVTokenizer
    let first: [CSVField]
    let rows: [[CSVField]]
    let missing: MissingText

    /// True when an option names one of the fields; when a column of numbers starts with text; or, where there are no
    /// numbers at all, when no field of the first line occurs again in its column.
    func isHeader(_ header: [String], _ options: ReadOptions) -> Bool {
        let named = ([options.label, options.weight].compactMap { $0 } + options.drop + options.id)
        if named.contains(where: { Int($0) == nil && header.contains($0) }) { return true }
        if isNumbered(header) { return true }
        if first.contains(where: { isNumber($0) }) {
            // Years as names: "id,2019,2020" above texts and numbers.
            return first.indices.contains { startsWithTextAboveNumbers($0) } && !rows.isEmpty
                && first.allSatisfy { !lines.withText($0, missing.matches) }
        }
        if first.indices.contains(where: { startsWithTextAboveNumbers($0) }) { return true }
        return !rows.isEmpty && Set(header).count == header.count
            && first.indices.allSatisfy { column in
                rows.allSatisfy { !$0.indices.contains(column) || lines.text($0[column]) != header[column] }
            }
    }

    /// 0, 1, 2, …, as pandas names columns that have no names, perhaps behind the empty name of its index; three at least, for
    /// a first row may begin so too.
    private func isNumbered(_ header: [String]) -> Bool {
        let names = header.first == "" ? header.dropFirst() : header[...]
        return names.count > 2 && !rows.isEmpty && names.enumerated().allSatisfy { $1 == String($0) }
    }

    private func isNumber(_ field: CSVField) -> Bool { lines.number(field) != nil }

    private func startsWithTextAboveNumbers(_ column: Int) -> Bool {
        guard !isNumber(first[column]), !lines.withText(first[column], missing.matches) else { return false }
        var numbers = 0
        for row in rows where row.indices.contains(column) {
            if isNumber(row[column]) {
                numbers += 1
            } else if !lines.withText(row[column], missing.matches) {
                return false
            }
        }
        return numbers > 0
    }
}
