import CMPI
import Platform

extension MPICommunicator {
    /// MPI's blocking calls keep a processor busy while they wait, which may be the one that the late rank needs: here waits
    /// get pauses, each a share of the time waited so far.
    ///
    /// int MPI_Iallreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
    ///                    MPI_Comm comm, MPI_Request *request)
    /// int MPI_Test(MPI_Request *request, int *flag, MPI_Status *status)
    public func allreducePatiently(_ flags: UnsafeMutableBufferPointer<UInt8>, _ operation: ReductionOperation) throws {
        try clock.time(.allreduce) {
            try inPieces(flags) { piece, count in
                var request = shim_request_null()
                try check(
                    MPI_Iallreduce(
                        shim_in_place(), piece, count, UInt8.elementType.datatype, operation.handle, handle.box.handle,
                        &request.handle),
                    "MPI_Iallreduce")
                try completePatiently(&request)
            }
        }
    }

    private func completePatiently(_ request: inout shim_request) throws {
        let start = monotonicNanoseconds()
        while true {
            var isDone: Int32 = 0
            try check(MPI_Test(&request.handle, &isDone, shim_status_ignore()), "MPI_Test")
            if isDone != 0 { return }
            let waited = monotonicNanoseconds() &- start
            guard waited > Pause.after else { continue }
            var pause = timespec(tv_sec: 0, tv_nsec: Int(min(waited / Pause.share, Pause.longest)))
            nanosleep(&pause, nil)
        }
    }

    /// Nanoseconds.
    private enum Pause {
        static let after: UInt64 = 50_000
        static let longest: UInt64 = 2_000_000
        static let share: UInt64 = 8
    }
}
