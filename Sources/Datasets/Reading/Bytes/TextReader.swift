/// Reads a text as chunks of whole lines: a byte range of a plain file, or a whole file or pipe in sequence.
///
/// A range a ..< b stands for all lines that start in it, so ranges that tile a file yield each line exactly once.
public final class TextReader {
    /// How messages name the file.
    public let file: String
    /// Bytes on disk; 0 for a pipe.
    public let byteCount: Int
    /// The text can be read in sequence only.
    public let isSequential: Bool
    /// Bytes of the file (packed ones of a packed file) behind what was delivered or is pending.
    var bytesTaken: Int { source?.position ?? offset + count }
    /// Lines between quotes do not end there: rows of a table whose fields stand between such bytes (see `QuoteScan`).
    var delimiter: UInt8?
    /// Nil: a range of `input`.
    private let source: (any ByteSource)?
    private let input: InputFile?
    private let chunkSize: Int
    private let longestLine: Int
    private let pool: ChunkPool
    /// Bytes not yet delivered, `count` from `start` on; they start a line once `isAtLineStart`.
    private var memory: ChunkMemory
    private var start = 0
    private var count = 0
    /// Offset of those bytes in the (decompressed) bytes.
    private var offset: Int
    /// Lines that start at or after this offset belong to others.
    private let end: Int
    private var line: Int?
    private var isAtLineStart: Bool
    private var sourceIsEmpty = false

    public static let defaultChunkSize = 4 << 20
    /// Bytes that a line may have, many millions of values. A line without end is no row of a table; packed zeros would
    /// grow to it.
    static let longestLine = 1 << 28

    /// All lines of a file, in sequence, whatever it is packed with. Line numbers are known.
    public convenience init(stream path: String, chunkSize: Int = TextReader.defaultChunkSize) throws {
        try self.init(.file(path), chunkSize: chunkSize)
    }

    init(_ text: TextSource, chunkSize: Int, longestLine: Int = TextReader.longestLine) throws {
        pool = ChunkPool()
        self.longestLine = longestLine
        let (source, byteCount, isSequential) = try text.open()
        (self.source, self.byteCount, self.isSequential) = (source, byteCount, isSequential)
        file = text.name
        input = nil
        self.chunkSize = max(chunkSize, 1)
        memory = ChunkMemory(capacity: min(self.chunkSize, source.expected) + 64, pool: pool)
        offset = 0
        end = .max
        line = 1
        isAtLineStart = true
    }

    /// The lines of a plain file that start in the byte range.
    public convenience init(
        path: String, range: Range<Int>, chunkSize: Int = TextReader.defaultChunkSize
    ) throws {
        try self.init(path: path, range: range, chunkSize: chunkSize, pool: ChunkPool())
    }

    /// - Parameter pool: memory that other readers used and will use.
    init(path: String, range: Range<Int>, chunkSize: Int, pool: ChunkPool) throws {
        self.pool = pool
        longestLine = TextReader.longestLine
        let input = try InputFile(path: path)
        self.input = input
        file = input.name
        byteCount = input.byteCount
        self.chunkSize = max(chunkSize, 1)
        isSequential = false
        source = nil
        memory = ChunkMemory(capacity: max(min(chunkSize, input.byteCount), 1) + 64, pool: pool)
        // From one byte before: a line starts at `lowerBound` exactly when that byte is a line end.
        isAtLineStart = range.lowerBound == 0
        offset = isAtLineStart ? 0 : range.lowerBound - 1
        line = nil
        end = range.upperBound
        sourceIsEmpty = range.isEmpty
    }

    /// A copy of the next lines, about `chunkSize` bytes, which stay; nil at the end.
    public func peek() throws -> TextChunk? {
        guard let cut = try nextCut() else { return nil }
        return TextChunk(file: file, offset: offset, firstLine: line, bytes: Array(pending[..<cut]))
    }

    /// The next lines, about `chunkSize` bytes; nil at the end. Throws `ParseError` (cannot read, corrupt gzip).
    public func next() throws -> TextChunk? { try nextCut().map(deliver) }

    /// How many of the pending bytes make the next chunk; nil at the end.
    private func nextCut() throws -> Int? {
        if !isAtLineStart { try skipToLineStart() }
        guard offset < end else { return nil }
        var searched = 0
        var quotes = delimiter.map { QuoteScan(delimiter: $0) }
        while true {
            // A long line doubles what is read at a time, so that it is not moved again and again.
            try fill(max(searched + chunkSize, min(2 * searched, longestLine + 1)))
            let cut = quotes != nil ? quotes?.lastLineEnd(UnsafeRawBufferPointer(pending)) : lastCut(from: searched)
            if let cut { return cut }
            if sourceIsEmpty { return count == 0 ? nil : count }
            guard count <= longestLine else { throw endless }
            searched = count
        }
    }

    private var endless: ParseError {
        var error = ParseError(
            file: file,
            message: "a line does not end within \(formatBytes(longestLine)): the file is damaged, or no text with one "
                + "row on a line; if it is an array, say so with `format`")
        (error.lineInChunk, error.chunkOffset, error.firstLine) = (1, offset, line)
        return error
    }

    /// Bytes that may still come, as far as the file tells.
    private var expected: Int {
        if sourceIsEmpty { return 0 }
        if let source { return source.expected }
        let left = byteCount - offset - count
        // A file that grows is read to its end.
        return left >= 0 ? left : .max
    }

    private var pending: UnsafeMutableRawBufferPointer { memory.bytes(at: start, count: count) }

    /// Where to cut `pending`: after its last line end, or after the first one at or beyond the end of the range.
    private func lastCut(from searched: Int) -> Int? {
        if end - offset <= count {
            let last = max(end - offset - 1, searched)
            return pending[last...].firstIndex(of: 0x0A).map { $0 + 1 }
        }
        return pending[searched...].lastIndex(of: 0x0A).map { $0 + 1 }
    }

    private func deliver(_ length: Int) -> TextChunk {
        let (full, first) = (memory, start)
        // What is left goes to other memory before the chunk's slack is written.
        let rest = count - length
        move(to: ChunkMemory(capacity: min(chunkSize, expected) + rest + 128, pool: pool), dropping: length)
        // Errors elsewhere in a plain file find their line by counting; see `ParseError.resolved`.
        let chunk = TextChunk(
            file: file, offset: offset, firstLine: line ?? (offset == 0 ? 1 : nil), memory: full, start: first,
            count: length)
        if line != nil {
            line? += chunk.withBytes { $0.withMemoryRebound(to: UInt8.self) { countBytes(0x0A, in: $0) } }
        }
        offset += length
        return chunk
    }

    /// Moves what is pending, without its first bytes, so that new bytes come to an aligned place.
    private func move(to other: ChunkMemory, dropping dropped: Int) {
        let rest = memory.bytes(at: start + dropped, count: count - dropped)
        start = (rest.count + 63) / 64 * 64 - rest.count
        count = rest.count
        other.bytes(at: start, count: count).copyMemory(from: UnsafeRawBufferPointer(rest))
        memory = other
    }

    private func skipToLineStart() throws {
        while true {
            if let cut = pending.firstIndex(of: 0x0A) {
                offset += cut + 1
                start += cut + 1
                count -= cut + 1
                isAtLineStart = true
                return
            }
            offset += count
            start = 0
            count = 0
            if sourceIsEmpty || offset >= end { break }
            try fill(chunkSize)
        }
        isAtLineStart = true
        offset = max(offset, end)
    }

    /// Brings `pending` to `wanted` bytes, or to the end of the source.
    private func fill(_ wanted: Int) throws {
        guard count < wanted, !sourceIsEmpty else { return }
        // One byte more than there is tells the end.
        let wanted = min(wanted, count.saturating(plus: expected).saturating(plus: 1))
        if start + wanted > memory.capacity {
            move(to: ChunkMemory(capacity: wanted + 64 + min(chunkSize, expected), pool: pool), dropping: 0)
        }
        let buffer = memory.bytes(at: start + count, count: wanted - count)
        let got = try source?.read(into: buffer) ?? input?.read(into: buffer, at: offset + count) ?? 0
        if got < wanted - count { sourceIsEmpty = true }
        count += got
    }
}
