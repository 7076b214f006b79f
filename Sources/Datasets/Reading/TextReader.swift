/// Reads a text file as chunks of whole lines: a byte range of a plain file, or a whole plain file, gzip file or
/// standard input in sequence.
///
/// A range a ..< b stands for all lines that start in it, so ranges that tile a file yield each line exactly once.
public final class TextReader {
    public let path: String
    /// How messages name the file.
    public let file: String
    /// Bytes on disk; 0 for standard input.
    public var byteCount: Int { input.byteCount }
    public let isCompressed: Bool
    /// Bytes of the file (compressed ones of a gzip file) behind what was delivered or is pending.
    var bytesTaken: Int { inflater?.position ?? offset + count }
    private let input: InputFile
    private let inflater: GzipInflater?
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
    private var peeked: TextChunk?

    public static let defaultChunkSize = 4 << 20
    /// Bytes that a line may have, many millions of values. A line without end is no row of a table; packed zeros would
    /// grow to it.
    static let longestLine = 1 << 28
    /// Bytes that a packed one stands for at most: a match of 258 bytes takes deflate two bits.
    static let packedRatio = 1032

    /// All lines of a plain file, a gzip file or standard input ("-"), in sequence. Line numbers are known.
    public convenience init(stream path: String, chunkSize: Int = TextReader.defaultChunkSize) throws {
        try self.init(stream: path, chunkSize: chunkSize, longestLine: TextReader.longestLine)
    }

    init(stream path: String, chunkSize: Int, longestLine: Int) throws {
        pool = ChunkPool()
        self.longestLine = longestLine
        input = try InputFile(path: path)
        self.path = path
        file = input.name
        self.chunkSize = max(chunkSize, 1)
        // Two bytes tell gzip; no more than a chunk, which may be small.
        var head = [UInt8](repeating: 0, count: max(2, min(chunkSize, input.mostBytes, 1 << 16)))
        let got = try head.withUnsafeMutableBytes { [input] in try input.readNext(into: $0) }
        head.removeLast(head.count - got)
        isCompressed = head.starts(with: [0x1F, 0x8B])
        inflater = isCompressed ? try GzipInflater(file: input, head: head) : nil
        let most = input.mostBytes.saturating(times: isCompressed ? Self.packedRatio : 1)
        let memory = ChunkMemory(capacity: max(min(chunkSize, most), head.count) + 64, pool: pool)
        if !isCompressed {
            head.withUnsafeBytes { memory.bytes(at: 0, count: $0.count).copyMemory(from: $0) }
            count = head.count
        }
        self.memory = memory
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
        input = try InputFile(path: path)
        self.path = path
        file = input.name
        self.chunkSize = max(chunkSize, 1)
        isCompressed = false
        inflater = nil
        memory = ChunkMemory(capacity: max(min(chunkSize, input.byteCount), 1) + 64, pool: pool)
        // From one byte before: a line starts at `lowerBound` exactly when that byte is a line end.
        isAtLineStart = range.lowerBound == 0
        offset = isAtLineStart ? 0 : range.lowerBound - 1
        line = nil
        end = range.upperBound
        sourceIsEmpty = range.isEmpty
    }

    /// The next chunk, without taking it.
    public func peek() throws -> TextChunk? {
        if peeked == nil { peeked = try read() }
        return peeked
    }

    /// The next lines, about `chunkSize` bytes; nil at the end. Throws `ParseError` (cannot read, corrupt gzip).
    public func next() throws -> TextChunk? {
        if let chunk = peeked {
            peeked = nil
            return chunk
        }
        return try read()
    }

    private func read() throws -> TextChunk? {
        if !isAtLineStart { try skipToLineStart() }
        guard offset < end else { return nil }
        var searched = 0
        while true {
            // A long line doubles what is read at a time, so that it is not moved again and again.
            try fill(max(searched + chunkSize, min(2 * searched, longestLine + 1)))
            if let cut = lastCut(from: searched) { return deliver(cut) }
            if sourceIsEmpty { return count == 0 ? nil : deliver(count) }
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
        if isCompressed { return input.mostBytes.saturating(times: Self.packedRatio) }
        let left = input.mostBytes - offset - count
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
        let got: Int
        if let inflater {
            got = try inflater.read(into: buffer)
        } else if end != .max {
            got = try input.read(into: buffer, at: offset + count)
        } else {
            got = try input.readNext(into: buffer)
        }
        if got < wanted - count { sourceIsEmpty = true }
        count += got
    }
}
