import Foundation
import MPI

/// Ranks that are threads of this process: tests of several ranks without a launcher.
///
/// Every call publishes its buffer, waits for the others, reads theirs, waits again. A rank that is missing for
/// `timeout` seconds, or that has ended, makes the call throw instead of hanging the test.
public final class ThreadCommunicator: Communicator {
    /// Another rank will not come to this call.
    public struct Missing: Error {}
    /// The ranks came to one call with buffers of different lengths.
    public struct LengthsDiffer: Error {}

    private final class World: @unchecked Sendable {
        let size: Int
        let condition = NSCondition()
        var arrived = 0
        var ended = 0
        var generation = 0
        var slots: [UnsafeRawPointer?]
        var counts: [[Int]]
        /// Sub-worlds by the ranks of a node.
        var nodes: [World] = []
        /// Sub-worlds of the split in progress, by color.
        var groups: [Int: World] = [:]

        init(size: Int) {
            self.size = size
            slots = Array(repeating: nil, count: size)
            counts = Array(repeating: [], count: size)
        }

        func wait(timeout: Double = 300) throws {
            condition.lock()
            defer { condition.unlock() }
            let mine = generation
            arrived += 1
            if arrived == size {
                arrived = 0
                generation += 1
                condition.broadcast()
                return
            }
            let limit = Date(timeIntervalSinceNow: timeout)
            while generation == mine {
                if ended > 0 || !condition.wait(until: limit) { throw Missing() }
            }
        }

        /// A rank makes no more calls.
        func end() {
            condition.lock()
            ended += 1
            condition.broadcast()
            condition.unlock()
        }

        func publish(_ rank: Int, _ pointer: UnsafeRawPointer?, _ count: [Int]) throws {
            condition.lock()
            slots[rank] = pointer
            counts[rank] = count
            condition.unlock()
            try wait()
        }
    }

    public let rank: Int
    public var size: Int { world.size }
    private let world: World
    private let ranksPerNode: Int

    private init(rank: Int, world: World, ranksPerNode: Int) {
        self.rank = rank
        self.world = world
        self.ranksPerNode = ranksPerNode
    }

    /// Runs `body` on `ranks` threads at once and returns each rank's result or error, in rank order. A rank whose thread
    /// cannot be made is `Missing`, and so are the others at their next call.
    public static func run<R: Sendable>(
        ranks: Int, ranksPerNode: Int? = nil, _ body: @escaping @Sendable (any Communicator) throws -> R
    ) -> [Result<R, any Error>] {
        let world = World(size: ranks)
        let perNode = ranksPerNode ?? ranks
        world.nodes = stride(from: 0, to: ranks, by: perNode).map { World(size: min(perNode, ranks - $0)) }
        let results = Results<R>(count: ranks)
        let group = DispatchGroup()
        for rank in 0..<ranks {
            group.enter()
            let isStarted = startThread {
                let communicator = ThreadCommunicator(rank: rank, world: world, ranksPerNode: perNode)
                results.set(rank, Result { try body(communicator) })
                world.end()
                world.nodes[rank / perNode].end()
                group.leave()
            }
            guard !isStarted else { continue }
            world.end()
            world.nodes[rank / perNode].end()
            group.leave()
        }
        precondition(group.wait(timeout: .now() + 1500) == .success, "ranks that are threads do not come to an end")
        return results.all
    }

    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// A thread of a loaded machine may have to wait for others to end. Foundation's says nothing when it cannot be made.
    private static func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, 4 << 20)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        for _ in 0..<100 {
            let work = Unmanaged.passRetained(Work(body))
            var thread = pthread_t()
            let code = pthread_create(
                &thread, &attributes,
                { work in
                    if let work { Unmanaged<Work>.fromOpaque(work).takeRetainedValue().body() }
                    return nil
                }, work.toOpaque())
            if code == 0 { return true }
            work.release()
            usleep(100_000)
        }
        return false
    }

    private final class Results<R: Sendable>: @unchecked Sendable {
        private var values: [Result<R, any Error>]
        private let lock = NSLock()
        init(count: Int) { values = Array(repeating: .failure(Missing()), count: count) }
        func set(_ index: Int, _ value: Result<R, any Error>) { lock.withLock { values[index] = value } }
        var all: [Result<R, any Error>] { lock.withLock { values } }
    }

    public var statistics: CommunicationStatistics { CommunicationStatistics() }

    private final class Finished: CommunicationRequest {
        func wait() throws {}
        func test() throws -> Bool { true }
    }

    public func startAllreduce<T: MPIElement>(
        _ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation
    ) throws -> any CommunicationRequest {
        try allreduce(buffer, operation)
        return Finished()
    }

    public func startBroadcast<T: MPIElement>(
        _ buffer: UnsafeMutableBufferPointer<T>, root: Int
    ) throws -> any CommunicationRequest {
        try broadcast(buffer, root: root)
        return Finished()
    }

    public func startBarrier() throws -> any CommunicationRequest {
        try barrier()
        return Finished()
    }

    public func allgather<T: MPIElement>(inPlace buffer: UnsafeMutableBufferPointer<T>) throws {
        let part = buffer.count / size
        try allgather(Array(buffer[rank * part..<(rank + 1) * part]), into: buffer)
    }

    public func allgather<T: MPIElement>(inPlace buffer: UnsafeMutableBufferPointer<T>, counts: [Int]) throws {
        try requireParts(buffer.count, counts)
        try world.publish(rank, UnsafeRawPointer(buffer.baseAddress), counts)
        var start = 0
        for other in 0..<size {
            precondition(world.counts[other] == counts)
            if other != rank, let source = world.slots[other], let target = buffer.baseAddress {
                (target + start).update(from: source.assumingMemoryBound(to: T.self) + start, count: counts[other])
            }
            start += counts[other]
        }
        try world.wait()
    }

    private func requireParts(_ count: Int, _ counts: [Int]) throws {
        if counts.count != size || counts.reduce(0, +) != count { throw LengthsDiffer() }
    }

    private func allgather<T: MPIElement>(_ send: [T], into receive: UnsafeMutableBufferPointer<T>) throws {
        try send.withUnsafeBufferPointer { try allgather($0, into: receive) }
    }

    public func allreduce<T: MPIElement>(_ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation)
        throws
    {
        try world.publish(rank, UnsafeRawPointer(buffer.baseAddress), [buffer.count])
        var result = Array(buffer)
        try requireEqualLengths()
        let others = (0..<size).compactMap { world.slots[$0] }
        result.withUnsafeMutableBytes { combine(others, T.elementType, operation, into: $0) }
        try world.wait()
        for index in result.indices { buffer[index] = result[index] }
        try world.wait()
    }

    /// Every rank finds the same, so all throw together.
    private func requireEqualLengths() throws {
        let lengths = world.counts.map { $0[0] }
        guard lengths.allSatisfy({ $0 == lengths[0] }) else { throw LengthsDiffer() }
    }

    private func combine(
        _ parts: [UnsafeRawPointer], _ type: ElementType, _ operation: ReductionOperation,
        into result: UnsafeMutableRawBufferPointer
    ) {
        func apply<N: Comparable>(_ type: N.Type, _ sum: (N, N) -> N) {
            let target = result.bindMemory(to: N.self)
            let values = parts.map { $0.assumingMemoryBound(to: N.self) }
            for index in target.indices {
                var value = values[0][index]
                for other in values.dropFirst() {
                    let next = other[index]
                    switch operation {
                    case .sum: value = sum(value, next)
                    // NaN, which is not itself, wins.
                    case .minimum: value = value != value || value < next ? value : next
                    case .maximum: value = value != value || value > next ? value : next
                    }
                }
                target[index] = value
            }
        }
        switch type {
        case .float: apply(Float.self, +)
        case .double: apply(Double.self, +)
        case .int64: apply(Int.self, +)
        case .int32: apply(Int32.self, +)
        case .uint32: apply(UInt32.self, &+)
        case .uint8: apply(UInt8.self, +)
        }
    }

    public func broadcast<T: MPIElement>(_ buffer: UnsafeMutableBufferPointer<T>, root: Int) throws {
        try world.publish(rank, UnsafeRawPointer(buffer.baseAddress), [buffer.count])
        try requireEqualLengths()
        if rank != root, buffer.count > 0, let source = world.slots[root] {
            buffer.baseAddress?.update(from: source.assumingMemoryBound(to: T.self), count: buffer.count)
        }
        try world.wait()
    }

    public func gather<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, into receive: UnsafeMutableBufferPointer<T>, root: Int
    ) throws {
        try world.publish(rank, UnsafeRawPointer(send.baseAddress), [send.count])
        if rank == root { collect(send.count, into: receive) }
        try world.wait()
    }

    public func allgather<T: MPIElement>(_ send: UnsafeBufferPointer<T>, into receive: UnsafeMutableBufferPointer<T>)
        throws
    {
        try world.publish(rank, UnsafeRawPointer(send.baseAddress), [send.count])
        collect(send.count, into: receive)
        try world.wait()
    }

    private func collect<T>(_ count: Int, into receive: UnsafeMutableBufferPointer<T>) {
        for other in 0..<size where count > 0 {
            precondition(world.counts[other][0] == count)
            guard let source = world.slots[other], let target = receive.baseAddress else { continue }
            (target + other * count).update(from: source.assumingMemoryBound(to: T.self), count: count)
        }
    }

    public func alltoallv<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, sendCounts: [Int],
        into receive: UnsafeMutableBufferPointer<T>, receiveCounts: [Int]
    ) throws {
        precondition(sendCounts.reduce(0, +) <= send.count && receiveCounts.reduce(0, +) <= receive.count)
        try world.publish(rank, UnsafeRawPointer(send.baseAddress), sendCounts)
        var offset = 0
        for other in 0..<size {
            let counts = world.counts[other]
            precondition(counts[rank] == receiveCounts[other])
            if counts[rank] > 0, let source = world.slots[other], let target = receive.baseAddress {
                let start = counts[..<rank].reduce(0, +)
                (target + offset).update(from: source.assumingMemoryBound(to: T.self) + start, count: counts[rank])
            }
            offset += receiveCounts[other]
        }
        try world.wait()
    }

    public func barrier() throws { try world.wait() }

    public func splitBySharedMemory() throws -> any Communicator {
        ThreadCommunicator(
            rank: rank % ranksPerNode, world: world.nodes[rank / ranksPerNode], ranksPerNode: ranksPerNode)
    }

    /// A rank of a group that ends leaves the others waiting until their time is over.
    public func split(color: Int?, name: String, stallTimeout: Double?) throws -> (any Communicator)? {
        let colors = try allgather(color ?? -1)
        if rank == 0 {
            world.groups = Dictionary(grouping: colors, by: { $0 }).mapValues { ranks in
                let group = World(size: ranks.count)
                group.nodes = [World(size: ranks.count)]
                return group
            }
        }
        try world.wait()
        let group = color.flatMap { world.groups[$0] }
        try world.wait()
        guard let group else { return nil }
        return ThreadCommunicator(
            rank: colors[..<rank].count { $0 == color }, world: group, ranksPerNode: group.size)
    }

    public func abort(_ message: String, code: Int32) -> Never { fatalError(message) }
}
