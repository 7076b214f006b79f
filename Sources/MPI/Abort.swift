import CMPI
import Platform
import Synchronization

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
    BackgroundThread {
        sleep(abortPatience)
        _exit(code)
    }?.detach()
    // Launchers drop what they have not yet read when they end a job: let the message get through.
    usleep(100_000)
    MPI_Abort(shim_comm_world().handle, code)
    _exit(code)
}

/// Seconds that MPI_Abort gets to end this process.
private let abortPatience: UInt32 = 5
