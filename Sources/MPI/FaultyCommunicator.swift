import Platform
import Synchronization

/// What a `FaultyCommunicator` does to a call.
public enum Fault: Sendable {
    /// Throws `InjectedFault` on this rank in place of the call. The other ranks make theirs and, unless all ranks are
    /// given the fault, wait for this one.
    case fail
    /// Sleeps this many seconds before the call.
    case delay(seconds: Double)
    /// Flips one bit of this rank's result: `element` counts from the start of the buffer, `bit` from the lowest of the
    /// element (of a Double, 0 is the last digit, 62 the top of the exponent, 63 the sign). Calls without a result, and
    /// elements beyond it, stay as they are.
    case flipBit(element: Int, bit: Int)
    /// Flips one bit of what this rank sends in a call that works in place (`allreduce`, `broadcast` at its root): every
    /// rank gets the spoilt result.
    case flipBitSent(element: Int, bit: Int)
    /// Kills this process with SIGKILL before the call.
    case kill
}

/// The error of `Fault.fail`.
public struct InjectedFault: Error, Sendable, Equatable, CustomStringConvertible {
    public let rank: Int
    public let call: Int
    public var description: String { "injected fault on rank \(rank) at call \(call)" }
}

/// A communicator for tests: passes every call on to another one and goes wrong at chosen calls of chosen ranks.
public final class FaultyCommunicator: Communicator {
    /// One place to go wrong.
    public struct Injection: Sendable {
        let rank: Int
        let call: Int
        let fault: Fault

        /// - Parameters:
        ///   - rank: the rank that goes wrong.
        ///   - call: the number of the call on that rank, through this communicator, counted from 1.
        public init(rank: Int, call: Int, _ fault: Fault) {
            self.rank = rank
            self.call = call
            self.fault = fault
        }
    }

    private let base: any Communicator
    private let faults: [Int: [Fault]]
    private let calls = Atomic<Int>(0)

    public init(_ base: any Communicator, _ injections: [Injection]) {
        self.base = base
        let own = injections.filter { $0.rank == base.rank }
        faults = Dictionary(grouping: own, by: \.call).mapValues { $0.map(\.fault) }
    }

    public var rank: Int { base.rank }
    public var size: Int { base.size }
    public var statistics: CommunicationStatistics { base.statistics }
    /// Calls made through this communicator so far, failed ones included.
    public var callCount: Int { calls.load(ordering: .relaxed) }

    /// The faults of the next call, those that come before it already done.
    private func nextCall() throws -> [Fault] {
        let call = calls.add(1, ordering: .relaxed).newValue
        let present = faults[call] ?? []
        for fault in present {
            switch fault {
            case .fail: throw InjectedFault(rank: rank, call: call)
            case .delay(let seconds): usleep(UInt32(seconds * 1e6))
            case .kill: raise(SIGKILL)
            case .flipBit, .flipBitSent: break
            }
        }
        return present
    }

    private func flipBits<T: MPIElement>(_ faults: [Fault], _ result: UnsafeMutableBufferPointer<T>) {
        for case .flipBit(let element, let bit) in faults { flip(bit, of: element, in: result) }
    }

    private func flipBitsSent<T: MPIElement>(_ faults: [Fault], _ buffer: UnsafeMutableBufferPointer<T>) {
        for case .flipBitSent(let element, let bit) in faults { flip(bit, of: element, in: buffer) }
    }

    private func flip<T: MPIElement>(_ bit: Int, of element: Int, in buffer: UnsafeMutableBufferPointer<T>) {
        let bytes = UnsafeMutableRawBufferPointer(buffer)
        let place = element * MemoryLayout<T>.stride + bit / 8
        if bytes.indices.contains(place) { bytes[place] ^= 1 << (bit % 8) }
    }

    private func perform<T: MPIElement>(_ result: UnsafeMutableBufferPointer<T>, _ call: () throws -> Void) throws {
        let faults = try nextCall()
        try call()
        flipBits(faults, result)
    }

    private func start<T: MPIElement>(
        _ result: UnsafeMutableBufferPointer<T>, _ call: () throws -> any CommunicationRequest
    ) throws -> any CommunicationRequest {
        let faults = try nextCall()
        // The caller keeps the buffer alive until the request has completed.
        nonisolated(unsafe) let result = result
        return FaultyRequest(try call()) { self.flipBits(faults, result) }
    }

    public func allreduce<T: MPIElement>(
        _ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation
    ) throws {
        let faults = try nextCall()
        flipBitsSent(faults, buffer)
        try base.allreduce(buffer, operation)
        flipBits(faults, buffer)
    }

    public func startAllreduce<T: MPIElement>(
        _ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation
    ) throws -> any CommunicationRequest {
        try start(buffer) { try base.startAllreduce(buffer, operation) }
    }

    public func broadcast<T: MPIElement>(_ buffer: UnsafeMutableBufferPointer<T>, root: Int) throws {
        let faults = try nextCall()
        flipBitsSent(faults, buffer)
        try base.broadcast(buffer, root: root)
        flipBits(faults, buffer)
    }

    public func startBroadcast<T: MPIElement>(
        _ buffer: UnsafeMutableBufferPointer<T>, root: Int
    ) throws -> any CommunicationRequest {
        try start(buffer) { try base.startBroadcast(buffer, root: root) }
    }

    public func gather<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, into receive: UnsafeMutableBufferPointer<T>, root: Int
    ) throws {
        try perform(receive) { try base.gather(send, into: receive, root: root) }
    }

    public func allgather<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, into receive: UnsafeMutableBufferPointer<T>
    ) throws {
        try perform(receive) { try base.allgather(send, into: receive) }
    }

    public func allgather<T: MPIElement>(inPlace buffer: UnsafeMutableBufferPointer<T>) throws {
        try perform(buffer) { try base.allgather(inPlace: buffer) }
    }

    public func allgather<T: MPIElement>(inPlace buffer: UnsafeMutableBufferPointer<T>, counts: [Int]) throws {
        try perform(buffer) { try base.allgather(inPlace: buffer, counts: counts) }
    }

    public func alltoallv<T: MPIElement>(
        _ send: UnsafeBufferPointer<T>, sendCounts: [Int],
        into receive: UnsafeMutableBufferPointer<T>, receiveCounts: [Int]
    ) throws {
        try perform(receive) {
            try base.alltoallv(send, sendCounts: sendCounts, into: receive, receiveCounts: receiveCounts)
        }
    }

    public func barrier() throws {
        _ = try nextCall()
        try base.barrier()
    }

    public func startBarrier() throws -> any CommunicationRequest {
        _ = try nextCall()
        return try base.startBarrier()
    }

    /// The split communicator is the other one's own, without faults.
    public func splitBySharedMemory() throws -> any Communicator {
        _ = try nextCall()
        return try base.splitBySharedMemory()
    }

    /// The groups are the other one's own, without faults.
    public func split(color: Int?, name: String, stallTimeout: Double?) throws -> (any Communicator)? {
        _ = try nextCall()
        return try base.split(color: color, name: name, stallTimeout: stallTimeout)
    }

    public func abort(_ message: String, code: Int32) -> Never { base.abort(message, code: code) }
}

/// A request that spoils its result once, on completion.
private final class FaultyRequest: CommunicationRequest {
    private let base: any CommunicationRequest
    private let spoil: Mutex<(@Sendable () -> Void)?>

    init(_ base: any CommunicationRequest, _ spoil: @escaping @Sendable () -> Void) {
        self.base = base
        self.spoil = Mutex(spoil)
    }

    private func complete() {
        spoil.withLock { spoil in
            spoil?()
            spoil = nil
        }
    }

    func wait() throws {
        try base.wait()
        complete()
    }

    func test() throws -> Bool {
        guard try base.test() else { return false }
        complete()
        return true
    }
}
