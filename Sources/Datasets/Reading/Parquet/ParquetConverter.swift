import Platform

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A process that turns Parquet files into Arrow streams: Python with pyarrow. One for each rank, which asks it for its rows.
///
/// It is spawned, for forking is no way to start processes beside MPI, and ends when this process does: its standard input
/// closes, and what it writes is read by no one.
final class ParquetConverter {
    private struct Request: Encodable {
        var file: String
        var rows: [Int]
        var columns: [String]
        var threads: Int
    }

    private let interpreter = Environment["CRESCENDO_PYTHON"] ?? "python3"
    private var process: pid_t = 0
    private var requests: Int32 = -1
    private var answers: Int32 = -1
    private var complaints: Int32 = -1
    private var file = ""
    /// Threads that it may use; 0: as many as it likes.
    var threads = 0

    deinit { close() }

    /// Asks for rows of a file; the answer is read next.
    func ask(_ file: String, rows: Range<Int>, columns: [String]) throws {
        self.file = file
        if process == 0 { try start() }
        let path = file.hasPrefix("/") ? file : absolutePath(file)
        let request = Request(file: path, rows: [rows.lowerBound, rows.upperBound], columns: columns, threads: threads)
        var line = Array(try JSONEncoder().encode(request)) + [0x0A]
        while !line.isEmpty {
            // Not by `write`, whose signal for a reader that is gone would end this process.
            let sent = line.withUnsafeBytes { send(requests, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent < 0, errno == EINTR { continue }
            guard sent > 0 else { throw failure() }
            line.removeFirst(sent)
        }
    }

    /// Fills `buffer` with the next bytes of the answer.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws {
        guard let base = buffer.baseAddress else { return }
        var done = 0
        while done < buffer.count {
            let got = Platform.read(answers, base + done, buffer.count - done)
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw failure() }
            done += got
        }
    }

    /// Ends the process and waits until it is gone.
    func close() {
        if process > 0 {
            kill(process, SIGKILL)
            _ = ended()
        }
        for descriptor in [requests, answers, complaints] where descriptor >= 0 { _ = Platform.close(descriptor) }
        (requests, answers, complaints) = (-1, -1, -1)
    }

    /// - Parameter patience: tenths of a second after which it is killed.
    private func ended(patience: Int = 0) -> Int32 {
        var status: Int32 = 0
        for _ in 0..<patience {
            if waitpid(process, &status, WNOHANG) > 0 {
                process = 0
                return status
            }
            usleep(100_000)
        }
        if patience > 0 { kill(process, SIGKILL) }
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        process = 0
        return status
    }

    /// What the process has said before it ended.
    private func failure() -> ParseError {
        guard process > 0 else { return ParseError(file: file, message: "the converter of Parquet files has ended") }
        var buffer = [UInt8](repeating: 0, count: 4096)
        // It has closed its output, and should be about to end.
        let status = ended(patience: 50)
        let count = buffer.withUnsafeMutableBytes { Platform.read(complaints, $0.baseAddress, $0.count) }
        let said = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
        let line = said.split(separator: "\n").first.map(String.init) ?? "without a word"
        close()
        switch status & 0x7F == 0 ? status >> 8 & 0xFF : -1 {
        case 3: return ParseError(file: file, message: "pyarrow cannot read it: \(line)")
        case 4: return missing("\(interpreter) on host \(hostName()) has none (\(line))")
        case -1:
            return ParseError(
                file: file, message: "the converter (\(interpreter)) was ended by signal \(status & 0x7F): \(line)")
        default: return ParseError(file: file, message: "the converter (\(interpreter)) ended: \(line)")
        }
    }

    private func missing(_ reason: String) -> ParseError {
        ParseError(
            file: file,
            message:
                "Parquet is read with the Python package pyarrow, and \(reason): install it (pip install pyarrow), name an "
                + "interpreter that has it in CRESCENDO_PYTHON, or write the table as Feather or CSV")
    }

    private func start() throws {
        var (input, output, errors): ([Int32], [Int32], [Int32]) = ([-1, -1], [-1, -1], [-1, -1])
        defer {
            for descriptor in [input[1], output[1], errors[1]] where descriptor >= 0 { _ = Platform.close(descriptor) }
        }
        let stream = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, stream, 0, &input) == 0, pipe(&output) == 0,
            socketpair(AF_UNIX, stream, 0, &errors) == 0
        else { throw ParseError(file: file, message: "cannot start a converter: \(InputFile.reason(errno))") }
        for descriptor in output { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        (requests, answers, complaints) = (input[0], output[0], errors[0])
        // More on its way at a time; and complaints that nobody reads are lost, not waited for.
        let setPipeSize: Int32 = 1031
        _ = fcntl(answers, setPipeSize, 1 << 20)
        _ = fcntl(errors[1], F_SETFL, O_NONBLOCK)
        _ = fcntl(complaints, F_SETFL, O_NONBLOCK)
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (target, descriptor) in [(0 as Int32, input[1]), (1, output[1]), (2, errors[1])] {
            posix_spawn_file_actions_adddup2(&actions, descriptor, target)
        }
        // A group of its own: an interruption from the terminal is for this process.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        posix_spawnattr_setpgroup(&attributes, 0)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        let texts: [String] = [interpreter, "-c", ParquetConverter.script]
        var arguments: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var started: pid_t = 0
        let failure = posix_spawnp(&started, interpreter, &actions, &attributes, &arguments, environ)
        guard failure == 0 else {
            throw missing("'\(interpreter)' on host \(hostName()) cannot be started: \(InputFile.reason(failure))")
        }
        process = started
    }
}
