/// Bytes that somebody keeps.
struct ArrowBytes: Sendable {
    private let memory: ChunkMemory
    private let start: Int
    let count: Int

    init(_ memory: ChunkMemory, _ range: Range<Int>) {
        self.memory = memory
        start = range.lowerBound
        count = range.count
    }

    init(count: Int) {
        memory = ChunkMemory(capacity: count)
        start = 0
        self.count = count
    }

    var buffer: UnsafeMutableRawBufferPointer { memory.bytes(at: start, count: count) }

    func part(_ range: Range<Int>) -> ArrowBytes {
        ArrowBytes(memory, start + range.lowerBound..<start + range.upperBound)
    }
}

/// Where the body of a message is.
enum ArrowBody: Sendable {
    case memory(ArrowBytes)
    /// From a byte of a file on.
    case file(InputFile, Int)

    /// - Precondition: the range is one of the body.
    func bytes(_ range: Range<Int>) throws -> ArrowBytes {
        switch self {
        case .memory(let bytes): return bytes.part(range)
        case .file(let file, let start):
            let bytes = ArrowBytes(count: range.count)
            guard try file.read(into: bytes.buffer, at: start + range.lowerBound) == range.count else {
                throw ParseError(file: file.name, message: "became shorter while it was read; copy it again")
            }
            return bytes
        }
    }
}

extension ArrowBody {
    /// Bytes that are read at once, rather than buffer by buffer.
    private static let mostAtOnce = 1 << 26

    /// In memory, where all of it is needed and it is not large.
    func gathered(_ count: Int) throws -> ArrowBody {
        guard case .file = self, count <= Self.mostAtOnce else { return self }
        return .memory(try bytes(0..<count))
    }
}

// Read by position only, by whichever thread.
extension InputFile: @unchecked Sendable {}
