import Platform

/// Signals taken one by one where the program waits for them, instead of by handlers.
package struct SignalInbox {
    private var set = sigset_t()

    /// From here on the signals wait until they are taken. Programs started later have them open again.
    package init(_ signals: [Int32]) {
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// The next signal; nil when none comes within `seconds`.
    package func next(within seconds: Double) -> Int32? {
        let whole = max(0, seconds).rounded(.down)
        var limit = timespec(tv_sec: Int(whole), tv_nsec: Int((max(0, seconds) - whole) * 1e9))
        var set = set
        let signal = sigtimedwait(&set, nil, &limit)
        return signal > 0 ? signal : nil
    }
}
