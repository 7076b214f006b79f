import BigBatch

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `metrics.jsonl` of a run that goes on after an iteration: what earlier attempts wrote of later ones is cut off, and
/// what they could not write is made up for by one line, so that every iteration is covered once.
public struct MetricsStart: Sendable {
    /// The last iteration done.
    let record: IterationRecord
    /// Covers the iterations that the file lacks; nil: it lacks none.
    let missingLine: MetricsLine?

    /// Cuts the file. A file that is missing lacks all iterations.
    public init(path: String, after record: IterationRecord) throws {
        self.record = record
        let last = try MetricsStart.cut(path, after: record.iteration)
        guard last < record.iteration else {
            missingLine = nil
            return
        }
        var line = MetricsLine(record, start: 0)
        line.firstIteration = last + 1
        missingLine = line
    }

    /// Removes the lines that reach beyond `iteration`, and half lines.
    /// - Returns: the last iteration that is left; 0: none.
    static func cut(_ path: String, after iteration: Int) throws -> Int {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return 0 }
            throw FileWriteError(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        let reader = BackwardLines(descriptor)
        var end = reader.size
        var last = 0
        while let line = reader.previous() {
            if line.isWhole, let found = MetricsStart.iteration(of: line.bytes), found <= iteration {
                last = found
                break
            }
            end = line.start
        }
        guard end == reader.size || ftruncate(descriptor, off_t(end)) == 0, fsync(descriptor) == 0 else {
            throw FileWriteError(path: path, reason: String(cString: strerror(errno)))
        }
        return last
    }

    /// The number after "iteration": of a line that ends as an object does.
    private static func iteration(of line: [UInt8]) -> Int? {
        let key = Array("\"iteration\":".utf8)
        guard line.last == UInt8(ascii: "}"), line.count > key.count else { return nil }
        let start = line.indices.dropLast(key.count).first { line[$0..<$0 + key.count].elementsEqual(key) }
        guard let start else { return nil }
        let digits = line[(start + key.count)...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return Int(String(decoding: digits, as: UTF8.self))
    }
}

/// The lines of a file from its end on.
private final class BackwardLines {
    struct Line {
        var start: Int
        /// Without its end.
        var bytes: [UInt8]
        /// It has an end.
        var isWhole: Bool
    }

    private let descriptor: Int32
    let size: Int
    /// Where `buffer` begins in the file.
    private var position: Int
    private var buffer: [UInt8] = []
    private let longest = 1 << 22

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var status = stat()
        size = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
        position = size
    }

    func previous() -> Line? {
        let newline = UInt8(ascii: "\n")
        if buffer.isEmpty { readBefore() }
        guard let last = buffer.last else { return nil }
        let isWhole = last == newline
        var searched = buffer.count - (isWhole ? 1 : 0)
        while true {
            if let index = buffer[..<searched].lastIndex(of: newline) {
                return take(from: index + 1, isWhole: isWhole)
            }
            let before = buffer.count
            readBefore()
            guard buffer.count > before else { return take(from: 0, isWhole: isWhole) }
            searched = buffer.count - before
            // A line that long is none: its start counts as a line that has no end.
            if buffer.count > longest { return take(from: 0, isWhole: false) }
        }
    }

    private func take(from index: Int, isWhole: Bool) -> Line {
        let bytes = Array(buffer[index..<buffer.count - (isWhole ? 1 : 0)])
        buffer.removeLast(buffer.count - index)
        return Line(start: position + index, bytes: bytes, isWhole: isWhole)
    }

    /// Puts what stands before the buffer in front of it.
    private func readBefore() {
        let count = min(1 << 16, position)
        var chunk = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = chunk[done...].withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress, $0.count, off_t(position - count + done))
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return }
            done += got
        }
        buffer = chunk + buffer
        position -= count
    }
}
