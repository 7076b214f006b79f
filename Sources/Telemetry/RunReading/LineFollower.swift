import Platform

/// Reads a file of lines that grows, also over a shared file system: each call goes on where the last one ended, at the
/// first line that was not whole then.
///
/// A file that was replaced or cut short, as by a restart from a checkpoint, is read once more from its beginning.
package struct LineFollower: Sendable {
    package enum State: Sendable {
        /// No file, or one that cannot be opened.
        case missing
        /// Lines follow those that were read before.
        case continued
        /// The first read, or the file is another one than before: what was read before no longer holds.
        case restarted
    }

    package let path: String
    private var offset: off_t = 0
    private var hasRead = false
    /// Lines before `offset`, empty ones too.
    private var linesRead = 0
    /// The last bytes before `offset`, by which a file is known again.
    private var tail: [UInt8] = []
    private let block = 1 << 20
    private let tailLength = 64
    private let longestLine: Int

    /// - Parameter longestLine: longer lines are no run's, and are passed over as an empty one.
    package init(path: String, longestLine: Int = 1 << 26) {
        self.path = path
        self.longestLine = longestLine
    }

    /// Calls `begin` once, then `line` with each new whole line without its end, and its number in the file, from 1.
    package mutating func read(begin: (State) -> Void, line: (UnsafeBufferPointer<UInt8>, Int) -> Void) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            offset = 0
            linesRead = 0
            hasRead = false
            tail = []
            return begin(.missing)
        }
        defer { close(descriptor) }
        let isSame = hasRead && holdsTail(descriptor)
        if !isSame {
            offset = 0
            linesRead = 0
            tail = []
        }
        hasRead = true
        begin(isSame ? .continued : .restarted)
        var pending: [UInt8] = []
        var status = stat()
        let left = fstat(descriptor, &status) == 0 ? Int(status.st_size - offset) : block
        var buffer = [UInt8](repeating: 0, count: min(block, max(left + 1, 1 << 12)))
        while true {
            let count = buffer.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress, $0.count, offset + off_t(pending.count))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            pending.append(contentsOf: buffer[..<count])
            // What is left of before holds no line's end.
            if buffer[..<count].contains(UInt8(ascii: "\n")) { takeLines(from: &pending, line) }
            if pending.count > longestLine {
                // Its end comes as a line of the same number that is none either.
                line(UnsafeBufferPointer(start: nil, count: 0), linesRead + 1)
                offset += off_t(pending.count)
                tail = Array(pending.suffix(tailLength))
                pending = []
            }
        }
    }

    /// Hands on the whole lines of `pending` and leaves the rest.
    private mutating func takeLines(from pending: inout [UInt8], _ line: (UnsafeBufferPointer<UInt8>, Int) -> Void) {
        guard let last = pending.lastIndex(of: UInt8(ascii: "\n")) else { return }
        var number = linesRead
        pending.withUnsafeBufferPointer { bytes in
            var start = 0
            while start <= last {
                var end = start
                while bytes[end] != UInt8(ascii: "\n") { end += 1 }
                number += 1
                if end > start { line(UnsafeBufferPointer(rebasing: bytes[start..<end]), number) }
                start = end + 1
            }
        }
        linesRead = number
        offset += off_t(last + 1)
        tail = Array((tail + pending[max(0, last + 1 - tailLength)...last]).suffix(tailLength))
        pending.removeFirst(last + 1)
    }

    private func holdsTail(_ descriptor: Int32) -> Bool {
        guard !tail.isEmpty else { return offset == 0 }
        var found = [UInt8](repeating: 0, count: tail.count)
        let count = found.withUnsafeMutableBytes {
            pread(descriptor, $0.baseAddress, $0.count, offset - off_t(tail.count))
        }
        return count == tail.count && found == tail
    }
}
