import Platform
import Telemetry

/// A program that could not be started.
package struct StartError: Error, CustomStringConvertible {
    package var description: String

    package init(description: String) {
        self.description = description
    }
}

/// A program that this one has started, with its own signals as they are by default.
package final class ChildProcess {
    package let identifier: pid_t
    private var output: Int32
    package private(set) var code: Int32?

    /// - Parameters:
    ///   - command: the program, looked up in PATH, and its arguments.
    ///   - variables: environment variables that it gets besides those of this process.
    ///   - without: those of this process that it does not get.
    ///   - capturing: keeps its output for `finish`, and drops what it says on standard error.
    package init(
        _ command: [String], variables: [String: String] = [:], without: (String) -> Bool = { _ in false },
        capturing: Bool = false
    ) throws {
        var ends: [Int32] = [-1, -1]
        if capturing, pipe(&ends) != 0 { throw ChildProcess.failure(errno, command) }
        defer { if ends[1] >= 0 { close(ends[1]) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if capturing {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
            posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
            posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
            for end in ends { posix_spawn_file_actions_addclose(&actions, end) }
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var environment = Environment.all.filter { variables[$0.key] == nil && !without($0.key) }
        environment.merge(variables) { $1 }
        let arguments = command.map { strdup($0) } + [nil]
        let settings = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in arguments + settings { free(pointer) } }
        var child: pid_t = 0
        let failure = posix_spawnp(&child, command[0], &actions, &attributes, arguments, settings)
        output = ends[0]
        identifier = child
        guard failure == 0 else {
            if output >= 0 { close(output) }
            throw ChildProcess.failure(failure, command)
        }
    }

    deinit { if output >= 0 { close(output) } }

    private static func failure(_ error: Int32, _ command: [String]) -> StartError {
        StartError(description: "cannot start \(command[0]): \(String(cString: strerror(error)))")
    }

    /// True once the program has ended; `code` is then its exit code, or 128 and the signal that ended it.
    package func hasEnded() -> Bool {
        guard code == nil else { return true }
        var status: Int32 = 0
        guard waitpid(identifier, &status, WNOHANG) == identifier else { return false }
        code = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
        return true
    }

    package func signal(_ signal: Int32) {
        if code == nil { kill(identifier, signal) }
    }

    /// What the program has written by its end, or by `deadline` (monotonic seconds), at which it is killed.
    package func finish(by deadline: Double) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while output >= 0 {
            var waiting = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            let left = Int32(max(0, (deadline - monotonicSeconds()) * 1000))
            let ready = poll(&waiting, 1, left)
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { break }
            let count = chunk.withUnsafeMutableBytes { read(output, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        while !hasEnded() {
            if monotonicSeconds() >= deadline { signal(SIGKILL) }
            usleep(2000)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The output of a short command; nil when it fails, is not there or takes longer than `limit` seconds.
    package static func output(of command: String..., limit: Double = 30) -> String? {
        guard let child = try? ChildProcess(command, capturing: true) else { return nil }
        let text = child.finish(by: monotonicSeconds() + limit)
        return child.code == 0 ? text : nil
    }
}
