import CMPI
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes one line to standard error in one call, so that lines of several ranks do not mix.
func writeError(_ message: String) {
    var line = message
    if !line.hasSuffix("\n") { line += "\n" }
    line.withUTF8 { bytes in
        var written = 0
        while written < bytes.count {
            let now = write(STDERR_FILENO, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if now <= 0 { return }
            written += now
        }
    }
}

private let isAborting = Atomic<Bool>(false)

/// Ends all ranks: one message, then MPI_Abort, and a plain exit should MPI_Abort not return.
///
/// Any thread may call it, also while another thread is blocked inside MPI; the first caller's message is the one shown.
///
/// int MPI_Abort(MPI_Comm comm, int errorcode)
func abortJob(_ message: String, code: Int32) -> Never {
    let code = code == 0 ? 1 : code
    if isAborting.exchange(true, ordering: .sequentiallyConsistent) {
        sleep(abortPatience)
        _exit(code)
    }
    writeError(message)
    startThread {
        sleep(abortPatience)
        _exit(code)
    }
    // Launchers drop what they have not yet read when they end a job: let the message get through.
    usleep(100_000)
    MPI_Abort(shim_comm_world().handle, code)
    _exit(code)
}

/// Seconds that MPI_Abort gets to end this process.
private let abortPatience: UInt32 = 5

/// Runs `body` on a new detached thread that takes no signals: those belong to the program's own threads.
/// False when the system gives no thread.
@discardableResult
func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }

    let context = Unmanaged.passRetained(Box(body))
    #if canImport(Darwin)
        var thread: pthread_t?
    #else
        var thread = pthread_t()
    #endif
    let failure = pthread_create(
        &thread, nil,
        { raw in
            #if canImport(Darwin)
                let box = Unmanaged<Box>.fromOpaque(raw).takeRetainedValue()
            #else
                guard let raw else { return nil }
                let box = Unmanaged<Box>.fromOpaque(raw).takeRetainedValue()
            #endif
            box.body()
            return nil
        }, context.toOpaque())
    guard failure == 0 else {
        context.release()
        return false
    }
    #if canImport(Darwin)
        if let thread { pthread_detach(thread) }
    #else
        pthread_detach(thread)
    #endif
    return true
}
