import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// SIGINT, SIGTERM and SIGUSR1 ask a run to stop after its iteration, with a checkpoint and its model.
enum Signals {
    /// Listens to SIGUSR1, which would otherwise end the process, from the start of a run: schedulers send it some time
    /// before the limit, also while data is read.
    static func installEarly() { listen(to: [finish]) }

    /// Starts to listen to all three. A second signal, a second or more after the first, ends the process at once;
    /// sooner ones are taken for the same request, for launchers pass on what the terminal has sent already.
    static func install() { listen(to: [SIGINT, SIGTERM, finish]) }

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
    static var received: Int32 { requested.load(ordering: .relaxed) }

    /// The signal that asks for a timely end, so that the run can go on later.
    static let finish = SIGUSR1

    static func name(_ signal: Int32) -> String {
        [SIGINT: "SIGINT", SIGTERM: "SIGTERM", SIGUSR1: "SIGUSR1"][signal] ?? "signal \(signal)"
    }

    /// A file that grows past a limit, or a reader that goes away, is an error of the write and no reason to die.
    static func ignoreWriteSignals() {
        handle(SIGPIPE, SIG_IGN)
        handle(SIGXFSZ, SIG_IGN)
    }

    private static func handle(_ signal: Int32, _ action: (@convention(c) (Int32) -> Void)?) {
        var handling = sigaction()
        #if canImport(Glibc)
            handling.__sigaction_handler.sa_handler = action
        #else
            handling.__sigaction_u.__sa_handler = action
        #endif
        sigemptyset(&handling.sa_mask)
        handling.sa_flags = SA_RESTART
        sigaction(signal, &handling, nil)
    }

    private static let handler: @convention(c) (Int32) -> Void = { signalArrived($0) }
}

// Constants with static initial values: a handler may touch them at any time.
private let requested = Atomic<Int32>(0)
private let firstMoment = Atomic<Int>(0)

/// Runs in the signal handler: atomics and async-signal-safe calls only.
private func signalArrived(_ signal: Int32) {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let milliseconds = now.tv_sec * 1000 + now.tv_nsec / 1_000_000
    if requested.compareExchange(expected: 0, desired: signal, ordering: .relaxed).exchanged {
        firstMoment.store(milliseconds, ordering: .relaxed)
    } else if milliseconds - firstMoment.load(ordering: .relaxed) >= 1000 {
        _exit(128 + signal)
    }
}
