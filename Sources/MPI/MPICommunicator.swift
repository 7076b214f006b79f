import CMPI

// Chapter "Groups, Contexts, Communicators, and Caching".

/// A communicator of MPI. Made by `MPIEnvironment`, or split from another one.
public final class MPICommunicator: Communicator {
    let handle: CommunicatorHandle
    let clock: StallClock
    public let rank: Int
    public let size: Int
    /// Longest count handed to MPI in one piece; its counts are 32-bit. Tests make it small.
    let largestPiece: Int

    /// int MPI_Comm_set_errhandler(MPI_Comm comm, MPI_Errhandler errhandler)
    /// int MPI_Comm_rank(MPI_Comm comm, int *rank)
    /// int MPI_Comm_size(MPI_Comm comm, int *size)
    init(adopting handle: CommunicatorHandle, name: String, stallTimeout: Double, largestPiece: Int = 1 << 30) throws {
        try check(MPI_Comm_set_errhandler(handle.box.handle, shim_errors_return()), "MPI_Comm_set_errhandler")
        var rank: Int32 = 0
        var size: Int32 = 0
        try check(MPI_Comm_rank(handle.box.handle, &rank), "MPI_Comm_rank")
        try check(MPI_Comm_size(handle.box.handle, &size), "MPI_Comm_size")
        self.handle = handle
        self.rank = Int(rank)
        self.size = Int(size)
        self.largestPiece = largestPiece
        self.clock = StallClock(name: name, rank: self.rank, size: self.size, timeout: stallTimeout)
        try StallWatchdog.shared.watch(clock)
    }

    deinit { StallWatchdog.shared.forget(clock) }

    public var statistics: CommunicationStatistics { clock.statistics }
    /// Seconds a call may block before this rank ends the job; 0: for ever.
    public var stallTimeout: Double { clock.timeout }

    /// int MPI_Comm_split_type(MPI_Comm comm, int split_type, int key, MPI_Info info, MPI_Comm *newcomm)
    public func splitBySharedMemory() throws -> any Communicator {
        var box = shim_comm_null()
        try clock.time(.split) {
            try check(
                MPI_Comm_split_type(
                    handle.box.handle, shim_comm_type_shared(), Int32(rank), shim_info_null(), &box.handle),
                "MPI_Comm_split_type")
        }
        return try MPICommunicator(
            adopting: CommunicatorHandle(box: box), name: "node", stallTimeout: stallTimeout, largestPiece: largestPiece
        )
    }

    /// int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm *newcomm)
    public func split(color: Int?, name: String, stallTimeout: Double?) throws -> (any Communicator)? {
        try requireColor(color)
        var box = shim_comm_null()
        try clock.time(.split) {
            try check(
                MPI_Comm_split(
                    handle.box.handle, color.map { Int32($0) } ?? shim_undefined(), Int32(rank), &box.handle),
                "MPI_Comm_split")
        }
        guard color != nil else { return nil }
        return try MPICommunicator(
            adopting: CommunicatorHandle(box: box), name: name, stallTimeout: stallTimeout ?? self.stallTimeout,
            largestPiece: largestPiece)
    }

    /// The same ranks as a communicator of their own, whose messages do not mix with this one's.
    ///
    /// int MPI_Comm_dup(MPI_Comm comm, MPI_Comm *newcomm)
    public func duplicate(name: String) throws -> MPICommunicator {
        try duplicate(name: name, stallTimeout: stallTimeout, largestPiece: largestPiece)
    }

    func duplicate(name: String, stallTimeout: Double, largestPiece: Int) throws -> MPICommunicator {
        var box = shim_comm_null()
        try clock.time(.duplicate) { try check(MPI_Comm_dup(handle.box.handle, &box.handle), "MPI_Comm_dup") }
        return try MPICommunicator(
            adopting: CommunicatorHandle(box: box), name: name, stallTimeout: stallTimeout, largestPiece: largestPiece)
    }

    /// Gives the communicator back to MPI; collective. It must not be used afterwards. Communicators that are never
    /// freed go with `MPIEnvironment.finalize()`; nothing here calls MPI from a deinit.
    ///
    /// int MPI_Comm_free(MPI_Comm *comm)
    public func free() throws {
        var box = handle.box
        try clock.time(.free) { try check(MPI_Comm_free(&box.handle), "MPI_Comm_free") }
    }

    public func abort(_ message: String, code: Int32) -> Never { abortJob(message, code: code) }
}

/// MPI_Comm behind a Sendable face: a pointer in Open MPI, an integer in MPICH.
struct CommunicatorHandle: @unchecked Sendable {
    let box: shim_communicator
}
