/// One pass of a scan over the rows of a chunk.
struct ScanPass<Rows: TableRows> {
    let names: [String]
    let roles: ColumnRoles
    let missing: MissingText
    let source: Rows.Source
    var lines: Rows
    /// Rows whose distinct numbers are noted, in columns without texts.
    private var notedRows = Int.max
    /// Per column, short numbers met lately: the set of distinct numbers need not be asked again.
    private var recent: [UInt64]

    init(names: [String], roles: ColumnRoles, missing: MissingText, source: Rows.Source, lines: Rows) {
        self.names = names
        self.roles = roles
        self.missing = missing
        self.source = source
        self.lines = lines
        recent = Array(repeating: 0, count: names.count * Rows.recentCount)
    }

    /// A column, and where it is in the file.
    typealias Place = (column: Int, position: Int)

    /// Adds every row to `columns`. Returns how many there are, and the rows themselves, where that is asked for and all can be
    /// kept.
    mutating func run(
        _ file: TableLayout, _ places: [Place], _ columns: UnsafeMutableBufferPointer<ColumnScan>, keeping: Bool,
        noting notesAll: Bool
    ) throws(CSVFault) -> (rows: Int, kept: RowBlock?) {
        // Texts among numbers mostly show soon; of wide tables even few rows have many values.
        notedRows = notesAll || !roles.dates.isEmpty ? .max : min(64, max(16, 64_000 / max(1, places.count)))
        func position(_ column: Int) -> Int { places.first { $0.column == column }?.position ?? 0 }
        var keeper = RowKeeper(
            features: places.filter { roles.isFeature($0.column) }.map(\.position), label: position(roles.label),
            weight: roles.weight.map(position), rows: keeping ? lines.mostRows(columns: file.columns.count) : 0)
        var numbers = PlainNumbers(places, columns, roles, missing)
        defer { numbers.settle(columns) }
        var rows = 0
        guard keeping else {
            _ = try scan(file, places, columns, &numbers, &keeper, nil, &rows)
            return (rows, nil)
        }
        let kept = try keeper.collect { (keeper, values) throws(CSVFault) in
            try scan(file, places, columns, &numbers, &keeper, values, &rows)
        }
        return (rows, kept)
    }

    /// Returns whether all rows are in `values`; those behind one that cannot be kept are only looked through.
    private mutating func scan(
        _ file: TableLayout, _ places: [Place], _ columns: UnsafeMutableBufferPointer<ColumnScan>,
        _ numbers: inout PlainNumbers, _ keeper: inout RowKeeper, _ values: UnsafeMutablePointer<Double>?,
        _ rows: inout Int
    ) throws(CSVFault) -> Bool {
        let label = places.first { $0.column == roles.label }?.position ?? 0
        let fields = UnsafeMutablePointer<Double>.allocate(capacity: file.columns.count)
        defer { fields.deallocate() }
        var values = values
        while try lines.next() {
            try lines.requireWidth(file)
            rows += 1
            var row = UnsafePointer(fields)
            if rows > notedRows { numbers.pass(columns) }
            if let plain = lines.plainNumbers, numbers.areTaken {
                numbers.add(plain)
                countDistinct(&numbers, columns)
                if lines.mayHoldCodes { noteCodes(places, columns) }
                row = plain
            } else {
                for (column, position) in places {
                    fields[position] = try add(lines[position], column, &columns[column], isNoted: rows <= notedRows)
                }
            }
            if let target = values, !keeper.add(row, to: target, text: { lines.text(lines[label]) }) { values = nil }
        }
        return values != nil
    }

    /// Notes the distinct numbers of the columns that have few so far.
    @inline(__always)
    private mutating func countDistinct(
        _ numbers: inout PlainNumbers, _ columns: UnsafeMutableBufferPointer<ColumnScan>
    ) {
        var areFew = true
        for (column, position) in numbers.counted {
            let field = lines[position]
            if isRecent(field, column) { continue }
            lines.withText(field) { columns[column].addNumberText($0) }
            areFew = areFew && !columns[column].hasManyNumbers
        }
        if !areFew { numbers.counted.removeAll { columns[$0.column].hasManyNumbers } }
    }

    private func noteCodes(_ places: [Place], _ columns: UnsafeMutableBufferPointer<ColumnScan>) {
        for (column, position) in places where !columns[column].looksLikeCodes {
            columns[column].looksLikeCodes = lines.looksLikeCode(lines[position])
        }
    }

    /// Returns the number; NaN for a gap, and `RowKeeper.other` for what else there is.
    @inline(__always)
    private mutating func add(
        _ field: Rows.Cell, _ place: Int, _ column: inout ColumnScan, isNoted: Bool
    ) throws(CSVFault) -> Double {
        let value = lines.value(field, missing)
        if column.isCategorical, !value.isMissing {
            try addText(field, place, &column)
            return RowKeeper.other
        }
        switch value {
        case .number(let value):
            column.add(number: value)
            if !isNoted, column.texts == 0 {
                column.hasOtherNumbers = true
            } else if !column.hasManyNumbers, !isRecent(field, place) {
                lines.withText(field) { column.addNumberText($0) }
            }
            if !column.looksLikeCodes { column.looksLikeCodes = lines.looksLikeCode(field) }
            // Asked in this order: a sign is a guess each time.
            if column.firstNegative == nil, value < 0 { column.firstNegative = sighting(field) }
            return value
        case .missing:
            column.missing += 1
            if column.firstMissing == nil { column.firstMissing = sighting(field) }
            if column.missingWords != nil, !lines.isEmpty(field) {
                lines.withText(field) { _ = column.missingWords?.add($0) }
            }
            return .nan
        case .notFinite:
            column.notFinite += 1
            if column.firstNotFinite == nil { column.firstNotFinite = sighting(field) }
        case .text: try addText(field, place, &column)
        }
        return RowKeeper.other
    }

    private mutating func addText(_ field: Rows.Cell, _ place: Int, _ column: inout ColumnScan) throws(CSVFault) {
        column.texts += 1
        if column.firstText == nil { column.firstText = sighting(field) }
        var isDate = false
        if column.dates != nil {
            let orders = lines.withText(field) { column.dates?.add($0) }
            isDate = orders != nil
            if !isDate, column.firstNotDate == nil { column.firstNotDate = sighting(field) }
            for (order, fits) in (orders ?? []).enumerated() where !fits && column.firstMisfits[order] == nil {
                column.firstMisfits[order] = sighting(field)
            }
        }
        var isRead = isDate
        if !isDate, !column.isCategorical {
            isRead = lines.withText(field) { column.forms.add($0) }
            if !isRead, column.firstFormless == nil { column.firstFormless = sighting(field) }
        }
        let isNew = lines.withText(field) { column.addText($0, isRead: isRead) }
        if isNew, !lines.withText(field, { String(validating: $0, as: UTF8.self) != nil }) {
            throw CSVFault(
                message: "column '\(names[place])' is not UTF-8 text; convert the file (iconv -f LATIN1 -t UTF-8)",
                place: lines.place)
        }
    }

    /// Whether a short number is among the column's last ones; remembers it.
    @inline(__always)
    private mutating func isRecent(_ field: Rows.Cell, _ place: Int) -> Bool {
        guard let key = lines.recentKey(field) else { return false }
        let hash =
            (key &* 0x9E37_79B9_7F4A_7C15) >> UInt64(truncatingIfNeeded: Rows.recentCount.leadingZeroBitCount + 1)
        let slot = place * Rows.recentCount + Int(truncatingIfNeeded: hash)
        if recent[slot] == key { return true }
        recent[slot] = key
        return false
    }

    private func sighting(_ field: Rows.Cell) -> Sighting { lines.sighting(field, in: source) }
}

/// Rows that are numbers throughout, plainly written, on their way into the scans of their columns.
struct PlainNumbers {
    /// Nothing but the numbers themselves is to be seen of them.
    let areTaken: Bool
    /// Columns, with their places, of which the distinct numbers are noted.
    var counted: [(column: Int, position: Int)]
    private let places: [(column: Int, position: Int)]
    private let sums: ColumnSums
    private var rows = 0
    private var isPassing = false

    init(
        _ places: [(column: Int, position: Int)], _ columns: UnsafeMutableBufferPointer<ColumnScan>,
        _ roles: ColumnRoles, _ missing: MissingText
    ) {
        self.places = places
        areTaken = roles.weight == nil && roles.categorical.isEmpty && !missing.includesNumbers
        counted = places.filter { !columns[$0.column].hasManyNumbers }
        sums = ColumnSums(places.count)
    }

    @inline(__always)
    mutating func add(_ fields: UnsafePointer<Double>) {
        rows &+= 1
        for (index, place) in places.enumerated() { sums.add(fields[place.position], index) }
    }

    /// From now on the numbers of columns without texts are passed over.
    @inline(__always)
    mutating func pass(_ columns: UnsafeMutableBufferPointer<ColumnScan>) {
        guard !counted.isEmpty, !isPassing else { return }
        isPassing = true
        for (column, _) in counted where columns[column].texts == 0 { columns[column].hasOtherNumbers = true }
        counted.removeAll { columns[$0.column].texts == 0 }
    }

    func settle(_ columns: UnsafeMutableBufferPointer<ColumnScan>) {
        guard rows > 0 else { return }
        for (index, place) in places.enumerated() {
            columns[place.column].add(numbers: rows, CompensatedSum(sums.sums[index], sums.tails[index]))
        }
    }
}
