/// Bytes in sequence, wherever they come from.
protocol ByteSource: AnyObject {
    /// Fills `buffer`; fewer bytes only at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
    /// Bytes of the file on disk behind what was read.
    var position: Int { get }
    /// Bytes that may still come, as far as the source tells.
    var expected: Int { get }
}

extension ByteSource {
    /// The next bytes, `count` or all there are.
    func bytes(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: min(count, expected.saturating(plus: 1)))
        let got = try bytes.withUnsafeMutableBytes { try read(into: $0) }
        bytes.removeLast(bytes.count - got)
        return bytes
    }
}

/// The bytes of a file as they are.
final class FileBytes: ByteSource {
    private let file: InputFile
    private let start: Int
    private(set) var position = 0
    /// The end was met: bytes written later are another reading's.
    private var isAtEnd = false

    init(_ file: InputFile, from start: Int = 0) {
        self.file = file
        self.start = start
    }

    var expected: Int {
        if isAtEnd { return 0 }
        let left = file.mostBytes - start - position
        // A file that grows is read to its end.
        return left >= 0 ? left : .max
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let got = try file.isPipe ? file.readNext(into: buffer) : file.read(into: buffer, at: start + position)
        position += got
        isAtEnd = got < buffer.count
        return got
    }
}

/// A source whose next bytes may be looked at.
final class PeekedBytes: ByteSource {
    private let rest: any ByteSource
    private var head: ArraySlice<UInt8> = []

    init(_ rest: any ByteSource) { self.rest = rest }

    /// - Parameter head: comes before the source's bytes.
    init(_ head: [UInt8], before rest: any ByteSource) {
        self.rest = rest
        self.head = head[...]
    }

    var position: Int { rest.position - head.count }
    var expected: Int { rest.expected.saturating(plus: head.count) }

    /// The next bytes, `count` or all there are; they stay.
    func peek(_ count: Int) throws -> ArraySlice<UInt8> {
        if head.count < count { head += try rest.bytes(count - head.count) }
        return head.prefix(count)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard !head.isEmpty else { return try rest.read(into: buffer) }
        let count = min(head.count, buffer.count)
        buffer.copyBytes(from: head.prefix(count))
        head = head.dropFirst(count)
        guard count < buffer.count else { return count }
        return try count + rest.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
    }
}

/// Lines that end with a carriage return alone, as old Macs wrote them: they end with a line feed here.
final class ReturnLines: ByteSource {
    private let base: any ByteSource

    init(_ base: any ByteSource) { self.base = base }

    var position: Int { base.position }
    var expected: Int { base.expected }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let got = try base.read(into: buffer)
        for index in 0..<got where buffer[index] == 0x0D { buffer[index] = 0x0A }
        return got
    }

    /// - Parameter head: the first bytes of a text.
    static func areIn(_ head: ArraySlice<UInt8>) -> Bool { head.contains(0x0D) && !head.contains(0x0A) }
}
