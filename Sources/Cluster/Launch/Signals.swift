import MPI
import Platform
import Synchronization

/// SIGINT, SIGTERM, SIGHUP and SIGUSR1 ask a run to stop after its iteration, with a checkpoint and its model.
package enum Signals {
    /// Listens from the start of a run, also while data is read, to SIGUSR1, which would otherwise end the process:
    /// schedulers send it some time before the limit. `crescendo launch` would take the death by SIGINT or SIGTERM for a
    /// crash: under it, these wait until the ranks can leave in order.
    package static func installEarly() {
        guard let mark = ExitNote.mark else { return listen(to: [finish]) }
        // Kept for good: the handler may need them at any time.
        let launchers = Ancestor.ofThisProcess.prefix { !$0.isStepDaemon }.map { pid_t($0.process) } + [0]
        let list = UnsafeMutablePointer<pid_t>.allocate(capacity: launchers.count)
        list.initialize(from: launchers, count: launchers.count)
        launcherList.store(Int(bitPattern: list), ordering: .relaxed)
        markPath.store(Int(bitPattern: strdup(mark)), ordering: .relaxed)
        install()
    }

    /// Starts to listen to all. A second signal, a second or more after the first, ends the process at once;
    /// sooner ones are taken for the same request, for launchers pass on what the terminal has sent already. Under
    /// `crescendo launch` only a second SIGINT does: Slurm and mpirun repeat SIGTERM before they kill.
    package static func install() {
        // A lost terminal is a request like another one, but for those who asked not to hear of it (nohup).
        var hangup = sigaction()
        sigaction(SIGHUP, nil, &hangup)
        #if canImport(Glibc)
            let isIgnored = unsafeBitCast(hangup.__sigaction_handler.sa_handler, to: Int.self) == 1
        #else
            let isIgnored = unsafeBitCast(hangup.__sigaction_u.__sa_handler, to: Int.self) == 1
        #endif
        listen(to: [SIGINT, SIGTERM, finish] + (isIgnored ? [] : [SIGHUP]))
    }

    private static func listen(to signals: [Int32]) {
        // A parent may have left them blocked.
        var open = sigset_t()
        sigemptyset(&open)
        for signal in signals {
            sigaddset(&open, signal)
            handle(signal, handler)
        }
        pthread_sigmask(SIG_UNBLOCK, &open, nil)
    }

    /// The signal that asked for a stop; 0: none did.
    package static var received: Int32 { requested.load(ordering: .relaxed) }

    /// The signal that asks for a timely end, so that the run can go on later.
    package static let finish = SIGUSR1

    package static func name(_ signal: Int32) -> String {
        [SIGINT: "SIGINT", SIGTERM: "SIGTERM", SIGUSR1: "SIGUSR1", SIGHUP: "SIGHUP"][signal] ?? "signal \(signal)"
    }

    /// A file that grows past a limit, or a reader that goes away, is an error of the write and no reason to die.
    package static func ignoreWriteSignals() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
    }

    private static func handle(_ signal: Int32, _ action: Handler) {
        var handling = sigaction()
        #if canImport(Glibc)
            handling.__sigaction_handler.sa_sigaction = action
        #else
            handling.__sigaction_u.__sa_sigaction = action
        #endif
        sigemptyset(&handling.sa_mask)
        handling.sa_flags = SA_RESTART | SA_SIGINFO
        sigaction(signal, &handling, nil)
    }

    private typealias Handler =
        @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void
    private static let handler: Handler = { signal, information, _ in signalArrived(signal, information) }
}

// Constants with static initial values: a handler may touch them at any time.
private let requested = Atomic<Int32>(0)
private let firstMoment = Atomic<Int>(0)
/// The address of the path at which `launch` looks for word of a signal; 0: there is none.
private let markPath = Atomic<Int>(0)
/// The address of the numbers of the processes that have started this one, as far as they are launchers; 0 ends them.
private let launcherList = Atomic<Int>(0)

/// Runs in the signal handler: atomics and async-signal-safe calls only.
private func signalArrived(_ signal: Int32, _ information: UnsafeMutablePointer<siginfo_t>?) {
    let error = errno
    defer { errno = error }
    let milliseconds = Int(monotonicNanoseconds() / 1_000_000)
    let mark = UnsafeMutablePointer<CChar>(bitPattern: markPath.load(ordering: .relaxed))
    if requested.compareExchange(expected: 0, desired: signal, ordering: .relaxed).exchanged {
        firstMoment.store(milliseconds, ordering: .relaxed)
        // A launcher ends the ranks itself after a crash.
        if let mark, signal != SIGUSR1, let information, !isLauncher(sender(information)) { leave(mark, signal) }
    } else if signal != SIGINT, mark != nil {
        return
    } else if milliseconds - firstMoment.load(ordering: .relaxed) >= 1000 {
        _exit(128 + signal)
    }
}

private func sender(_ information: UnsafeMutablePointer<siginfo_t>) -> pid_t {
    #if canImport(Glibc)
        information.pointee._sifields._kill.si_pid
    #else
        information.pointee.si_pid
    #endif
}

private func isLauncher(_ process: pid_t) -> Bool {
    guard var next = UnsafePointer<pid_t>(bitPattern: launcherList.load(ordering: .relaxed)) else { return false }
    while next.pointee != 0 {
        if next.pointee == process { return true }
        next += 1
    }
    return false
}

/// Writes the signal's number, of two digits at most.
private func leave(_ mark: UnsafeMutablePointer<CChar>, _ signal: Int32) {
    let file = open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { return }
    defer { close(file) }
    var text = (UInt8(ascii: "0") + UInt8(signal / 10), UInt8(ascii: "0") + UInt8(signal % 10), UInt8(ascii: "\n"))
    _ = write(file, &text, 3)
}
