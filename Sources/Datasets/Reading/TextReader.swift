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
    var bytesTaken: Int { inflater?.position ?? offset + pending.count }
    private let input: InputFile
    private let inflater: GzipInflater?
    private let chunkSize: Int
    /// Bytes not yet delivered; they start a line once `isAtLineStart`.
    private var pending: [UInt8]
    /// Offset of `pending` in the (decompressed) bytes.
    private var offset: Int
    /// Lines that start at or after this offset belong to others.
    private let end: Int
    private var line: Int?
    private var isAtLineStart: Bool
    private var sourceIsEmpty = false
    private var peeked: TextChunk?

    public static let defaultChunkSize = 4 << 20

    /// All lines of a plain file, a gzip file or standard input ("-"), in sequence. Line numbers are known.
    public init(stream path: String, chunkSize: Int = TextReader.defaultChunkSize) throws {
        input = try InputFile(path: path)
        self.path = path
        file = input.name
        self.chunkSize = max(chunkSize, 1)
        // Two bytes tell gzip; no more than a chunk, which may be small.
        var head = [UInt8](repeating: 0, count: max(2, min(chunkSize, 1 << 16)))
        let count = try head.withUnsafeMutableBytes { [input] in try input.readNext(into: $0) }
        head.removeLast(head.count - count)
        isCompressed = head.starts(with: [0x1F, 0x8B])
        inflater = isCompressed ? try GzipInflater(file: input, head: head) : nil
        pending = isCompressed ? [] : head
        offset = 0
        end = .max
        line = 1
        isAtLineStart = true
    }

    /// The lines of a plain file that start in the byte range.
    public init(path: String, range: Range<Int>, chunkSize: Int = TextReader.defaultChunkSize) throws {
        input = try InputFile(path: path)
        self.path = path
        file = input.name
        self.chunkSize = max(chunkSize, 1)
        isCompressed = false
        inflater = nil
        pending = []
        // From one byte before: a line starts at `lowerBound` exactly when that byte is a line end.
        isAtLineStart = range.lowerBound == 0
        offset = isAtLineStart ? 0 : range.lowerBound - 1
        line = isAtLineStart ? 1 : nil
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
            try fill(searched + chunkSize)
            if let cut = lastCut(from: searched) { return deliver(cut) }
            if sourceIsEmpty { return pending.isEmpty ? nil : deliver(pending.count) }
            searched = pending.count
        }
    }

    /// Where to cut `pending`: after its last line end, or after the first one at or beyond the end of the range.
    private func lastCut(from searched: Int) -> Int? {
        if end - offset <= pending.count {
            let last = max(end - offset - 1, searched)
            return pending[last...].firstIndex(of: 0x0A).map { $0 + 1 }
        }
        return pending[searched...].lastIndex(of: 0x0A).map { $0 + 1 }
    }

    private func deliver(_ count: Int) -> TextChunk {
        let rest = Array(pending[count...])
        pending.removeLast(pending.count - count)
        let chunk = TextChunk(file: file, offset: offset, firstLine: line, bytes: pending)
        if line != nil { line? += pending.withUnsafeBufferPointer { countBytes(0x0A, in: $0) } }
        offset += count
        pending = rest
        return chunk
    }

    private func skipToLineStart() throws {
        while true {
            if let cut = pending.firstIndex(of: 0x0A) {
                offset += cut + 1
                pending.removeFirst(cut + 1)
                isAtLineStart = true
                return
            }
            offset += pending.count
            pending.removeAll()
            if sourceIsEmpty || offset >= end { break }
            try fill(chunkSize)
        }
        isAtLineStart = true
        offset = max(offset, end)
    }

    /// Brings `pending` to `count` bytes, or to the end of the source.
    private func fill(_ count: Int) throws {
        let have = pending.count
        guard have < count, !sourceIsEmpty else { return }
        let got = try withUnsafeTemporaryAllocation(byteCount: count - have, alignment: 16) { buffer in
            let got: Int
            if let inflater {
                got = try inflater.read(into: buffer)
            } else if line == nil || end != .max {
                got = try input.read(into: buffer, at: offset + have)
            } else {
                got = try input.readNext(into: buffer)
            }
            pending.append(contentsOf: UnsafeMutableRawBufferPointer(rebasing: buffer[..<got]))
            return got
        }
        if got < count - have { sourceIsEmpty = true }
    }
}
