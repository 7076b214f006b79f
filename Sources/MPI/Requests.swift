import CMPI
import Platform
import Synchronization

// Chapter "Collective Communication", non-blocking calls, and their completion ("Communication Completion").

extension MPICommunicator {
    /// int MPI_Iallreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
    ///                    MPI_Comm comm, MPI_Request *request)
    public func startAllreduce<T: MPIElement>(
        _ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation
    ) throws -> any CommunicationRequest {
        // What `Extremes` does has no place behind a call that has returned.
        guard operation == .sum || Extremes.carrier(of: T.elementType) == T.elementType else {
            throw CommunicatorArgumentError(
                description: "startAllreduce: no minimum or maximum of floating-point numbers; allreduce has them")
        }
        return try start(.allreduce) { requests in
            try inPieces(buffer) { piece, count in
                var request = shim_request_null()
                try check(
                    MPI_Iallreduce(
                        shim_in_place(), piece, count, T.elementType.datatype, operation.handle, handle.box.handle,
                        &request.handle),
                    "MPI_Iallreduce")
                requests.append(request)
            }
        }
    }

    /// int MPI_Ibcast(void *buffer, int count, MPI_Datatype datatype, int root, MPI_Comm comm, MPI_Request *request)
    public func startBroadcast<T: MPIElement>(
        _ buffer: UnsafeMutableBufferPointer<T>, root: Int
    ) throws -> any CommunicationRequest {
        try requireRoot(root)
        return try start(.broadcast) { requests in
            try inPieces(buffer) { piece, count in
                var request = shim_request_null()
                try check(
                    MPI_Ibcast(
                        piece, count, T.elementType.datatype, Int32(root), handle.box.handle, &request.handle),
                    "MPI_Ibcast")
                requests.append(request)
            }
        }
    }

    /// int MPI_Ibarrier(MPI_Comm comm, MPI_Request *request)
    public func startBarrier() throws -> any CommunicationRequest {
        try start(.barrier) { requests in
            var request = shim_request_null()
            try check(MPI_Ibarrier(handle.box.handle, &request.handle), "MPI_Ibarrier")
            requests.append(request)
        }
    }

    private func start(
        _ call: CollectiveCall, _ body: (inout [shim_request]) throws -> Void
    ) throws -> any CommunicationRequest {
        var requests: [shim_request] = []
        try clock.time(call) { try body(&requests) }
        return MPIRequest(requests, of: call, clock)
    }
}

/// One or more MPI requests (a long buffer has one a piece) that complete together.
final class MPIRequest: CommunicationRequest {
    private struct Pending: @unchecked Sendable {
        var requests: [shim_request]
        /// When `test` first found the call unfinished: a caller that polls is waiting from then on.
        var pollingSince: UInt64?
    }
    private let pending: Mutex<Pending>
    private let clock: StallClock
    private let call: CollectiveCall

    init(_ requests: [shim_request], of call: CollectiveCall, _ clock: StallClock) {
        pending = Mutex(Pending(requests: requests))
        self.clock = clock
        self.call = call
    }

    /// int MPI_Wait(MPI_Request *request, MPI_Status *status)
    func wait() throws {
        try pending.withLock { pending in
            try clock.time(call, isNew: false) {
                while var request = pending.requests.last {
                    // MPI has given the request back, whatever the outcome.
                    pending.requests.removeLast()
                    try check(MPI_Wait(&request.handle, shim_status_ignore()), "MPI_Wait")
                }
            }
        }
    }

    /// int MPI_Test(MPI_Request *request, int *flag, MPI_Status *status)
    func test() throws -> Bool {
        try pending.withLock { pending in
            try clock.time(call, isNew: false) {
                while var request = pending.requests.last {
                    var isDone: Int32 = 0
                    try check(MPI_Test(&request.handle, &isDone, shim_status_ignore()), "MPI_Test")
                    guard isDone != 0 else {
                        endIfStalled(&pending.pollingSince)
                        return false
                    }
                    pending.requests.removeLast()
                }
                return true
            }
        }
    }

    private func endIfStalled(_ pollingSince: inout UInt64?) {
        let now = monotonicNanoseconds()
        let since = pollingSince ?? now
        pollingSince = since
        let waited = Double(now &- since) * 1e-9
        if clock.timeout > 0, waited > clock.limit {
            abortJob(clock.stallMessage(waited: waited), code: StallWatchdog.exitCode)
        }
    }
}
