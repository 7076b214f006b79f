import Platform
import Synchronization

/// The communicator of a program started without a launcher: one rank, every collective a copy or nothing.
public final class SoloCommunicator: Communicator {
    private let calls = Atomic<Int>(0)

    public init() {}

    public var rank: Int { 0 }
    public var size: Int { 1 }
    public var statistics: CommunicationStatistics { .init(calls: calls.load(ordering: .relaxed)) }

    private func count() { calls.add(1, ordering: .relaxed) }

    public func allreduce<T: MPIElement>(
        _ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation
    ) throws { count() }

    public func startAllreduce<T: MPIElement>(
        _ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation
    ) throws -> any CommunicationRequest {
        count()
        return CompletedRequest()
    }

    public func broadcast<T: MPIElement>(_ buffer: UnsafeMutableBufferPointer<T>, root: Int) throws {
        try requireRoot(root)
        count()
    }

    public func startBroadcast<T: MPIElement>(
        _ buffer: UnsafeMutableBufferPointer<T>, root: Int
    ) throws -> any CommunicationRequest {
        try requireRoot(root)
        count()
        return CompletedRequest()
    }

    public func gather<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, into receive: UnsafeMutableBufferPointer<T>, root: Int
    ) throws {
        try requireRoot(root)
        try requireRoom(receive.count, for: send.count, "gather")
        count()
        copy(send, into: receive)
    }

    public func allgather<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, into receive: UnsafeMutableBufferPointer<T>
    ) throws {
        try requireRoom(receive.count, for: send.count, "allgather")
        count()
        copy(send, into: receive)
    }

    public func allgather<T: MPIElement>(inPlace buffer: UnsafeMutableBufferPointer<T>) throws { count() }

    public func allgather<T: MPIElement>(inPlace buffer: UnsafeMutableBufferPointer<T>, counts: [Int]) throws {
        try requireParts(buffer.count, counts, "allgather")
        count()
    }

    public func alltoallv<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, sendCounts: [Int],
        into receive: UnsafeMutableBufferPointer<T>, receiveCounts: [Int]
    ) throws {
        try requireAlltoall(send.count, sendCounts, receive.count, receiveCounts)
        guard sendCounts == receiveCounts else {
            throw CommunicatorArgumentError(
                description: "alltoallv: sends \(sendCounts[0]) elements to itself, expects \(receiveCounts[0])")
        }
        count()
        copy(UnsafeBufferPointer(rebasing: send.prefix(sendCounts[0])), into: receive)
    }

    public func barrier() throws { count() }

    public func startBarrier() throws -> any CommunicationRequest {
        count()
        return CompletedRequest()
    }

    public func splitBySharedMemory() throws -> any Communicator {
        count()
        return SoloCommunicator()
    }

    public func split(color: Int?, name: String, stallTimeout: Double?) throws -> (any Communicator)? {
        try requireColor(color)
        count()
        return color == nil ? nil : SoloCommunicator()
    }

    public func abort(_ message: String, code: Int32) -> Never {
        writeError(message)
        exit(code == 0 ? 1 : code)
    }

    private func copy<T: MPIElement>(_ send: UnsafeBufferPointer<T>, into receive: UnsafeMutableBufferPointer<T>) {
        _ = receive.update(fromContentsOf: send)
    }
}

/// A request of a collective that needed no waiting.
final class CompletedRequest: CommunicationRequest {
    func wait() throws {}
    func test() throws -> Bool { true }
}
