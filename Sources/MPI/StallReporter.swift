import Platform
import Synchronization

/// Finds out which ranks the others wait for. MPI does not answer while a collective is blocked, so ranks leave notes in a
/// folder that all hosts see; as long as the run goes on nothing is read or written.
///
/// A rank whose call, or whose work between two calls, lasts longer than `patience` leaves a note, and takes it away when
/// it goes on. Some seconds later the lowest of the waiting ranks reads the notes. A rank without one is dead, stopped or
/// cut off from the folder. This is a thread of its own: on a file system that hangs, the watchdog must still end the job.
final class StallReporter: Sendable {
    private let rank: Int
    private let hosts: [String]
    private let folder: StallNoteFolder
    /// Seconds.
    private let patience: Double
    private let grace: Double
    private let timeout: Double
    private let report: @Sendable (String) -> Void
    private let found = Mutex<(call: UInt64, text: String)?>(nil)

    init(
        rank: Int, hosts: [String], folder: String, timeout: Double, report: @escaping @Sendable (String) -> Void
    ) {
        self.rank = rank
        self.hosts = hosts
        self.folder = StallNoteFolder(path: folder)
        self.timeout = timeout
        patience = min(30, timeout / 4)
        grace = min(5, timeout / 8)
        self.report = report
    }

    /// What was found about the call that began at `call`.
    func finding(_ call: UInt64) -> String? { found.withLock { $0?.call == call ? $0?.text : nil } }

    /// The life of the thread.
    func run() {
        let pause = max(0.01, min(0.5, grace / 4))
        var present: UInt64 = 0
        var stood = 0.0
        var hasNote = false
        var hasReported = false
        var last = monotonicNanoseconds()
        while true {
            usleep(UInt32(pause * 1e6))
            let now = monotonicNanoseconds()
            // As the watchdog does: a job that was suspended does not count that time.
            let elapsed = min(Double(now - last) * 1e-9, 2 * pause)
            last = now
            guard let activity = StallWatchdog.shared.activity() else { continue }
            if activity.start != present {
                if hasNote { folder.remove(rank) }
                (present, stood, hasNote, hasReported) = (activity.start, 0, false, false)
                continue
            }
            stood += elapsed
            if stood >= patience, !hasNote {
                folder.write(
                    StallNote(
                        rank: rank, host: hosts[rank], isWaiting: activity.isWaiting, call: activity.call,
                        since: time(nil) - Int(stood.rounded())))
                hasNote = true
            }
            if stood >= patience + grace, activity.isWaiting, !hasReported {
                hasReported = true
                if let text = read() {
                    found.withLock { $0 = (present, text) }
                    let limit = timeout == timeout.rounded() ? "\(Int(timeout))" : "\(timeout)"
                    report("\(text). The job ends when a wait reaches the stall timeout, \(limit) s.")
                }
            }
        }
    }

    /// The report; nil when a lower rank waits too, which makes it.
    private func read() -> String? {
        for lower in 0..<rank where folder.read(lower)?.isWaiting == true { return nil }
        return StallNote.report(hosts.indices.compactMap { folder.read($0) }, hosts: hosts)
    }
}

extension Communicator {
    /// From now on the lowest rank that has waited for a while (half a minute, or a quarter of the stall timeout) passes
    /// `report` a line on which ranks it waits for and since when, once for each wait, and the message at the stall timeout
    /// repeats it. Collective; a program calls it once.
    ///
    /// - Parameters:
    ///   - folder: a folder that all hosts see, made when it is needed; nothing else may be in it.
    ///   - report: called on a thread of its own.
    public func reportStalls(in folder: String, _ report: @escaping @Sendable (String) -> Void) throws {
        guard let world = self as? MPICommunicator, world.size > 1, world.stallTimeout > 0 else { return }
        if rank == 0 { StallNoteFolder(path: folder).removeAll(size: size) }
        // Nobody leaves notes before the old ones are gone.
        let hosts = try allgather(bytes: Array(hostName().utf8))
        let reporter = StallReporter(
            rank: rank, hosts: hosts.map { String(decoding: $0, as: UTF8.self) }, folder: folder,
            timeout: world.stallTimeout, report: report)
        StallWatchdog.shared.attach(reporter)
        BackgroundThread { reporter.run() }?.detach()
    }
}
