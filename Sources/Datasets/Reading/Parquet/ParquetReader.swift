/// Reads some rows of a Parquet file, as the Arrow stream that the converter makes of them.
final class ParquetReader: ArrowReader {
    private let file: ParquetFile
    private let converter: ParquetConverter
    private let rows: Range<Int>
    private let wanted: [Int]
    private let pool: ChunkPool
    private var schema: ArrowSchema?
    private var selection: ArrowSelection
    private var dictionaries = ArrowDictionaries()
    private var row: Int
    private var hasAsked = false
    private var hasEnded = false

    /// - Parameter converter: which answers nobody else until the last row is read.
    init(_ file: ParquetFile, rows: Range<Int>, wanted: [Int], converter: ParquetConverter, pool: ChunkPool) {
        self.file = file
        self.converter = converter
        self.rows = rows
        self.wanted = wanted
        self.pool = pool
        row = rows.lowerBound
        selection = ArrowSelection([], of: file.columns.count)
    }

    func next() throws -> ArrowPiece? {
        do {
            if !hasAsked {
                try converter.ask(file.path, rows: rows, columns: wanted.map { file.columns[$0] })
                hasAsked = true
            }
            while !hasEnded {
                if let piece = try message() { return piece }
            }
            guard row == rows.upperBound else { throw ArrowFault.damaged }
            return nil
        } catch let fault as ArrowFault {
            throw ParseError(file: file.path, message: fault.message)
        }
    }

    /// Takes in one message; a batch comes back.
    private func message() throws -> ArrowPiece? {
        var head: (UInt32, UInt32) = (0, 0)
        try withUnsafeMutableBytes(of: &head) { try converter.read(into: $0) }
        guard head.0 == 0xFFFF_FFFF, head.1 < 1 << 30 else { throw ArrowFault.damaged }
        guard head.1 > 0 else {
            hasEnded = true
            return nil
        }
        var metadata = [UInt8](repeating: 0, count: Int(head.1))
        try metadata.withUnsafeMutableBytes { try converter.read(into: $0) }
        let message = try ArrowMessage(metadata)
        let memory = ChunkMemory(capacity: message.bodyCount, pool: pool)
        let body = ArrowBytes(memory, 0..<message.bodyCount)
        try converter.read(into: body.buffer)
        switch message.content {
        case .schema(let found): try take(found)
        case .dictionary(let id, let isDelta, let header):
            guard let schema else { throw ArrowFault.damaged }
            try dictionaries.add(
                id: id, isDelta: isDelta, header, body: .memory(body), schema: schema, wanted: selection.fields)
        case .batch(let header):
            guard let schema, header.rows <= rows.upperBound - row else { throw ArrowFault.damaged }
            let first = row
            row += header.rows
            return ArrowPiece(
                file: file.path, schema: schema, header: header, body: .memory(body), rows: 0..<header.rows,
                firstRow: first, dictionaries: dictionaries, selection: selection)
        }
        return nil
    }

    private func take(_ found: ArrowSchema) throws {
        schema = found
        let places = Dictionary(zip(found.fields.map(\.name), 0...), uniquingKeysWith: { first, _ in first })
        var fields: [Int: Int] = [:]
        for position in wanted {
            guard let field = places[file.columns[position]] else {
                // An answer without rows has no columns either.
                guard !found.fields.isEmpty else { continue }
                throw ArrowFault("column '\(file.columns[position])' did not come from the converter")
            }
            fields[position] = field
        }
        selection = ArrowSelection(wanted, of: file.columns.count, places: fields)
        try found.require(selection.fields, file: file.path)
    }
}
