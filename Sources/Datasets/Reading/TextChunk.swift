/// Whole lines of a text file, ready to parse on any rank.
public struct TextChunk: Sendable {
    public var file: String
    /// Where `bytes` starts in the file's (decompressed) bytes.
    public var offset: Int
    /// 1-based number of the first line; nil when the reader started in the middle of the file.
    public var firstLine: Int?
    /// Ends with a line end, except perhaps for the last line of the file.
    public var bytes: [UInt8]

    public init(file: String, offset: Int, firstLine: Int?, bytes: [UInt8]) {
        self.file = file
        self.offset = offset
        self.firstLine = firstLine
        self.bytes = bytes
    }

    /// Runs `body` on the bytes, which end with a line end whatever the file ends with, so that parsers need no other
    /// end check. A byte-order mark at the file's start is left out.
    func withTerminatedBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result {
        let mark = markLength
        guard bytes.last != 0x0A else {
            return try bytes.withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[mark...])) }
        }
        return try (bytes + [0x0A]).withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[mark...])) }
    }

    /// Bytes of a UTF-8 byte-order mark at the file's start.
    var markLength: Int { offset == 0 && bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0 }
}

/// What turns lines into rows: the same call for every text format.
public protocol TextParser: Sendable {
    /// The chunk's rows in file order. Throws `ParseError`.
    func parse(_ chunk: TextChunk) throws -> RowBlock
}
