import Platform
import Synchronization

/// A file that grows by whole lines.
///
/// What does not fit (full disk) waits until the file takes it, with one warning; a line that is half written is taken
/// back. A file that this process no longer owns gets nothing more.
package final class LineFile: Sendable {
    private let path: String
    private let state: Mutex<State>
    private let place: (@Sendable () -> String)?
    private let owns: @Sendable () -> Bool
    private let warn: @Sendable (String) -> Void

    private struct State {
        var descriptor: Int32
        /// Up to the end of the last whole line.
        var size: off_t = 0
        var pending: [UInt8] = []
        var hasWarned = false
    }

    /// - Parameters:
    ///   - empties: starts with an empty file instead of going on behind what is there.
    ///   - owns: asked before every write.
    ///   - place: where the file belongs by now, should it be deleted; nil: where it was.
    ///   - warn: gets the reason of the first failure.
    ///   - flags: of `open`, besides its own.
    package init(
        path: String, empties: Bool, place: (@Sendable () -> String)? = nil, owns: @escaping @Sendable () -> Bool,
        warn: @escaping @Sendable (String) -> Void, flags: Int32 = 0
    ) {
        self.path = path
        self.place = place
        self.owns = owns
        self.warn = warn
        // Without O_NONBLOCK a pipe that nobody reads would be waited for.
        let own = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        let descriptor = open(path, own | flags | (empties ? O_TRUNC : 0), 0o666)
        let reason = errno
        var state = State(descriptor: descriptor)
        var status = stat()
        if descriptor >= 0, fstat(descriptor, &status) == 0 {
            state.size = status.st_size
            if status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 {
                state.size = LineFile.endOfLines(path, status.st_size)
                // What a killed writer left half written would spoil the line to come.
                if state.size < status.st_size { _ = ftruncate(descriptor, state.size) }
            }
        }
        if descriptor < 0 {
            state.hasWarned = true
            warn(LineFile.text(reason, path))
        }
        self.state = Mutex(state)
    }

    deinit { close() }

    private static func closeNow(_ descriptor: Int32) {
        Platform.close(descriptor)
    }

    /// Where the last whole line ends, looked for as far back as a line may reach.
    private static func endOfLines(_ path: String, _ size: off_t) -> off_t {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return size }
        defer { closeNow(descriptor) }
        let start = max(0, size - 1 << 22)
        var bytes = [UInt8](repeating: 0, count: Int(size - start))
        guard bytes.withUnsafeMutableBytes({ pread(descriptor, $0.baseAddress, $0.count, start) }) == bytes.count else {
            return size
        }
        if let end = bytes.lastIndex(of: UInt8(ascii: "\n")) { return start + off_t(end) + 1 }
        return start == 0 ? 0 : size
    }

    /// True while lines wait for the disk.
    package var isBehind: Bool { state.withLock { !$0.pending.isEmpty } }

    /// Adds `lines`, each with its end, and tries again what has waited.
    package func append(_ lines: String) {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            state.pending += Array(lines.utf8)
            guard !state.pending.isEmpty else { return }
            guard owns() else {
                state.pending = []
                return
            }
            replaceDeleted(&state)
            guard let reason = write(&state) else { return }
            // A device that cannot be truncated keeps what it took.
            _ = ftruncate(state.descriptor, state.size)
            if !state.hasWarned {
                state.hasWarned = true
                warn(LineFile.text(reason, path))
            }
        }
    }

    /// What goes into a file that has no name any more is lost: a new one takes what comes.
    private func replaceDeleted(_ state: inout State) {
        var status = stat()
        let isThere = fstat(state.descriptor, &status) == 0
        guard isThere ? status.st_nlink == 0 : errno == ESTALE else { return }
        let path = place?() ?? path
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o666)
        // No folder: tried again with the next lines.
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else { return }
        LineFile.closeNow(state.descriptor)
        state.descriptor = descriptor
        state.size = status.st_size
        // Of a folder that was deleted its owner tells.
        if path == self.path { warn("\(path) was deleted; what it held is lost") }
    }

    /// Makes what is written last. Lines that wait stay behind.
    package func sync() {
        state.withLock { if $0.descriptor >= 0 { fsync($0.descriptor) } }
    }

    package func close() {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            LineFile.closeNow(state.descriptor)
            state.descriptor = -1
        }
    }

    /// errno, or nil when all is written. `size` and `pending` follow the lines that are whole.
    private func write(_ state: inout State) -> Int32? {
        var done = 0
        var reason: Int32?
        while done < state.pending.count, reason == nil {
            let written = state.pending[done...].withUnsafeBytes {
                systemWrite(state.descriptor, $0.baseAddress, $0.count)
            }
            if written >= 0 { done += written } else if errno != EINTR { reason = errno }
        }
        let whole = reason == nil ? done : (state.pending[..<done].lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
        state.pending.removeFirst(whole)
        state.size += off_t(whole)
        return reason
    }

    private static func text(_ reason: Int32, _ path: String) -> String {
        reason == ENXIO
            ? "cannot write \(path): it is a pipe that nobody reads"
            : "cannot write \(path): \(String(cString: strerror(reason)))"
    }
}
