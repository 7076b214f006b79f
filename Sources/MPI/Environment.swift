import CMPI
import Platform
import Synchronization

// Chapters "MPI Environmental Management" and "Process Initialization".

/// What threads of this process may call MPI; the order is the standard's.
public enum ThreadLevel: Int, Sendable, Comparable, CaseIterable {
    /// There is one thread.
    case single
    /// Only the thread that started MPI calls it.
    case funneled
    /// Any thread calls it, one at a time.
    case serialized
    /// Any number of threads call it at once.
    case multiple

    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    var code: Int32 {
        switch self {
        case .single: shim_thread_single()
        case .funneled: shim_thread_funneled()
        case .serialized: shim_thread_serialized()
        case .multiple: shim_thread_multiple()
        }
    }

    init(code: Int32) { self = Self.allCases.last { $0.code <= code } ?? .single }
}

/// The program's connection to MPI: made once at the start, finalised explicitly at the end.
public final class MPIEnvironment: Sendable {
    /// All ranks: an `MPICommunicator`, or a `SoloCommunicator` when no launcher started the program.
    public let world: any Communicator
    /// The thread level MPI granted; it may be lower than the one asked for.
    public let threadLevel: ThreadLevel
    /// The launcher that started this process; nil when there was none.
    public let launcher: Launcher?

    private static let hasStarted = Atomic<Bool>(false)
    private let isFinalized = Atomic<Bool>(false)

    /// Joins the world that the launcher made; without a launcher MPI is not touched and the world is this rank alone.
    ///
    /// - Parameters:
    ///   - threads: the thread level to ask for.
    ///   - stallTimeout: seconds a collective may block before this rank ends the job with a message; 0 waits for ever.
    /// - Throws: `LauncherMismatch` when the launcher belongs to another MPI (MPI is finalised again by then; only the
    ///   process with `launcher.rank == 0` need print it), `MPIError`, `MPIStateError` on a second start.
    public static func start(threads: ThreadLevel = .serialized, stallTimeout: Double = 600) throws -> MPIEnvironment {
        let launcher = Launcher.detect(in: processEnvironment())
        return try start(threads: threads, stallTimeout: stallTimeout, largestPiece: 1 << 30, launcher: launcher)
    }

    /// int MPI_Init_thread(int *argc, char ***argv, int required, int *provided)
    static func start(
        threads: ThreadLevel, stallTimeout: Double, largestPiece: Int, launcher: Launcher?
    ) throws -> MPIEnvironment {
        guard stallTimeout >= 0, stallTimeout.isFinite else {
            throw MPIStateError(description: "stall timeout \(stallTimeout): give seconds, 0 to wait for ever")
        }
        guard !hasStarted.exchange(true, ordering: .sequentiallyConsistent) else {
            throw MPIStateError(description: "MPI was started before: it can be started once in a process")
        }
        guard let launcher, launcher.needsMPI else {
            return MPIEnvironment(world: SoloCommunicator(), threadLevel: .multiple, launcher: launcher)
        }
        var provided: Int32 = 0
        try check(MPI_Init_thread(nil, nil, threads.code, &provided), "MPI_Init_thread")
        // The library keeps MPI_COMM_WORLD to itself; the program's calls travel on a duplicate.
        let base = try MPICommunicator(
            adopting: CommunicatorHandle(box: shim_comm_world()), name: "start", stallTimeout: stallTimeout)
        if base.size < launcher.size {
            MPI_Finalize()
            throw LauncherMismatch(launcher: launcher, worldSize: base.size, library: libraryVersion)
        }
        let world = try base.duplicate(name: "world", stallTimeout: stallTimeout, largestPiece: largestPiece)
        return MPIEnvironment(world: world, threadLevel: ThreadLevel(code: provided), launcher: launcher)
    }

    private init(world: any Communicator, threadLevel: ThreadLevel, launcher: Launcher?) {
        self.world = world
        self.threadLevel = threadLevel
        self.launcher = launcher
    }

    /// Ends the use of MPI; every rank calls it, once all requests have completed. A second call does nothing.
    ///
    /// int MPI_Finalize(void)
    public func finalize() throws {
        guard let world = world as? MPICommunicator, !isFinalized.exchange(true, ordering: .sequentiallyConsistent)
        else { return }
        try world.clock.time(.finalize) { try check(MPI_Finalize(), "MPI_Finalize") }
    }

    /// Ends the whole job with `code` after one message on standard error.
    public func abort(_ message: String, code: Int32) -> Never { world.abort(message, code: code) }

    /// The MPI implementation and its version, in one line.
    ///
    /// int MPI_Get_library_version(char *version, int *resultlen)
    public static var libraryVersion: String {
        let text =
            mpiString(capacity: shim_max_library_version_string()) { MPI_Get_library_version($0, $1) } ?? "unknown MPI"
        // Open MPI: "Open MPI v4.1.4, package: …"; MPICH: "MPICH Version:\t4.0.2\nMPICH Release date: …".
        let line = text.prefix { $0 != "\n" && $0 != "," }
        return line.split { $0 == "\t" || $0 == " " }.filter { $0 != "Version:" }.joined(separator: " ")
    }
}

/// The process's environment variables.
private func processEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    for name in Launcher.variables {
        if let value = getenv(name) { variables[name] = String(cString: value) }
    }
    return variables
}
