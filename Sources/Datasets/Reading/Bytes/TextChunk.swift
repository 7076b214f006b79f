import Synchronization

/// Whole lines of a text file, ready to parse on any rank and thread.
public struct TextChunk: Sendable {
    public var file: String
    /// Where the bytes start in the file's (decompressed) bytes.
    public var offset: Int
    /// 1-based number of the first line; nil when the reader started in the middle of the file.
    public var firstLine: Int?
    /// Number of bytes.
    public let count: Int
    private let memory: ChunkMemory
    private let start: Int

    public init(file: String, offset: Int, firstLine: Int?, bytes: [UInt8]) {
        let memory = ChunkMemory(capacity: bytes.count)
        bytes.withUnsafeBytes { memory.bytes(at: 0, count: $0.count).copyMemory(from: $0) }
        self.init(file: file, offset: offset, firstLine: firstLine, memory: memory, start: 0, count: bytes.count)
    }

    /// - Precondition: from now on nobody else writes `memory` from `start` to the slack behind the chunk.
    init(file: String, offset: Int, firstLine: Int?, memory: ChunkMemory, start: Int, count: Int) {
        self.file = file
        self.offset = offset
        self.firstLine = firstLine
        self.memory = memory
        self.start = start
        self.count = count
        // So that parsers need no other end check.
        memory.bytes(at: start + count, count: 1)[0] = 0x0A
    }

    /// A copy of the bytes, which end with a line end, except perhaps for the last line of the file.
    public var bytes: [UInt8] { withBytes { Array($0) } }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(memory.bytes(at: start, count: count)))
    }

    /// Runs `body` on the bytes, which end with a line end whatever the file ends with, and behind which
    /// `ChunkMemory.slack` bytes may be read. A byte-order mark at the file's start is left out.
    func withTerminatedBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result {
        let mark = markLength
        let isTerminated = count > 0 && memory.bytes(at: start + count - 1, count: 1)[0] == 0x0A
        let length = count - mark + (isTerminated ? 0 : 1)
        return try memory.bytes(at: start + mark, count: length).withMemoryRebound(to: UInt8.self) {
            try body(UnsafeBufferPointer($0))
        }
    }

    /// Whole lines.
    var lines: Int { withTerminatedBytes { countBytes(0x0A, in: $0) } }

    /// Bytes of a UTF-8 byte-order mark at the file's start.
    var markLength: Int {
        guard offset == 0, count >= 3 else { return 0 }
        return withBytes { $0.starts(with: [0xEF, 0xBB, 0xBF]) } ? 3 : 0
    }
}

/// Memory for text, on a page boundary: the system copies a file several times faster into aligned memory.
///
/// Unchecked Sendable: a reader writes it, then hands it over in chunks.
final class ChunkMemory: @unchecked Sendable {
    /// Bytes behind the capacity that may be read (parsers look at eight bytes at a time), and one written.
    static let slack = 64

    let capacity: Int
    private let pointer: UnsafeMutableRawPointer
    private let pool: ChunkPool?

    init(capacity: Int, pool: ChunkPool? = nil) {
        let spare = pool?.take(capacity)
        self.capacity = spare?.capacity ?? capacity
        // What is small is not read at once, and there may be much of it.
        let alignment = capacity < 1 << 14 ? 64 : 4096
        pointer = spare?.pointer ?? .allocate(byteCount: capacity + Self.slack, alignment: alignment)
        if spare == nil { (pointer + capacity).initializeMemory(as: UInt8.self, repeating: 0, count: Self.slack) }
        self.pool = pool
    }

    deinit { if pool?.give(pointer, capacity) != true { pointer.deallocate() } }

    func bytes(at start: Int, count: Int) -> UnsafeMutableRawBufferPointer {
        assert(start >= 0 && start + count <= capacity + Self.slack)
        return UnsafeMutableRawBufferPointer(start: pointer + start, count: count)
    }
}

/// Chunk memory that was used and will be again: fresh memory costs more than reading into it.
final class ChunkPool: Sendable {
    private struct Spare: @unchecked Sendable {
        var pointer: UnsafeMutableRawPointer
        var capacity: Int
    }
    private let spares = Mutex<[Spare]>([])
    private let limit = 32

    func take(_ capacity: Int) -> (pointer: UnsafeMutableRawPointer, capacity: Int)? {
        spares.withLock { spares in
            guard let index = spares.firstIndex(where: { $0.capacity >= capacity }) else { return nil }
            let spare = spares.remove(at: index)
            return (spare.pointer, spare.capacity)
        }
    }

    /// False when there are enough.
    func give(_ pointer: UnsafeMutableRawPointer, _ capacity: Int) -> Bool {
        let spare = Spare(pointer: pointer, capacity: capacity)
        return spares.withLock { spares in
            guard spares.count < limit else { return false }
            spares.append(spare)
            return true
        }
    }

    deinit { spares.withLock { for spare in $0 { spare.pointer.deallocate() } } }
}

/// What turns lines into rows: the same call for every text format.
public protocol TextParser: Sendable {
    /// The chunk's rows in file order. Throws `ParseError`.
    func parse(_ chunk: TextChunk) throws -> RowBlock
}
