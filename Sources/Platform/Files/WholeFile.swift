/// A file or folder that could not be read, with the system's reason.
public struct FileReadError: Error, Equatable, CustomStringConvertible {
    public var path: String
    public var reason: String

    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    /// With what the system says about its last failure.
    package static func system(_ path: String) -> FileReadError {
        FileReadError(path: path, reason: String(cString: strerror(errno)))
    }

    public var description: String { "cannot read \(path): \(reason)".printable }
}

/// Files that are read as a whole.
public enum WholeFile {
    /// - Parameter limit: a file of more bytes is refused.
    /// - Throws: `FileReadError`, also where `path` is a folder, a pipe or a device.
    public static func read(_ path: String, limit: Int = .max) throws -> [UInt8] {
        // Without O_NONBLOCK a named pipe that nobody writes to would be waited for.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else { throw FileReadError.system(path) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw FileReadError.system(path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileReadError(path: path, reason: "it is not a file") }
        let tooLong = FileReadError(path: path, reason: "it has more than \(limit) bytes")
        guard status.st_size <= limit else { throw tooLong }
        var bytes: [UInt8] = []
        // The system's own files say that they are empty.
        var room = max(Int(status.st_size), 1 << 12)
        while true {
            var count = -1
            let part = [UInt8](unsafeUninitializedCapacity: room) { buffer, filled in
                repeat {
                    count = Platform.read(file, buffer.baseAddress, buffer.count)
                } while count < 0 && errno == EINTR
                filled = max(count, 0)
            }
            if count < 0 { throw FileReadError.system(path) }
            if count == 0 { return bytes }
            bytes = bytes.isEmpty ? part : bytes + part
            guard bytes.count <= limit else { throw tooLong }
            room = max(Int(status.st_size) - bytes.count, 1 << 12)
        }
    }

    /// The contents as UTF-8; what is none is replaced.
    public static func text(of path: String, limit: Int = 1 << 26) throws -> String {
        String(decoding: try read(path, limit: limit), as: UTF8.self)
    }
}
