import Synchronization

/// Work that runs beside training, one piece at a time. Started and waited for by one thread.
/// Unchecked Sendable: `thread` is touched by the one thread that starts and waits.
public final class BackgroundTask: @unchecked Sendable {
    private let running = Atomic<Bool>(false)
    private var thread: BackgroundThread?

    public init() {}

    public var isIdle: Bool { !running.load(ordering: .acquiring) }

    /// Starts `body` once the piece before has ended. Without a thread to be had, it runs here and now.
    public func start(_ body: @escaping @Sendable () -> Void) {
        wait()
        running.store(true, ordering: .releasing)
        let work: @Sendable () -> Void = { [self] in
            body()
            running.store(false, ordering: .releasing)
        }
        thread = BackgroundThread(work)
        if thread == nil { work() }
    }

    /// Returns once nothing runs any more.
    public func wait() {
        thread?.join()
        thread = nil
    }
}
