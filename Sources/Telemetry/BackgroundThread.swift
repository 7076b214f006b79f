#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A thread beside the one that trains. It takes no signals: they go to the main thread.
struct BackgroundThread {
    private let thread: pthread_t

    /// nil when the system gives no thread.
    init?(_ body: @escaping @Sendable () -> Void) {
        final class Box {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var all = sigset_t()
        var previous = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &previous)
        defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(Box(body))
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, argument.toOpaque())
        guard status == 0 else {
            argument.release()
            return nil
        }
        self.thread = thread
    }

    /// Returns once the body has. Call once.
    func join() { pthread_join(thread, nil) }
}
