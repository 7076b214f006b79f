import Platform

/// A thread that calls a function every so often until it is stopped.
package final class Ticker: Sendable {
    /// Unchecked Sendable: `stopped` is guarded by `lock`, `action` is called by the thread only.
    private final class Shared: @unchecked Sendable {
        let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        let nanoseconds: Int
        let action: () -> Void
        var stopped = false

        init(seconds: Double, action: @escaping () -> Void) {
            nanoseconds = Int(seconds * 1e9)
            self.action = action
            pthread_mutex_init(lock, nil)
            pthread_cond_init(wake, nil)
        }

        deinit {
            pthread_cond_destroy(wake)
            pthread_mutex_destroy(lock)
            wake.deallocate()
            lock.deallocate()
        }

        func loop() {
            pthread_mutex_lock(lock)
            while !stopped {
                var until = timespec()
                clock_gettime(CLOCK_REALTIME, &until)
                let nanos = until.tv_nsec + nanoseconds
                until.tv_sec += nanos / 1_000_000_000
                until.tv_nsec = nanos % 1_000_000_000
                pthread_cond_timedwait(wake, lock, &until)
                if stopped { break }
                pthread_mutex_unlock(lock)
                action()
                pthread_mutex_lock(lock)
            }
            pthread_mutex_unlock(lock)
        }
    }

    private let shared: Shared
    /// nil when the system gives none: then nothing ticks, and what is due is written at the end.
    private let thread: BackgroundThread?

    package init(seconds: Double, action: @escaping () -> Void) {
        let shared = Shared(seconds: seconds, action: action)
        self.shared = shared
        thread = BackgroundThread { shared.loop() }
    }

    /// Returns once the action is not running and will not run again.
    package func stop() {
        pthread_mutex_lock(shared.lock)
        let wasStopped = shared.stopped
        shared.stopped = true
        pthread_cond_signal(shared.wake)
        pthread_mutex_unlock(shared.lock)
        if !wasStopped { thread?.join() }
    }
}
