/// A file that could not be written, with the system's reason.
public struct FileWriteError: Error, CustomStringConvertible {
    public var path: String
    public var reason: String

    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    /// With what the system says about its last failure.
    package static func system(_ path: String) -> FileWriteError {
        FileWriteError(path: path, reason: String(cString: strerror(errno)))
    }

    public var description: String { "cannot write \(path): \(reason)".printable }
}

/// What of a file outlives a power failure.
public enum Lasting: Sendable {
    /// Nothing need: it is made again, or missed by nobody.
    case nothing
    /// Whatever has its name is whole. Whether that is the old file or the new one the next file of the folder that lasts in
    /// its `place` decides: it comes after.
    case contents
    case place
}

/// A file that is whole or absent: written under a temporary name beside its place, synced, then renamed.
public final class AtomicFileWriter {
    private let path: String
    private let temporary: String
    private var descriptor: Int32

    /// - Throws: also where `path` is a device, a pipe, a link or a folder: a file would take its place.
    public init(path: String) throws {
        self.path = path
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            temporary = ""
            descriptor = -1
            throw FileWriteError(path: path, reason: "it is \(Self.name(status.st_mode)); give the name of a file")
        }
        let made = TemporaryFile(beside: path)
        temporary = made?.path ?? ""
        descriptor = made?.descriptor ?? -1
        if made == nil { throw failure() }
    }

    deinit { abandon() }

    private static func name(_ mode: mode_t) -> String {
        switch mode & S_IFMT {
        case S_IFDIR: "a folder"
        case S_IFLNK: "a link"
        case S_IFIFO: "a pipe"
        default: "a device"
        }
    }

    public func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        var done = 0
        while done < bytes.count {
            let written = systemWrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            if written < 0 {
                if errno == EINTR { continue }
                throw failure()
            }
            done += written
        }
    }

    /// Puts the file in its place.
    /// - Parameter beforeRename: the last chance to leave what is there as it is, by an error.
    public func commit(lasting: Lasting = .place, beforeRename: () throws -> Void = {}) throws {
        // Pipes and devices cannot be synced.
        guard lasting == .nothing || fsync(descriptor) == 0 || errno == EINVAL else { throw failure() }
        let closed = close(descriptor)
        descriptor = -1
        do {
            try beforeRename()
        } catch {
            unlink(temporary)
            throw error
        }
        guard closed == 0, rename(temporary, path) == 0 else {
            let error = failure()
            unlink(temporary)
            throw error
        }
        if lasting == .place { syncFolder() }
    }

    /// Leaves no trace. Does nothing after `commit`.
    public func abandon() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
        unlink(temporary)
    }

    /// Makes the rename last. Some file systems cannot sync folders: that is no error.
    private func syncFolder() {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private func failure() -> FileWriteError { .system(path) }
}

/// `AtomicFileWriter` for contents at hand.
public enum AtomicFile {
    public static func write(
        _ text: String, to path: String, lasting: Lasting = .place, beforeRename: () throws -> Void = {}
    ) throws {
        try write(Array(text.utf8), to: path, lasting: lasting, beforeRename: beforeRename)
    }

    public static func write(
        _ bytes: [UInt8], to path: String, lasting: Lasting = .place, beforeRename: () throws -> Void = {}
    ) throws {
        let file = try AtomicFileWriter(path: path)
        try file.write(bytes)
        try file.commit(lasting: lasting, beforeRename: beforeRename)
    }
}

/// `write` of the system, under a name that methods called `write` do not hide.
public func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
