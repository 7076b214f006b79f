import BigBatch
import Platform

/// `metrics.jsonl` of a run that goes on after an iteration: what earlier attempts wrote of later ones is cut off, and
/// what they could not write is made up for by one line, so that every iteration is covered once.
public struct MetricsStart: Sendable {
    /// The last iteration done.
    package let record: IterationRecord
    /// Covers the iterations that the file lacks; nil: it lacks none.
    package let missingLine: MetricsLine?

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

    /// Removes the lines from the first on that reaches beyond `iteration` or goes back, and half lines. Damaged ones between
    /// good ones stay: readers name them.
    /// - Returns: the last iteration that is left; 0: none.
    package static func cut(_ path: String, after iteration: Int) throws -> Int {
        func failure() -> FileWriteError { FileWriteError(path: path, reason: String(cString: strerror(errno))) }
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return 0 }
            throw failure()
        }
        defer { close(descriptor) }
        // A line that long is none.
        let longest = 1 << 22
        var (last, kept, position) = (0, 0, 0)
        var pending: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        reading: while pending.count <= longest {
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure() }
            if count == 0 { break }
            // What is left of before holds no line's end.
            var (start, unseen) = (0, pending.count)
            pending += chunk[..<count]
            while let end = pending[unseen...].firstIndex(of: UInt8(ascii: "\n")) {
                position += end + 1 - start
                if let found = MetricsStart.iteration(of: Array(pending[start..<end])) {
                    guard found > last, found <= iteration else { break reading }
                    (last, kept) = (found, position)
                }
                start = end + 1
                unseen = start
            }
            pending.removeFirst(start)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure() }
        guard Int(status.st_size) == kept || ftruncate(descriptor, off_t(kept)) == 0, fsync(descriptor) == 0 else {
            throw failure()
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
