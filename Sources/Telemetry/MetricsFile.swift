import BigBatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `metrics.jsonl`: one object per iteration, written by `flush` and never by the training loop.
///
/// A write that fails (full disk, lost folder) turns the file off with one warning; training goes on. What was written
/// before stays whole: a line that did not fit is taken back.
public final class MetricsFile: Sendable {
    private let path: String
    private let ring: Mutex<MetricsRing>
    private let file: Mutex<OpenFile>
    private let warn: @Sendable (String) -> Void

    private struct OpenFile {
        var descriptor: Int32
        var size: off_t = 0
    }

    /// Creates or empties the file. One that cannot be opened gives the warning at once and stays off.
    public init(path: String, warn: @escaping @Sendable (String) -> Void) {
        self.path = path
        self.warn = warn
        ring = Mutex(MetricsRing())
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        let reason = errno
        file = Mutex(OpenFile(descriptor: descriptor))
        if descriptor < 0 { warnOff(reason) }
    }

    deinit {
        file.withLock { if $0.descriptor >= 0 { close($0.descriptor) } }
    }

    /// Copies the record; formats nothing.
    public func append(_ record: IterationRecord) {
        ring.withLock { $0.append(record) }
    }

    /// Formats and writes what has been appended since the last call. Called by one thread at a time.
    public func flush() {
        let lines = ring.withLock { $0.drain() }
        guard !lines.isEmpty else { return }
        var text = ""
        text.reserveCapacity(lines.count * 320)
        for line in lines { text += line.json.text + "\n" }
        file.withLock { file in
            guard file.descriptor >= 0 else { return }
            if let reason = write(Array(text.utf8), to: &file) {
                // A device that cannot be truncated keeps what it took.
                _ = ftruncate(file.descriptor, file.size)
                close(file.descriptor)
                file.descriptor = -1
                warnOff(reason)
            }
        }
    }

    /// Writes what is left and syncs the file to disk.
    public func finish() {
        flush()
        file.withLock { file in
            guard file.descriptor >= 0 else { return }
            fsync(file.descriptor)
            close(file.descriptor)
            file.descriptor = -1
        }
    }

    /// errno, or nil when all bytes are written. `size` counts the bytes that ended a line.
    private func write(_ bytes: [UInt8], to file: inout OpenFile) -> Int32? {
        var done = 0
        while done < bytes.count {
            let written = bytes[done...].withUnsafeBytes { systemWrite(file.descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                let reason = errno
                if let end = bytes[..<done].lastIndex(of: UInt8(ascii: "\n")) { file.size += off_t(end + 1) }
                return reason
            }
            done += written
        }
        file.size += off_t(bytes.count)
        return nil
    }

    private func warnOff(_ reason: Int32) {
        warn("cannot write \(path): \(String(cString: strerror(reason))). Training goes on without metrics.")
    }
}
