/// Element types that travel through MPI.
public protocol MPIElement: BitwiseCopyable, Sendable {}
extension Float: MPIElement {}
extension Double: MPIElement {}
extension Int: MPIElement {}
extension Int32: MPIElement {}
extension UInt8: MPIElement {}

/// How `allreduce` combines the ranks' elements.
public enum ReductionOperation: Sendable { case sum, minimum, maximum }

/// A group of ranks that make the same calls in the same order.
///
/// Conformers: `MPICommunicator` (under mpirun or srun), `SoloCommunicator` (no launcher, one rank) and, for tests,
/// `FaultyCommunicator`. All calls block; each one passes through one function with a stall clock.
public protocol Communicator: AnyObject, Sendable {
    var rank: Int { get }
    var size: Int { get }

    /// Combines `buffer` over all ranks element by element, in place; every rank holds the result afterwards.
    func allreduce<T: MPIElement>(_ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation) throws
    /// Copies `buffer` of `root` to all ranks. Every rank passes the same count.
    func broadcast<T: MPIElement>(_ buffer: UnsafeMutableBufferPointer<T>, root: Int) throws
    /// Every rank's `send` (equal counts) lands, in rank order, in `receive` (count × size) of `root`.
    func gather<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, into receive: UnsafeMutableBufferPointer<T>, root: Int) throws
    /// Every rank's `send` (equal counts) lands, in rank order, in `receive` (count × size) of every rank.
    func allgather<T: MPIElement>(_ send: UnsafeBufferPointer<T>, into receive: UnsafeMutableBufferPointer<T>) throws
    /// Sends `sendCounts[r]` consecutive elements of `send` to rank r and receives `receiveCounts[r]` from it.
    func alltoallv<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, sendCounts: [Int],
        into receive: UnsafeMutableBufferPointer<T>, receiveCounts: [Int]) throws
    func barrier() throws
    /// The ranks that share this node's memory, as a communicator of their own.
    func splitBySharedMemory() throws -> any Communicator
    /// Ends the whole job with `code` after one message on standard error. Never returns.
    func abort(_ message: String, code: Int32) -> Never
}

extension Communicator {
    /// Combines `values` over all ranks and returns the result.
    public func allreduce<T: MPIElement>(_ values: [T], _ operation: ReductionOperation) throws -> [T] {
        var result = values
        try result.withUnsafeMutableBufferPointer { try allreduce($0, operation) }
        return result
    }

    public func allreduce<T: MPIElement>(_ value: T, _ operation: ReductionOperation) throws -> T {
        try allreduce([value], operation)[0]
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
