/// What deals chunks of a file: lines of text, or records of an array.
protocol ChunkReader: AnyObject {
    /// Nil at the end.
    func next() throws -> TextChunk?
    /// Bytes of the file behind what was delivered.
    var bytesTaken: Int { get }
}

extension TextReader: ChunkReader {}

/// Reads the rows of an array as chunks of whole records; `TextChunk.offset` counts from the first record.
final class RecordReader: ChunkReader {
    private let array: StoredArray
    private let input: ArrayInput
    private let pool: ChunkPool
    private let rowsPerChunk: Int
    private var row: Int
    private let end: Int

    var bytesTaken: Int { input.packedTaken }

    /// - Parameters:
    ///   - rows: of a packed array, from the first row on.
    ///   - chunkSize: bytes of a chunk, about; at least one record.
    init(_ array: StoredArray, rows: Range<Int>, chunkSize: Int, pool: ChunkPool = ChunkPool()) throws {
        self.array = array
        self.pool = pool
        input = try ArrayInput(array.source)
        rowsPerChunk = max(1, max(chunkSize, array.source.piece ?? 0) / max(1, array.header.bytesPerRow))
        row = rows.lowerBound
        end = rows.upperBound
        precondition(row == 0 || !array.source.isPacked)
        guard array.source.isPacked else { return }
        var head = [UInt8](repeating: 0, count: array.header.start)
        _ = try head.withUnsafeMutableBytes { try input.read(into: $0) }
    }

    /// The records that start in a range of the bytes of all records.
    convenience init(_ array: StoredArray, bytes: Range<Int>, chunkSize: Int, pool: ChunkPool) throws {
        let size = max(1, array.header.bytesPerRow)
        try self.init(
            array, rows: (bytes.lowerBound + size - 1) / size..<(bytes.upperBound + size - 1) / size,
            chunkSize: chunkSize, pool: pool)
    }

    func next() throws -> TextChunk? {
        guard row < end else { return nil }
        let header = array.header
        let count = min(rowsPerChunk, end - row) * header.bytesPerRow
        let memory = ChunkMemory(capacity: count, pool: pool)
        let buffer = memory.bytes(at: 0, count: count)
        let offset = row * header.bytesPerRow
        let got =
            array.source.isPacked
            ? try input.read(into: buffer) : try input.read(into: buffer, at: header.start + offset)
        guard got == count else {
            throw ParseError(
                file: array.source.name,
                message:
                    "is cut off after \(row + got / max(1, header.bytesPerRow)) of \(header.rows) rows; copy it again")
        }
        row += count / header.bytesPerRow
        if row == header.rows, array.source.isPacked, header.isIDX { try refuseSurplus() }
        return TextChunk(
            file: array.source.name, offset: offset, firstLine: nil, memory: memory, start: 0, count: count)
    }

    /// An IDX file ends with its last record.
    private func refuseSurplus() throws {
        var byte = [UInt8](repeating: 0, count: 1)
        guard try byte.withUnsafeMutableBytes({ try input.read(into: $0) }) == 0 else {
            throw IDXHeader.surplus(array.source, array.header)
        }
    }
}
