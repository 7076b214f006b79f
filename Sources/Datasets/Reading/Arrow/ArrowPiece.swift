/// Rows of one record batch, wherever they come from: what a thread needs to make columns of them.
struct ArrowPiece: Sendable {
    let file: String
    let schema: ArrowSchema
    let header: ArrowBatchHeader
    let body: ArrowBody
    /// Of the batch.
    let rows: Range<Int>
    /// Number of the first of them in the file, from 0.
    let firstRow: Int
    let dictionaries: ArrowDictionaries
    let selection: ArrowSelection

    func decode() throws -> ArrowBatch {
        do {
            let isWhole = rows.count == header.rows && 2 * selection.fields.count >= schema.fields.count
            let count = header.buffers.map(\.upperBound).max() ?? 0
            let body = isWhole ? try body.gathered(count) : body
            var decoder = ArrowDecoder(schema: schema, header: header, body: body, rows: rows)
            let decoded = try decoder.columns(selection.fields, dictionaries: dictionaries.current)
            var columns = [ArrowColumn](
                repeating: ArrowColumn(kind: .null, rows: rows.count), count: selection.columnCount)
            for (field, position) in zip(selection.fields, selection.positions) { columns[position] = decoded[field] }
            return ArrowBatch(
                file: file, firstRow: firstRow, rows: rows.count, columns: columns, owners: decoder.owners,
                dictionaries: decoder.used)
        } catch let fault as ArrowFault {
            throw ParseError(file: file, message: fault.message)
        }
    }
}

/// Which columns of a table are read, and where they are in what is read.
struct ArrowSelection: Sendable {
    /// Ascending.
    let fields: [Int]
    /// Of the table, for each field.
    let positions: [Int]
    let columnCount: Int

    /// - Parameter places: where the table's columns are among the fields; nil: in the same places.
    init(_ wanted: some Sequence<Int>, of columnCount: Int, places: [Int: Int]? = nil) {
        let pairs = Set(wanted).compactMap { position in
            (places.map { $0[position] } ?? position).map { ($0, position) }
        }
        .sorted { $0.0 < $1.0 }
        fields = pairs.map(\.0)
        positions = pairs.map(\.1)
        self.columnCount = columnCount
    }

    /// Rows that are worth a block of their own.
    var rowsAtATime: Int { max(64, min(1 << 16, (1 << 22) / max(1, fields.count) & ~7)) }
}

/// What yields the rows of a table, batch by batch.
protocol ArrowReader: AnyObject {
    func next() throws -> ArrowPiece?
}

/// Reads some rows of an Arrow file.
final class ArrowFileReader: ArrowReader {
    private let file: ArrowFile
    private let messages: ArrowMessages
    private let rows: Range<Int>
    private let selection: ArrowSelection
    private var dictionaries = ArrowDictionaries()
    private var dictionariesTaken = 0
    private var batch = 0
    /// Of the current batch, in the file.
    private var batchStart = 0
    private var header: ArrowBatchHeader?
    /// The next row, in the file.
    private var row: Int

    init(_ file: ArrowFile, rows: Range<Int>, wanted: [Int]) throws {
        self.file = file
        self.rows = rows
        row = rows.lowerBound
        messages = ArrowMessages(try InputFile(path: file.path))
        selection = ArrowSelection(wanted, of: file.schema.fields.count)
        try file.schema.require(selection.fields, file: file.path)
        guard selection.fields.contains(where: { file.schema.fields[$0].storedType != .null }) else {
            throw ParseError(file: file.path, message: "its columns hold no values: all of them are of type null")
        }
    }

    func next() throws -> ArrowPiece? {
        do {
            return try piece()
        } catch let fault as ArrowFault {
            throw ParseError(file: file.path, message: fault.message)
        }
    }

    private func piece() throws -> ArrowPiece? {
        guard row < rows.upperBound else { return nil }
        while batchStart + file.batches[batch].rows <= row {
            batchStart += file.batches[batch].rows
            batch += 1
            header = nil
        }
        let entry = file.batches[batch]
        try takeDictionaries(entry.dictionaries)
        if header == nil {
            guard case .batch(let found) = try messages.message(entry.part).content, found.rows == entry.rows else {
                throw ArrowFault("changed while it was read")
            }
            header = found
        }
        guard let header else { return nil }
        let first = row - batchStart
        var last = min(entry.rows, rows.upperBound - batchStart)
        // What is packed has to be unpacked from its start on, once.
        if header.codec == nil { last = min(last, first + selection.rowsAtATime) }
        row = batchStart + last
        return ArrowPiece(
            file: file.path, schema: file.schema, header: header, body: messages.body(entry.part), rows: first..<last,
            firstRow: batchStart + first, dictionaries: dictionaries, selection: selection)
    }

    private func takeDictionaries(_ count: Int) throws {
        while dictionariesTaken < count {
            let part = file.dictionaries[dictionariesTaken]
            guard case .dictionary(let id, let isDelta, let header) = try messages.message(part).content else {
                throw ArrowFault.damaged
            }
            try dictionaries.add(
                id: id, isDelta: isDelta, header, body: messages.body(part), schema: file.schema,
                wanted: selection.fields)
            dictionariesTaken += 1
        }
    }
}
