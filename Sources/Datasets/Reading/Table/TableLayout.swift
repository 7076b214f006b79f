/// The shape of one CSV file: what its first lines tell.
public struct TableLayout: Codable, Sendable, Equatable {
    public var file: String
    public var delimiter: UInt8
    public var hasHeader: Bool
    /// One per column; "column 1", "column 2", … where there is no name.
    public var columns: [String]
    /// The header leaves the first column without a name: row numbers, as R and pandas write them.
    public var firstIsUnnamed: Bool
    /// Bytes before the first row (the header line and blank lines before it).
    public var dataOffset: Int

    /// Tab, semicolon, comma, bar: earlier ones win, since commas also occur in numbers and texts.
    static let delimiters: [UInt8] = [0x09, 0x3B, 0x2C, 0x7C]

    /// From the first lines of a file. Throws `ParseError`: bad quoting in the first line, names that occur twice.
    public init(head: TextChunk, options: ReadOptions) throws {
        file = head.file
        let delimiter = try TableLayout.delimiter(head, options)
        self.delimiter = delimiter
        var header: [String] = []
        var rows: [[CSVField]] = []
        var names: [String] = []
        var offset = 0
        var hasHeader = false
        try head.withTerminatedBytes { bytes in
            var lines = CSVTokenizer(bytes: bytes, delimiter: delimiter)
            do throws(CSVFault) {
                guard try lines.next() else { return }
            } catch {
                throw head.error(error, in: bytes)
            }
            let first = lines.fields
            header = first.map { lines.text($0) }
            offset = lines.cursor
            while rows.count < 100, (try? lines.next()) == true { rows.append(lines.fields) }
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
        dataOffset = hasHeader ? offset + head.markLength : 0
        firstIsUnnamed = hasHeader && header.count > 1 && header[0].isEmpty
        for (place, name) in header.enumerated() {
            names.append(hasHeader && !name.isEmpty ? name : "column \(place + 1)")
        }
        columns = names
        let doubles = Dictionary(grouping: names.indices, by: { names[$0] }).filter { $0.value.count > 1 }
        if let (name, places) = doubles.min(by: { $0.value[0] < $1.value[0] }) {
            let numbers = places.map { String($0 + 1) }.joined(separator: " and ")
            throw ParseError(
                chunk: head, lineInChunk: 1,
                message: "the header names columns \(numbers) alike, '\(name)'; rename one, or give `header` false")
        }
    }

    private static func delimiter(_ head: TextChunk, _ options: ReadOptions) throws -> UInt8 {
        if let given = options.delimiter {
            let byte: UInt8? = given == "tab" || given == "\\t" ? 0x09 : given.utf8.count == 1 ? given.utf8.first : nil
            guard let byte, byte != 0x22, byte != 0x0A, byte != 0x0D else {
                throw ParseError(file: head.file, message: "`delimiter` '\(given)': give one character, or tab")
            }
            return byte
        }
        return head.withTerminatedBytes { bytes in
            delimiters.first { candidate in
                var lines = CSVTokenizer(bytes: bytes, delimiter: candidate)
                var width: Int?
                for _ in 0..<20 {
                    guard (try? lines.next()) == true else { break }
                    if width ?? lines.fields.count != lines.fields.count { return false }
                    width = lines.fields.count
                }
                return width ?? 0 > 1
            } ?? mostFrequent(bytes)
        }
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
