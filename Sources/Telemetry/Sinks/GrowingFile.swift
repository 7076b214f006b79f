import Platform

/// A file that grows by whole records: what does not fit is taken back, so a reader never finds half of one for long.
package final class GrowingFile {
    package let path: String
    private var descriptor: Int32
    private var size: off_t = 0
    /// Why the file could not be opened, until somebody wants to write.
    private var openFailure: FileWriteError?

    /// Creates or empties the file. One that cannot be opened says so at the first `append`.
    package init(path: String) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        if descriptor < 0 { openFailure = failure() }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Writes records. Where not all of them fit, the file keeps the first ones that do.
    /// - Parameter ends: where in `bytes` a record ends, in ascending order.
    package func append(_ bytes: [UInt8], ends: [Int]) throws {
        if let openFailure { throw openFailure }
        var done = 0
        while done < bytes.count {
            let written = bytes[done...].withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                let failure = failure()
                size += off_t(ends.last { $0 <= done } ?? 0)
                // A device that cannot be truncated keeps what it took.
                _ = ftruncate(descriptor, size)
                throw failure
            }
            done += written
        }
        size += off_t(bytes.count)
    }

    /// Closes the file. One that was never opened is no error here.
    package func finish() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
    }

    private func failure() -> FileWriteError {
        FileWriteError(path: path, reason: String(cString: strerror(errno)))
    }
}
