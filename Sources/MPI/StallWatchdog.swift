import Platform
import Synchronization

/// One thread per process that looks at the clocks of all communicators a few times per timeout and ends the job when a
/// call has lasted too long.
final class StallWatchdog: Sendable {
    static let shared = StallWatchdog()

    /// The exit code of a job that stalled: EX_TEMPFAIL, since a restart may well succeed.
    static let exitCode: Int32 = 75

    private struct Watched {
        let clock: StallClock
        var call: UInt64 = 0
        var waited = 0.0
    }
    private struct State {
        var watched: [Watched] = []
        var isRunning = false
        var reporter: StallReporter?
    }
    private let state = Mutex(State())

    func watch(_ clock: StallClock) throws {
        guard clock.timeout > 0 else { return }
        try state.withLock { state in
            if !state.isRunning {
                let thread = BackgroundThread { self.run() }
                thread?.detach()
                state.isRunning = thread != nil
            }
            guard state.isRunning else {
                throw MPIStateError(
                    description: "the system gave no thread for the stall clock; raise its thread limit")
            }
            state.watched.append(Watched(clock: clock))
        }
    }

    func forget(_ clock: StallClock) {
        state.withLock { $0.watched.removeAll { $0.clock === clock } }
    }

    func attach(_ reporter: StallReporter) { state.withLock { $0.reporter = reporter } }

    /// What this process is at: in a call of MPI, or between two.
    struct Activity {
        /// Monotonic nanoseconds.
        var start: UInt64
        var isWaiting: Bool
        var call: String
    }

    /// nil when no communicator is watched.
    func activity() -> Activity? {
        state.withLock { state in
            for watched in state.watched {
                let start = watched.clock.presentCall
                if start != 0 { return Activity(start: start, isWaiting: true, call: watched.clock.callText) }
            }
            let last = state.watched.max { $0.clock.lastCall < $1.clock.lastCall }?.clock
            return last.map { Activity(start: $0.lastCall, isWaiting: false, call: $0.callText) }
        }
    }

    private func run() {
        var last = monotonicNanoseconds()
        while let pause = state.withLock({ nextPause(&$0) }) {
            usleep(UInt32(pause * 1e6))
            let now = monotonicNanoseconds()
            // A job that was suspended (SIGSTOP, a gang scheduler) wakes up with hours on the clock: count what this
            // thread has been awake for.
            let elapsed = min(Double(now - last) * 1e-9, 2 * pause)
            last = now
            if let message = state.withLock({ tick(&$0, elapsed) }) {
                abortJob(message, code: Self.exitCode)
            }
        }
    }

    /// Seconds to sleep; nil when nothing is left to watch, and the thread ends.
    private func nextPause(_ state: inout State) -> Double? {
        guard let shortest = state.watched.lazy.map(\.clock.timeout).min() else {
            state.isRunning = false
            return nil
        }
        return max(0.005, min(0.5, shortest / 20))
    }

    /// The message of a call that has lasted too long, if there is one.
    private func tick(_ state: inout State, _ elapsed: Double) -> String? {
        for index in state.watched.indices {
            let clock = state.watched[index].clock
            let call = clock.presentCall
            if call == 0 || call != state.watched[index].call {
                state.watched[index].call = call
                state.watched[index].waited = 0
                continue
            }
            state.watched[index].waited += elapsed
            if state.watched[index].waited >= clock.limit {
                return clock.stallMessage(
                    waited: state.watched[index].waited, finding: state.reporter?.finding(call))
            }
        }
        return nil
    }
}
