import Synchronization

/// Passes everything on to another communicator, and counts what this rank puts into reductions.
public final class CountingCommunicator: Communicator {
    /// Reductions of one size.
    public struct Reductions: Sendable {
        public var bytes: Int
        public var count: Int
    }

    private let base: any Communicator
    private let counts = Mutex<[Reductions]>([])
    private let total = Atomic<Int>(0)

    public init(_ base: any Communicator) { self.base = base }

    /// The bytes of all reductions so far.
    public var reducedBytes: Int { total.load(ordering: .relaxed) }

    /// Reductions since the last call, by their size.
    public func take() -> [Reductions] {
        counts.withLock { counts in
            defer { counts.removeAll(keepingCapacity: true) }
            return counts
        }
    }

    /// - Parameter share: what an allreduce would move beside it: scattering sums and gathering parts move half of that each.
    private func count<T>(_ buffer: some Collection<T>, share: Int = 1) {
        let bytes = buffer.count * MemoryLayout<T>.stride / share
        total.add(bytes, ordering: .relaxed)
        counts.withLock { counts in
            if let index = counts.firstIndex(where: { $0.bytes == bytes }) {
                counts[index].count += 1
            } else {
                counts.append(Reductions(bytes: bytes, count: 1))
            }
        }
    }

    public var rank: Int { base.rank }
    public var size: Int { base.size }
    public var statistics: CommunicationStatistics { base.statistics }

    public func allreduce<T: MPIElement>(_ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation)
        throws
    {
        count(buffer)
        try base.allreduce(buffer, operation)
    }

    public func startAllreduce<T: MPIElement>(
        _ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation
    ) throws -> any CommunicationRequest {
        count(buffer)
        return try base.startAllreduce(buffer, operation)
    }

    public func broadcast<T: MPIElement>(_ buffer: UnsafeMutableBufferPointer<T>, root: Int) throws {
        try base.broadcast(buffer, root: root)
    }

    public func startBroadcast<T: MPIElement>(
        _ buffer: UnsafeMutableBufferPointer<T>, root: Int
    ) throws -> any CommunicationRequest {
        try base.startBroadcast(buffer, root: root)
    }

    public func gather<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, into receive: UnsafeMutableBufferPointer<T>, root: Int
    ) throws {
        try base.gather(send, into: receive, root: root)
    }

    public func allgather<T: MPIElement>(_ send: UnsafeBufferPointer<T>, into receive: UnsafeMutableBufferPointer<T>)
        throws
    {
        try base.allgather(send, into: receive)
    }

    public func allgather<T: MPIElement>(inPlace buffer: UnsafeMutableBufferPointer<T>) throws {
        try base.allgather(inPlace: buffer)
    }

    public func allgather<T: MPIElement>(inPlace buffer: UnsafeMutableBufferPointer<T>, counts: [Int]) throws {
        count(buffer, share: 2)
        try base.allgather(inPlace: buffer, counts: counts)
    }

    public func alltoallv<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, sendCounts: [Int], into receive: UnsafeMutableBufferPointer<T>,
        receiveCounts: [Int]
    ) throws {
        count(send, share: 2)
        try base.alltoallv(send, sendCounts: sendCounts, into: receive, receiveCounts: receiveCounts)
    }

    public func barrier() throws { try base.barrier() }

    public func startBarrier() throws -> any CommunicationRequest { try base.startBarrier() }

    public func splitBySharedMemory() throws -> any Communicator { try base.splitBySharedMemory() }

    public func split(color: Int?, name: String, stallTimeout: Double?) throws -> (any Communicator)? {
        try base.split(color: color, name: name, stallTimeout: stallTimeout)
    }

    public func abort(_ message: String, code: Int32) -> Never { base.abort(message, code: code) }
}
