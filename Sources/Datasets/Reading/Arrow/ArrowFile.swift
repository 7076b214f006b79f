/// A file in the Arrow IPC format, with a footer (Feather) or as a stream: its columns, and where its record batches lie.
struct ArrowFile: Codable, Sendable, Equatable {
    /// A message: its metadata with what stands before it, then its body.
    struct Part: Codable, Sendable, Equatable {
        var offset: Int
        var metadataCount: Int
    }

    struct Batch: Codable, Sendable, Equatable {
        var part: Part
        var rows: Int
        /// Batches of dictionaries that come before it.
        var dictionaries: Int
    }

    let path: String
    private(set) var schema: ArrowSchema
    private(set) var dictionaries: [Part] = []
    private(set) var batches: [Batch] = []
    private(set) var rows = 0

    static let magic = Array("ARROW1".utf8)
    static let continuation: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]

    init(path: String) throws {
        let file = try InputFile(path: path)
        self.path = path
        do {
            let messages = ArrowMessages(file)
            if try messages.bytes(0, min(8, file.byteCount)).starts(with: Self.magic) {
                let footer = try messages.footer()
                guard let table = try footer.table(1) else { throw ArrowFault.damaged }
                schema = try ArrowSchema(table)
                dictionaries = try messages.blocks(footer, 2)
                let blocks = try messages.blocks(footer, 3)
                batches.reserveCapacity(blocks.count)
                for part in blocks { try add(part, messages.message(part), dictionaries: dictionaries.count, file) }
            } else {
                schema = try messages.streamSchema()
                try messages.walk { part, message in
                    switch message.content {
                    case .schema: throw ArrowFault("holds a second schema: it is two streams in one file")
                    case .dictionary: dictionaries.append(part)
                    case .batch: try add(part, message, dictionaries: dictionaries.count, file)
                    }
                }
            }
        } catch let fault as ArrowFault {
            throw ParseError(file: path, message: fault.message)
        }
    }

    private var bytesTaken = 0
    private enum CodingKeys: String, CodingKey { case path, schema, dictionaries, batches, rows }

    private mutating func add(_ part: Part, _ message: ArrowMessage, dictionaries: Int, _ file: InputFile) throws {
        guard case .batch(let header) = message.content else { throw ArrowFault.damaged }
        // A batch that stood in many places would be more rows than the file has.
        guard let sum = CheckedCount.sum([rows, header.rows]),
            let taken = CheckedCount.sum([bytesTaken, part.metadataCount, message.bodyCount]), taken <= file.byteCount
        else { throw ArrowFault.damaged }
        rows = sum
        bytesTaken = taken
        batches.append(Batch(part: part, rows: header.rows, dictionaries: dictionaries))
    }
}

/// Reads the messages of a file.
struct ArrowMessages {
    let file: InputFile

    init(_ file: InputFile) { self.file = file }

    func bytes(_ start: Int, _ count: Int) throws -> [UInt8] {
        guard start >= 0, count >= 0, count <= file.byteCount - start else { throw ArrowMessages.cutOff }
        var bytes = [UInt8](repeating: 0, count: count)
        guard try bytes.withUnsafeMutableBytes({ try file.read(into: $0, at: start) }) == count else {
            throw ArrowMessages.cutOff
        }
        return bytes
    }

    static let cutOff = ArrowFault("is cut off; copy or write it again")

    fileprivate func footer() throws -> FlatTable {
        let magic = ArrowFile.magic
        guard file.byteCount >= 8 + 4 + magic.count else { throw ArrowMessages.cutOff }
        let tail = try bytes(file.byteCount - 4 - magic.count, 4 + magic.count)
        guard tail.dropFirst(4).elementsEqual(magic) else { throw ArrowMessages.cutOff }
        let size = Int(try FlatBuffer(bytes: tail).load(0, as: Int32.self))
        guard size > 0, size <= file.byteCount - 4 - magic.count else { throw ArrowFault.damaged }
        return try FlatBuffer(bytes: bytes(file.byteCount - 4 - magic.count - size, size)).root
    }

    fileprivate func blocks(_ footer: FlatTable, _ field: Int) throws -> [ArrowFile.Part] {
        guard let vector = try footer.vector(field, size: 24) else { return [] }
        return try (0..<vector.count).map { index in
            let place = vector.start + 24 * index
            return ArrowFile.Part(
                offset: Int(try footer.buffer.load(place, as: Int64.self)),
                metadataCount: Int(try footer.buffer.load(place + 8, as: Int32.self)))
        }
    }

    func message(_ part: ArrowFile.Part) throws -> ArrowMessage {
        let bytes = try bytes(part.offset, part.metadataCount)
        let head = bytes.starts(with: ArrowFile.continuation) ? 8 : 4
        guard bytes.count > head else { throw ArrowFault.damaged }
        let message = try ArrowMessage(Array(bytes[head...]))
        guard message.bodyCount <= file.byteCount - part.offset - part.metadataCount else { throw ArrowMessages.cutOff }
        return message
    }

    func body(_ part: ArrowFile.Part) -> ArrowBody { .file(file, part.offset + part.metadataCount) }

    fileprivate func streamSchema() throws -> ArrowSchema {
        guard let part = try part(at: 0), case .schema(let schema) = try message(part).content else {
            throw ArrowFault("is no Arrow file: it begins neither with ARROW1 nor with a schema")
        }
        return schema
    }

    /// The message that begins at a byte; nil: the stream ends.
    private func part(at offset: Int) throws -> ArrowFile.Part? {
        guard offset < file.byteCount else { return nil }
        // Before version 0.15 the length came without a mark in front of it.
        let head = try bytes(offset, min(8, file.byteCount - offset))
        let isMarked = head.starts(with: ArrowFile.continuation)
        guard let size = try? FlatBuffer(bytes: head).load(isMarked ? 4 : 0, as: Int32.self), size >= 0 else {
            throw ArrowMessages.cutOff
        }
        return size == 0 ? nil : ArrowFile.Part(offset: offset, metadataCount: Int(size) + (isMarked ? 8 : 4))
    }

    /// The messages of a stream behind its schema.
    fileprivate func walk(_ body: (ArrowFile.Part, ArrowMessage) throws -> Void) throws {
        guard let schema = try part(at: 0) else { return }
        var offset = schema.offset + schema.metadataCount
        while let part = try part(at: offset) {
            let message = try message(part)
            try body(part, message)
            offset = part.offset + part.metadataCount + message.bodyCount
        }
    }
}
