import Platform

/// Standard input or a named pipe: one rank reads it, once; what has to be read again is kept in a file of its own.
///
/// First its head is looked at (`peekable`), then it is opened for each reading.
final class PipedInput {
    let path: String
    /// How messages name it.
    let name: String
    private let file: InputFile
    private let head: HeadBytes
    private var kept: InputFile?
    private var isOpened = false

    /// Whether a path is standard input or a pipe.
    static func isPipe(_ path: String) -> Bool {
        if path == "-" { return true }
        var status = stat()
        return stat(path, &status) == 0 && [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT)
    }

    /// Waits for somebody to open a named pipe for writing, a few seconds.
    init(path: String) throws {
        self.path = path
        name = path == "-" ? "standard input" : path
        let (descriptor, first) = path == "-" ? (0, []) : try PipedInput.openPipe(path)
        file = InputFile(descriptor: descriptor, name: name, isPipe: true)
        head = HeadBytes(PeekedBytes(first, before: FileBytes(file)))
    }

    /// Also the byte that told that somebody writes.
    private static func openPipe(_ path: String) throws -> (descriptor: Int32, first: [UInt8]) {
        let descriptor = Platform.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            throw ParseError(file: path, message: "cannot open: \(InputFile.reason(errno))")
        }
        var byte: UInt8 = 0
        for _ in 0..<patience {
            // 0: nobody has it open; an error: somebody has, and is silent.
            let got = Platform.read(descriptor, &byte, 1)
            if got != 0 {
                _ = fcntl(descriptor, F_SETFL, 0)
                return (descriptor, got == 1 ? [byte] : [])
            }
            usleep(100_000)
        }
        close(descriptor)
        throw ParseError(
            file: path,
            message: "is a named pipe that nobody has opened for writing: start what writes into it, then this")
    }

    /// Tenths of a second.
    private static let patience = 50

    /// For looking at the head; what is read of it comes again.
    var peekable: any ByteSource { head }

    /// For one reading from the first byte on.
    ///
    /// - Parameter keeps: there will be another one, for which the bytes are kept in a file of TMPDIR.
    func open(keeps: Bool) throws -> any ByteSource {
        if let kept { return FileBytes(kept) }
        precondition(!isOpened, "a pipe is read once")
        isOpened = true
        let whole = PeekedBytes(head.bytes, before: FileBytes(file))
        guard keeps else { return whole }
        let folder = Environment["TMPDIR"] ?? "/tmp"
        guard let file = TemporaryFile(beside: folder + "/crescendo", permissions: 0o600) else {
            throw KeptBytes.fault(name, "in \(folder): \(InputFile.reason(errno))")
        }
        // Its name goes at once, so that nothing is left whatever happens.
        unlink(file.path)
        let descriptor = file.descriptor
        return KeptBytes(whole, in: descriptor, name: name) { [self] in
            kept = InputFile(descriptor: descriptor, name: name, isPipe: false)
        }
    }
}

/// Remembers what was read.
private final class HeadBytes: ByteSource {
    private let base: any ByteSource
    private(set) var bytes: [UInt8] = []

    init(_ base: any ByteSource) { self.base = base }

    var position: Int { base.position }
    var expected: Int { base.expected }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let got = try base.read(into: buffer)
        bytes += UnsafeRawBufferPointer(rebasing: buffer[..<got])
        return got
    }
}

/// Writes what is read to a file.
private final class KeptBytes: ByteSource {
    private let base: any ByteSource
    private let descriptor: Int32
    private let name: String
    private let atEnd: () -> Void
    private var isAtEnd = false

    init(_ base: any ByteSource, in descriptor: Int32, name: String, atEnd: @escaping () -> Void) {
        self.base = base
        self.descriptor = descriptor
        self.name = name
        self.atEnd = atEnd
    }

    deinit { if !isAtEnd { close(descriptor) } }

    var position: Int { base.position }
    var expected: Int { base.expected }

    static func fault(_ name: String, _ reason: String) -> ParseError {
        ParseError(
            file: name,
            message: "is read twice, and cannot be kept \(reason); name a folder with room in TMPDIR, or give a file")
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let got = try base.read(into: buffer)
        var done = 0
        while done < got {
            let written = write(descriptor, buffer.baseAddress.map { $0 + done }, got - done)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw KeptBytes.fault(name, "in a temporary file: \(InputFile.reason(errno))") }
            done += written
        }
        if got < buffer.count, !isAtEnd {
            isAtEnd = true
            atEnd()
        }
        return got
    }
}
