/// A group of ranks that make the same calls in the same order.
///
/// Conformers: `MPICommunicator` (under mpirun or srun), `SoloCommunicator` (no launcher, one rank) and, for tests,
/// `FaultyCommunicator`. Blocking calls pass through one function with a stall clock. One thread at a time makes calls.
public protocol Communicator: AnyObject, Sendable {
    var rank: Int { get }
    var size: Int { get }
    /// Collectives made so far and the time spent in them, on this rank.
    var statistics: CommunicationStatistics { get }

    /// Combines `buffer` over all ranks element by element, in place; every rank holds the result afterwards. NaN of any
    /// rank is the minimum and the maximum of all.
    func allreduce<T: MPIElement>(_ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation) throws
    /// `allreduce` where ranks may come long after one another: those that wait leave their processor to whoever has work.
    func allreducePatiently(_ flags: UnsafeMutableBufferPointer<UInt8>, _ operation: ReductionOperation) throws
    /// Starts `allreduce` and returns at once, but not with an extreme of floating-point numbers. `buffer` belongs to MPI until the request has completed: keep it alive,
    /// and neither read nor write it. Every request must be waited for, or tested until it is done.
    func startAllreduce<T: MPIElement>(
        _ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation
    ) throws -> any CommunicationRequest
    /// Copies `buffer` of `root` to all ranks. Every rank passes the same count.
    func broadcast<T: MPIElement>(_ buffer: UnsafeMutableBufferPointer<T>, root: Int) throws
    /// `broadcast` that returns at once, on the terms of `startAllreduce`.
    func startBroadcast<T: MPIElement>(
        _ buffer: UnsafeMutableBufferPointer<T>, root: Int
    ) throws -> any CommunicationRequest
    /// Every rank's `send` (equal counts) lands, in rank order, in `receive` (count × size) of `root`.
    func gather<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, into receive: UnsafeMutableBufferPointer<T>, root: Int) throws
    /// Every rank's `send` (equal counts) lands, in rank order, in `receive` (count × size) of every rank.
    func allgather<T: MPIElement>(_ send: UnsafeBufferPointer<T>, into receive: UnsafeMutableBufferPointer<T>) throws
    /// Allgather in place: `buffer` has `size` equal parts; rank r has filled part r, and afterwards every rank has all.
    func allgather<T: MPIElement>(inPlace buffer: UnsafeMutableBufferPointer<T>) throws
    /// Allgather in place of unequal parts, one after the other: rank r has filled its `counts[r]` elements.
    func allgather<T: MPIElement>(inPlace buffer: UnsafeMutableBufferPointer<T>, counts: [Int]) throws
    /// Sends `sendCounts[r]` consecutive elements of `send` to rank r and receives `receiveCounts[r]` from it.
    func alltoallv<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, sendCounts: [Int],
        into receive: UnsafeMutableBufferPointer<T>, receiveCounts: [Int]) throws
    func barrier() throws
    /// `barrier` that returns at once, on the terms of `startAllreduce`.
    func startBarrier() throws -> any CommunicationRequest
    /// The ranks that share this node's memory, as a communicator of their own.
    func splitBySharedMemory() throws -> any Communicator
    /// Groups of ranks that gave the same `color`, each as a communicator of its own with its ranks in the order they have
    /// here. Collective; nil for ranks that gave none, which belong to no group.
    ///
    /// - Parameters:
    ///   - color: 0 or above.
    ///   - name: what messages call the group.
    ///   - stallTimeout: seconds that a call of the group may block before the job is ended, 0 for ever; nil: as here.
    func split(color: Int?, name: String, stallTimeout: Double?) throws -> (any Communicator)?
    /// Ends the whole job with `code` after one message on standard error. Never returns.
    func abort(_ message: String, code: Int32) -> Never
}

/// A collective that was started and may not have finished.
public protocol CommunicationRequest: AnyObject, Sendable {
    /// Blocks until the call has completed. Returns at once when it already had.
    func wait() throws
    /// True once the call has completed; drives MPI's progress a little.
    func test() throws -> Bool
}

/// What a communicator's calls have cost this rank.
public struct CommunicationStatistics: Sendable, Equatable {
    /// Collectives called, non-blocking ones counted once, at their start.
    public var calls = 0
    /// Wall-clock seconds inside collectives, waiting for slower ranks included.
    public var seconds = 0.0

    public init(calls: Int = 0, seconds: Double = 0) {
        self.calls = calls
        self.seconds = seconds
    }
}

/// A collective was called with arguments that cannot belong together.
public struct CommunicatorArgumentError: Error, Sendable, CustomStringConvertible {
    public let description: String
}

extension Communicator {
    public func allreducePatiently(_ flags: UnsafeMutableBufferPointer<UInt8>, _ operation: ReductionOperation) throws {
        try allreduce(flags, operation)
    }

    /// `split` of groups that wait for one another as long as the ranks do here.
    public func split(color: Int?, name: String) throws -> (any Communicator)? {
        try split(color: color, name: name, stallTimeout: nil)
    }

    /// Combines `values` over all ranks and returns the result.
    public func allreduce<T: MPIElement>(_ values: [T], _ operation: ReductionOperation) throws -> [T] {
        var result = values
        try result.withUnsafeMutableBufferPointer { try allreduce($0, operation) }
        return result
    }

    public func allreduce<T: MPIElement>(_ value: T, _ operation: ReductionOperation) throws -> T {
        var result = value
        try withUnsafeMutablePointer(to: &result) {
            try allreduce(UnsafeMutableBufferPointer(start: $0, count: 1), operation)
        }
        return result
    }

    /// Every rank's value, in rank order, on every rank.
    public func allgather<T: MPIElement>(_ value: T) throws -> [T] {
        try withUnsafeTemporaryAllocation(of: T.self, capacity: size) { receive in
            try withUnsafePointer(to: value) { pointer in
                try allgather(UnsafeBufferPointer(start: pointer, count: 1), into: receive)
            }
            return Array(receive)
        }
    }

    /// Every rank's bytes (any lengths), in rank order, on every rank.
    public func allgather(bytes: [UInt8]) throws -> [[UInt8]] {
        let counts = try allgather(bytes.count)
        let longest = max(1, counts.max() ?? 0)
        let padded = bytes + [UInt8](repeating: 0, count: longest - bytes.count)
        var all = [UInt8](repeating: 0, count: longest * size)
        try padded.withUnsafeBufferPointer { send in
            try all.withUnsafeMutableBufferPointer { try allgather(send, into: $0) }
        }
        return counts.indices.map { Array(all[$0 * longest..<$0 * longest + counts[$0]]) }
    }

    /// `bytes` of `root` on every rank (the other ranks' argument is ignored).
    public func broadcast(bytes: [UInt8], root: Int = 0) throws -> [UInt8] {
        var count = [bytes.count]
        try count.withUnsafeMutableBufferPointer { try broadcast($0, root: root) }
        var result = rank == root ? bytes : [UInt8](repeating: 0, count: count[0])
        try result.withUnsafeMutableBufferPointer { try broadcast($0, root: root) }
        return result
    }
}
