import CMPI

// Chapter "Collective Communication", blocking calls. MPI counts are 32-bit: longer buffers go in pieces.

extension MPICommunicator {
    /// int MPI_Allreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm)
    public func allreduce<T: MPIElement>(
        _ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation
    ) throws {
        let isExtreme = operation != .sum
        let type = isExtreme ? Extremes.carrier(of: T.elementType) : T.elementType
        if isExtreme { Extremes.encode(buffer, operation) }
        defer { if isExtreme { Extremes.decode(buffer) } }
        try clock.time(.allreduce) {
            try inPieces(buffer) { piece, count in
                try check(
                    MPI_Allreduce(
                        shim_in_place(), piece, count, type.datatype, operation.handle, handle.box.handle),
                    "MPI_Allreduce")
            }
        }
    }

    /// int MPI_Bcast(void *buffer, int count, MPI_Datatype datatype, int root, MPI_Comm comm)
    public func broadcast<T: MPIElement>(_ buffer: UnsafeMutableBufferPointer<T>, root: Int) throws {
        try requireRoot(root)
        try clock.time(.broadcast) {
            try inPieces(buffer) { piece, count in
                try check(
                    MPI_Bcast(piece, count, T.elementType.datatype, Int32(root), handle.box.handle), "MPI_Bcast")
            }
        }
    }

    /// int MPI_Gather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount,
    ///                MPI_Datatype recvtype, int root, MPI_Comm comm)
    public func gather<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, into receive: UnsafeMutableBufferPointer<T>, root: Int
    ) throws {
        try requireRoot(root)
        if rank == root { try requireRoom(receive.count, for: send.count * size, "gather") }
        try clock.time(.gather) {
            try inParts(count: send.count, T.elementType) { offset, count, landing, landingCount in
                try check(
                    MPI_Gather(
                        send.baseAddress.map { $0 + offset }, count, T.elementType.datatype,
                        receive.baseAddress.map { $0 + offset }, landingCount, landing,
                        Int32(root), handle.box.handle),
                    "MPI_Gather")
            }
        }
    }

    /// int MPI_Allgather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount,
    ///                   MPI_Datatype recvtype, MPI_Comm comm)
    public func allgather<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, into receive: UnsafeMutableBufferPointer<T>
    ) throws {
        try requireRoom(receive.count, for: send.count * size, "allgather")
        try clock.time(.allgather) {
            try inParts(count: send.count, T.elementType) { offset, count, landing, landingCount in
                try check(
                    MPI_Allgather(
                        send.baseAddress.map { $0 + offset }, count, T.elementType.datatype,
                        receive.baseAddress.map { $0 + offset }, landingCount, landing, handle.box.handle),
                    "MPI_Allgather")
            }
        }
    }

    /// MPI_Allgather with MPI_IN_PLACE as sendbuf.
    public func allgather<T: MPIElement>(inPlace buffer: UnsafeMutableBufferPointer<T>) throws {
        try requireParts(buffer.count, "allgather")
        try clock.time(.allgather) {
            try inParts(count: buffer.count / size, T.elementType) { offset, _, landing, landingCount in
                try check(
                    MPI_Allgather(
                        shim_in_place(), 0, T.elementType.datatype,
                        buffer.baseAddress.map { $0 + offset }, landingCount, landing, handle.box.handle),
                    "MPI_Allgather")
            }
        }
    }

    /// int MPI_Allgatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
    ///                    const int recvcounts[], const int displs[], MPI_Datatype recvtype, MPI_Comm comm)
    ///
    /// With MPI_IN_PLACE as sendbuf. Its places are 32-bit: longer buffers go part by part, broadcast by their ranks.
    public func allgather<T: MPIElement>(inPlace buffer: UnsafeMutableBufferPointer<T>, counts: [Int]) throws {
        try requireParts(buffer.count, counts, "allgather")
        if buffer.count > largestPiece {
            for (root, start) in displacements(counts).enumerated() {
                let part = UnsafeMutableBufferPointer(rebasing: buffer[start..<start + counts[root]])
                try broadcast(part, root: root)
            }
            return
        }
        try clock.time(.allgather) {
            try check(
                MPI_Allgatherv(
                    shim_in_place(), 0, T.elementType.datatype, buffer.baseAddress, counts.map(Int32.init),
                    displacements(counts).map(Int32.init), T.elementType.datatype, handle.box.handle),
                "MPI_Allgatherv")
        }
    }

    /// int MPI_Alltoallv(const void *sendbuf, const int sendcounts[], const int sdispls[], MPI_Datatype sendtype,
    ///                   void *recvbuf, const int recvcounts[], const int rdispls[], MPI_Datatype recvtype,
    ///                   MPI_Comm comm)
    ///
    /// One small allreduce goes ahead: all ranks must take the long-count route when one of them needs it.
    public func alltoallv<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, sendCounts: [Int],
        into receive: UnsafeMutableBufferPointer<T>, receiveCounts: [Int]
    ) throws {
        try requireAlltoall(send.count, sendCounts, receive.count, receiveCounts)
        let longest = try allreduce(max(sendCounts.reduce(0, +), receiveCounts.reduce(0, +)), .maximum)
        if longest > largestPiece {
            return try longAlltoallv(send, sendCounts, receive, receiveCounts)
        }
        try clock.time(.alltoallv) {
            try check(
                MPI_Alltoallv(
                    send.baseAddress, sendCounts.map(Int32.init), displacements(sendCounts).map(Int32.init),
                    T.elementType.datatype,
                    receive.baseAddress, receiveCounts.map(Int32.init), displacements(receiveCounts).map(Int32.init),
                    T.elementType.datatype, handle.box.handle),
                "MPI_Alltoallv")
        }
    }

    /// int MPI_Barrier(MPI_Comm comm)
    public func barrier() throws {
        try clock.time(.barrier) { try check(MPI_Barrier(handle.box.handle), "MPI_Barrier") }
    }
}

/// Where each rank's part begins when the parts follow one another.
func displacements(_ counts: [Int]) -> [Int] {
    var next = 0
    return counts.map { count in
        defer { next += count }
        return next
    }
}
