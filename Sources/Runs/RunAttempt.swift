import Cluster
import FoundationEssentials
import Platform
import Synchronization
import Telemetry

/// One start of a run, and its right to write into the run's folder: the last start alone has it.
///
/// Each start adds a line to `checkpoints/attempts.jsonl`. A process that was thought dead, on a host that was cut off, say,
/// finds that its own line is no longer the last before it writes anything: also where the folder has moved aside, and
/// another run's is in its place. (A file that is written in place is seen alike from all hosts;
/// a new name may not be, on file systems of networks.)
package final class RunAttempt: Sendable {
    /// 1 for the first start.
    package let number: Int
    package let host: String
    package let process: Int
    /// The Slurm job, if any, as Slurm's commands take it.
    package let job: String?
    /// Where the folder is.
    package let place: RunPlace
    private let size: off_t
    /// The own line; all that is in a folder that replaces the first one.
    private let line: [UInt8]
    private let lost = Atomic<Bool>(false)

    /// A line of `attempts.jsonl`.
    package struct Entry: Codable {
        package var attempt: Int
        package var host: String
        package var pid: Int
        /// When that process began, in its host's ticks: numbers of processes are used again.
        package var began: UInt64?
        package var job: String?
        package var started: String
        package var ranks: Int
        package var threads: Int
    }

    /// Takes the folder over.
    /// - Parameters:
    ///   - expected: length of the file of starts when it was decided how the run begins; nil: whatever it is.
    ///   - configuration: the text of `config.yaml`, for a folder that replaces this one.
    ///   - warn: told where the folder is renamed or deleted.
    /// - Throws: where a process of this host is still at work in it, after a wait of `patience` seconds.
    package init(
        folder: RunFolder, ranks: Int, threads: Int, expected: Int? = nil, configuration: String = "",
        patience: Double = 10,
        warn: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        let path = folder.attempts
        try Folder.make(folder.checkpoints)
        host = hostName()
        process = Int(getpid())
        job = SlurmJob.identifier()
        var (entries, isCut) = RunAttempt.entries(path)
        if let last = entries.last { try RunAttempt.awaitEnd(of: last, job: job, folder: folder, patience: patience) }
        // That one may have done in the meantime what this one is about to do.
        guard expected == nil || (folder.presentLengthOfAttempts == expected && !folder.hasGoneOn) else {
            throw folder.begunMeanwhile
        }
        (entries, isCut) = RunAttempt.entries(path)
        // A damaged file may hold any number.
        let last = max(entries.last?.attempt ?? 0, StoredStatus(folder: folder.path)?.attempt ?? 0, 0)
        number = min(last, 1 << 53) + 1
        let own = Entry(
            attempt: number, host: host, pid: process, began: RunAttempt.beginning(of: process), job: job,
            started: timestamp(), ranks: ranks, threads: threads)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let line = Array(try encoder.encode(own)) + [UInt8(ascii: "\n")]
        self.line = line
        size = try RunAttempt.append((isCut ? [UInt8(ascii: "\n")] : []) + line, to: path)
        place = RunPlace(
            path: folder.path,
            furnish: { path in
                let folder = folder.at(path)
                try Folder.make(folder.checkpoints)
                _ = try RunAttempt.append(line, to: folder.attempts)
                try AtomicFile.write(configuration, to: folder.configuration)
            }, warn: warn)
        guard RunAttempt.entries(path).entries.last?.pid == process else { throw LostRun(folder: folder.path, by: nil) }
    }

    private var path: String { place.path + "/checkpoints/" + CheckpointFolder.attemptsName }

    /// False once another start has taken the folder over.
    package var ownsFolder: Bool {
        if lost.load(ordering: .relaxed) { return false }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        // Who takes it over leaves a file; any other failure of the file system may pass.
        if descriptor < 0 { return true }
        defer { close(descriptor) }
        var status = stat()
        let size = place.isReplaced ? off_t(line.count) : size
        guard fstat(descriptor, &status) == 0, status.st_size != size || !endsWithOwnLine(descriptor, size) else {
            return true
        }
        lost.store(true, ordering: .relaxed)
        return false
    }

    /// True also where that cannot be read.
    private func endsWithOwnLine(_ descriptor: Int32, _ size: off_t) -> Bool {
        var bytes = [UInt8](repeating: 0, count: line.count)
        return pread(descriptor, &bytes, bytes.count, size - off_t(line.count)) != bytes.count || bytes == line
    }

    /// Another start was found in the folder by now.
    package var isLost: Bool { lost.load(ordering: .relaxed) }

    /// - Throws: `LostRun`, and `RunFolderError` where the folder is gone.
    package func check() throws {
        guard ownsFolder else { throw lostRun }
        if let failure = place.failure { throw RunFolderError(description: failure) }
    }

    package var lostRun: LostRun {
        LostRun(folder: Folder.parent(of: Folder.parent(of: path)), by: RunAttempt.entries(path).entries.last)
    }

    /// Waits until no process is at work in a folder that is to move aside.
    /// - Throws: where there is one on this host after `patience` seconds. (One on another host finds out by itself.)
    package static func awaitEnd(in folder: RunFolder, patience: Double = 10) throws {
        guard let last = entries(folder.attempts).entries.last else { return }
        try awaitEnd(of: last, job: SlurmJob.identifier(), folder: folder, patience: patience)
    }

    // MARK: -

    /// What stands in the file; `isCut`: its last line has no end.
    private static func entries(_ path: String) -> (entries: [Entry], isCut: Bool) {
        guard let text = try? WholeFile.text(of: path) else { return ([], false) }
        let decoder = JSONDecoder()
        let entries = text.split(separator: "\n").compactMap { try? decoder.decode(Entry.self, from: Data($0.utf8)) }
        return (entries, !text.isEmpty && !text.hasSuffix("\n"))
    }

    /// Returns the size of the file afterwards. A line that does not fit is taken back.
    private static func append(_ bytes: [UInt8], to path: String) throws -> off_t {
        func failure() -> RunFolderError {
            RunFolderError(description: "cannot write \(path): \(String(cString: strerror(errno)))")
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o666)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        var before = stat()
        guard fstat(descriptor, &before) == 0 else { throw failure() }
        guard before.st_mode & S_IFMT == S_IFREG else {
            throw RunFolderError(description: "cannot write \(path): it is no file; remove it")
        }
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            let error = failure()
            _ = ftruncate(descriptor, before.st_size)
            throw error
        }
        var after = stat()
        guard fstat(descriptor, &after) == 0 else { throw failure() }
        return after.st_size
    }

    /// A start of the same job means that the job has given up on the process; any other one is most likely a mistake.
    private static func awaitEnd(of last: Entry, job: String?, folder: RunFolder, patience: Double) throws {
        guard last.host == hostName(), job == nil || last.job != job, last.pid != Int(getpid()) else { return }
        let begin = monotonicSeconds()
        let deadline = begin + patience
        var hasTold = false
        while let began = last.began, beginning(of: last.pid) == began {
            if !hasTold, monotonicSeconds() > begin + 1 {
                hasTold = true
                Console(speaks: true).note(
                    "waiting for the run in \(folder.path), process \(last.pid) of this machine, to end")
            }
            guard monotonicSeconds() < deadline else {
                throw RunFolderError(
                    description: "the run in \(folder.path) is still going on, as process \(last.pid) of this machine; "
                        + "wait for it, stop it (kill -USR1 \(last.pid)), or choose another --output")
            }
            usleep(100_000)
        }
    }

    /// The process's start in ticks since the host's; nil: there is no such process.
    private static func beginning(of process: Int) -> UInt64? {
        guard let text = try? WholeFile.text(of: "/proc/\(process)/stat"),
            let end = text.lastIndex(of: ")")
        else { return nil }
        // Field 22; the second, in parentheses, may hold spaces.
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 19 && fields[0] != "Z" ? UInt64(fields[19]) : nil
    }
}

/// Another start of the run has taken its folder over.
package struct LostRun: Error, CustomStringConvertible {
    package let folder: String
    package let by: RunAttempt.Entry?

    package var description: String {
        let other = by.map { " (attempt \($0.attempt), process \($0.pid) on \($0.host))" } ?? ""
        return "another start of the run\(other) has taken over \(folder); this one stops and writes nothing more"
    }
}
