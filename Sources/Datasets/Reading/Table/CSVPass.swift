/// One pass over the rows of a chunk, writing into arrays sized beforehand.
struct CSVPass<Rows: TableRows> {
    private let parser: CSVParser
    private var lines: Rows
    private var block = RowBlock()
    private var newLabels: [String: Int] = [:]
    private var imputed: [Int]
    private var unseen: [Int]
    private var count = 0

    init(parser: CSVParser, lines: Rows) {
        self.parser = parser
        self.lines = lines
        imputed = Array(repeating: 0, count: parser.features.count)
        unseen = imputed
    }

    mutating func run() throws(CSVFault) -> RowBlock {
        let lineCount = lines.mostRows(columns: parser.layout.columns.count)
        // A number with an indicator may write two entries; a category, or its indicator, one.
        // A date writes four.
        let widest = parser.features.reduce(0) {
            $0 + ($1.date != nil ? 4 : $1.categories == nil && $1.indicator != nil ? 2 : 1)
        }
        block.labelNames = parser.schema.label.names ?? []
        block.columnCount = parser.featureCount
        block.rowOffsets.reserveCapacity(lineCount + 1)
        block.labels.reserveCapacity(lineCount)
        var fault: CSVFault?
        let capacity = lineCount * widest
        block.columns = Array(unsafeUninitializedCapacity: capacity) { columns, columnCount in
            block.values = Array(unsafeUninitializedCapacity: capacity) { values, valueCount in
                if let columns = columns.baseAddress, let values = values.baseAddress {
                    do throws(CSVFault) {
                        try rows(columns, values)
                    } catch {
                        fault = error
                    }
                }
                valueCount = count
            }
            columnCount = count
        }
        if let fault { throw fault }
        // Where rows are far from full, what they do not need is given back.
        if 10 * count < 9 * capacity {
            block.columns = block.columns.withUnsafeBufferPointer { Array($0) }
            block.values = block.values.withUnsafeBufferPointer { Array($0) }
        }
        for (column, (imputed, unseen)) in zip(parser.schema.columns, zip(imputed, unseen)) {
            if imputed > 0 { block.tally.imputed[column.name] = imputed }
            if unseen > 0 { block.tally.unseenCategories[column.name] = unseen }
        }
        return block
    }

    private mutating func rows(
        _ columns: UnsafeMutablePointer<Int32>, _ values: UnsafeMutablePointer<Double>
    ) throws(CSVFault) {
        while try lines.next() {
            try lines.requireWidth(parser.layout)
            block.labels.append(try label())
            if let weight = parser.weight { block.weights.append(try self.weight(lines[weight])) }
            for id in parser.ids { block.ids.append(lines.text(lines[id])) }
            for index in parser.features.indices { try feature(index, columns, values) }
            block.rowOffsets.append(count)
        }
    }

    private func fault(_ message: String) -> CSVFault { CSVFault(message: message, place: lines.place) }

    /// The feature(s) of one column of the current line.
    @inline(__always)
    private mutating func feature(
        _ index: Int, _ columns: UnsafeMutablePointer<Int32>, _ values: UnsafeMutablePointer<Double>
    ) throws(CSVFault) {
        func put(_ column: Int, _ value: Double) {
            guard value != 0 else { return }
            columns[count] = Int32(truncatingIfNeeded: column)
            values[count] = value
            count += 1
        }
        let feature = parser.features[index]
        let field = lines[feature.field]
        if let table = feature.categories {
            if let found = lines.withText(field, { parser.categories[table].index(of: $0) }) {
                put(feature.first + found, 1)
            } else if lines.withText(field, { parser.missing.matches($0) }) {
                imputed[index] += 1
                if let indicator = feature.indicator { put(indicator, 1) }
            } else if let others = feature.others {
                put(others, 1)
            } else {
                unseen[index] += 1
            }
            return
        }
        if let date = feature.date {
            let entries = lines.withText(field) { parser.dates[date].entries($0) }
            for (place, value) in entries ?? [] { put(feature.first + place, value) }
            guard entries == nil else { return }
            guard lines.withText(field, { parser.missing.matches($0) }) else {
                throw fault(
                    "'\(lines.text(field))' in column '\(parser.schema.columns[index].name)' is no date as in training; mend "
                        + "it, or, if it stands for a missing value, say `missing` or leave the field empty")
            }
            imputed[index] += 1
            if let indicator = feature.indicator { put(indicator, 1) }
            return
        }
        if let form = feature.form, let value = lines.withText(field, form.value) {
            put(feature.first, value)
            return
        }
        switch lines.value(field, parser.missing) {
        case .number(let value): put(feature.first, value)
        case .missing:
            imputed[index] += 1
            put(feature.first, feature.mean)
            if let indicator = feature.indicator { put(indicator, 1) }
        case .notFinite:
            throw fault(
                "'\(lines.text(field))' in column '\(parser.schema.columns[index].name)' is not a finite number")
        case .text:
            throw fault(
                "'\(lines.text(field))' is not a number, but column '\(parser.schema.columns[index].name)' is numeric; mend it, or, if it "
                    + "stands for a missing value, say `missing` or leave the field empty")
        }
    }

    private mutating func label() throws(CSVFault) -> Double {
        guard let position = parser.label else { return .nan }
        let field = lines[position]
        let name = parser.schema.label.name
        guard parser.schema.label.names != nil else {
            if let form = parser.schema.label.form, let value = lines.withText(field, form.value) { return value }
            switch lines.value(field, parser.missing) {
            case .number(let value): return value
            case .missing: return try missingLabel()
            case .notFinite, .text:
                throw fault("the label '\(lines.text(field))' (column '\(name)') is not a finite number")
            }
        }
        if let known = lines.withText(field, parser.labelTable.index(of:)) { return Double(known) }
        if lines.withText(field, { parser.missing.matches($0) }) { return try missingLabel() }
        let text = lines.text(field)
        if let known = newLabels[text] { return Double(known) }
        newLabels[text] = block.labelNames.count
        block.labelNames.append(text)
        return Double(block.labelNames.count - 1)
    }

    /// NaN: the row is left out, or needs no label.
    private func missingLabel() throws(CSVFault) -> Double {
        guard !parser.allowMissingLabels, parser.missingLabel == .error else { return .nan }
        throw fault("the label (column '\(parser.schema.label.name)') is missing; remove this row")
    }

    private func weight(_ field: Rows.Cell) throws(CSVFault) -> Double {
        guard case .number(let value) = lines.value(field, parser.missing), value >= 0 else {
            throw fault("the weight '\(lines.text(field))' is not a finite number of at least 0")
        }
        return value
    }
}
