import Platform

/// An open file: a regular one, read by position, or a pipe, read in sequence. Closed with the last reference.
final class InputFile {
    /// How messages name it.
    let name: String
    let descriptor: Int32
    /// Bytes in the file; 0 for a pipe.
    let byteCount: Int
    let isPipe: Bool
    /// Bytes that there can be.
    var mostBytes: Int { isPipe ? .max : byteCount }

    /// A regular file.
    init(path: String) throws {
        name = path
        isPipe = false
        // Without O_NONBLOCK a named pipe that nobody writes to would be waited for.
        let opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard opened >= 0 else {
            descriptor = -1
            byteCount = 0
            let reason = InputFile.reason(errno)
            let isShells = path.hasPrefix("/dev/fd/") || path.hasPrefix("/proc/self/fd/")
            throw ParseError(
                file: path,
                message: "cannot open: \(reason)"
                    + (isShells ? "; a pipe of the shell does not reach every rank: pipe into standard input, -" : ""))
        }
        var status = stat()
        guard fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            descriptor = opened
            byteCount = 0
            throw ParseError(file: path, message: "is \(InputFile.kind(status.st_mode)); give a data file")
        }
        descriptor = opened
        byteCount = Int(status.st_size)
    }

    /// - Parameter descriptor: of a pipe, or of a regular file; closed with the last reference, unless it is standard input.
    init(descriptor: Int32, name: String, isPipe: Bool) {
        self.descriptor = descriptor
        self.name = name
        self.isPipe = isPipe
        var status = stat()
        byteCount = !isPipe && fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    deinit { if descriptor > 0 { close(descriptor) } }

    private static func kind(_ mode: mode_t) -> String {
        switch mode & S_IFMT {
        case S_IFDIR: "a directory"
        case S_IFIFO: "a named pipe"
        default: "not a regular file"
        }
    }

    static func exists(_ path: String) -> Bool { access(path, R_OK) == 0 }

    static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

    /// Fills `buffer` from byte `offset` on; returns how many bytes there were (fewer only at the end of the file).
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
        try fill(buffer) { pread(descriptor, $0, $1, off_t(offset + $2)) }
    }

    /// The next bytes in sequence.
    func readNext(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try fill(buffer) { pointer, count, _ in Platform.read(descriptor, pointer, count) }
    }

    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, _ read: (UnsafeMutableRawPointer, Int, Int) -> Int
    ) throws -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        var done = 0
        while done < buffer.count {
            let got = read(base + done, buffer.count - done, done)
            if got == 0 { break }
            if got < 0 {
                if errno == EINTR { continue }
                throw ParseError(file: name, message: "cannot read: \(InputFile.reason(errno))")
            }
            done += got
        }
        return done
    }

    /// Number of line ends in the first `offset` bytes.
    func lineEnds(before offset: Int) throws -> Int {
        var position = 0
        var count = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while position < offset {
            let got = try buffer.withUnsafeMutableBytes {
                try read(
                    into: UnsafeMutableRawBufferPointer(rebasing: $0[..<min($0.count, offset - position)]), at: position
                )
            }
            if got == 0 { break }
            buffer.withUnsafeBufferPointer { count += lineEnds(in: UnsafeBufferPointer(rebasing: $0[..<got])) }
            position += got
        }
        return count
    }

    private func lineEnds(in bytes: UnsafeBufferPointer<UInt8>) -> Int { countBytes(0x0A, in: bytes) }
}
