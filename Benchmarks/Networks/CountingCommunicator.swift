import MPI
import Synchronization

/// Passes everything on, and counts the bytes that this rank puts into reductions.
final class CountingCommunicator: Communicator {
    private let base: any Communicator
    private let reduced = Atomic<Int>(0)

    init(_ base: any Communicator) { self.base = base }

    var reducedBytes: Int { reduced.load(ordering: .relaxed) }

    var rank: Int { base.rank }
    var size: Int { base.size }
    var statistics: CommunicationStatistics { base.statistics }

    private func count<T>(_ buffer: UnsafeMutableBufferPointer<T>) {
        reduced.add(buffer.count * MemoryLayout<T>.stride, ordering: .relaxed)
    }

    func allreduce<T: MPIElement>(_ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation) throws {
        count(buffer)
        try base.allreduce(buffer, operation)
    }

    func startAllreduce<T: MPIElement>(
        _ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation
    ) throws -> any CommunicationRequest {
        count(buffer)
        return try base.startAllreduce(buffer, operation)
    }

    func broadcast<T: MPIElement>(_ buffer: UnsafeMutableBufferPointer<T>, root: Int) throws {
        try base.broadcast(buffer, root: root)
    }

    func startBroadcast<T: MPIElement>(
        _ buffer: UnsafeMutableBufferPointer<T>, root: Int
    ) throws -> any CommunicationRequest {
        try base.startBroadcast(buffer, root: root)
    }

    func gather<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, into receive: UnsafeMutableBufferPointer<T>, root: Int
    ) throws {
        try base.gather(send, into: receive, root: root)
    }

    func allgather<T: MPIElement>(_ send: UnsafeBufferPointer<T>, into receive: UnsafeMutableBufferPointer<T>) throws {
        try base.allgather(send, into: receive)
    }

    func allgather<T: MPIElement>(inPlace buffer: UnsafeMutableBufferPointer<T>) throws {
        try base.allgather(inPlace: buffer)
    }

    func alltoallv<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, sendCounts: [Int], into receive: UnsafeMutableBufferPointer<T>,
        receiveCounts: [Int]
    ) throws {
        try base.alltoallv(send, sendCounts: sendCounts, into: receive, receiveCounts: receiveCounts)
    }

    func barrier() throws { try base.barrier() }

    func startBarrier() throws -> any CommunicationRequest { try base.startBarrier() }

    func splitBySharedMemory() throws -> any Communicator { try base.splitBySharedMemory() }

    func split(color: Int?, name: String, stallTimeout: Double?) throws -> (any Communicator)? {
        try base.split(color: color, name: name, stallTimeout: stallTimeout)
    }

    func abort(_ message: String, code: Int32) -> Never { base.abort(message, code: code) }
}
