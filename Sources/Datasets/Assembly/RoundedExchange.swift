import MPI

/// Records of bytes on their way to other ranks, gathered until a round is full.
final class Outbox {
    /// Bytes gathered for one rank.
    struct Box {
        fileprivate var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        fileprivate(set) var count = 0

        var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }
    }

    private(set) var boxes: [Box]
    /// Room per destination. A record that is larger travels alone.
    private let slot: Int
    private let total: Int
    private var used = 0

    init(ranks: Int, budget: Int) {
        boxes = Array(repeating: Box(), count: ranks)
        total = budget
        slot = max(4 * budget / max(ranks, 4), 1 << 14)
    }

    deinit { for box in boxes { box.memory.deallocate() } }

    func hasRoom(for bytes: Int, to rank: Int) -> Bool {
        boxes[rank].count == 0 || (boxes[rank].count + bytes <= slot && used + bytes <= total)
    }

    /// Adds `bytes` bytes for the caller to write, aligned like the sum of the sizes before.
    @inline(__always)
    func extend(by bytes: Int, to rank: Int) -> UnsafeMutableRawPointer {
        let count = boxes[rank].count
        if boxes[rank].memory.count < count + bytes { grow(rank, count + bytes) }
        boxes[rank].count = count + bytes
        used += bytes
        guard let base = boxes[rank].memory.baseAddress else { preconditionFailure("an empty record") }
        return base + count
    }

    private func grow(_ rank: Int, _ bytes: Int) {
        let old = boxes[rank].memory
        let capacity = max(bytes, min(2 * old.count, slot), 1 << 12)
        let new = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
        new.copyMemory(from: boxes[rank].bytes)
        old.deallocate()
        boxes[rank].memory = new
    }

    func append<T: BitwiseCopyable>(_ value: T, to rank: Int) {
        extend(by: MemoryLayout<T>.size, to: rank).storeBytes(of: value, as: T.self)
    }

    func append(_ bytes: UnsafeRawBufferPointer, to rank: Int) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        extend(by: bytes.count, to: rank).copyMemory(from: source, byteCount: bytes.count)
    }

    fileprivate func clear() {
        for rank in boxes.indices { boxes[rank].count = 0 }
        used = 0
    }
}

/// An all-to-all exchange of byte records in rounds, so that neither side ever holds more than a few megabytes of them.
struct RoundedExchange {
    let communicator: any Communicator
    /// Bytes a rank sends in a round, about.
    var budget = 4 << 20

    private enum State: Int { case more, done, failed }

    /// Collective. `produce` fills the outbox until it has no room and returns true once it has nothing more;
    /// `consume` takes what one rank sent in one round: whole records, in the order they were appended.
    ///
    /// Both work alone and may throw; all ranks then meet within a round in `agree`, a collective that throws the same
    /// error everywhere when any rank passes one.
    func run(
        produce: (Outbox) throws -> Bool, consume: (UnsafeRawBufferPointer) throws -> Void,
        agree: (((any Error)?) throws -> Void)? = nil
    ) throws {
        let agree = agree ?? { try communicator.throwTogether($0) }
        let ranks = communicator.size
        let outbox = Outbox(ranks: ranks, budget: budget)
        var state = State.more
        var failure: (any Error)?
        var send: [UInt8] = []
        var receive: [UInt8] = []
        while true {
            outbox.clear()
            do {
                if state == .more, try produce(outbox) { state = .done }
            } catch {
                state = .failed
                failure = error
            }
            if ranks == 1 {
                if state == .failed { try agree(failure) }
                do {
                    if outbox.boxes[0].count > 0 { try consume(outbox.boxes[0].bytes) }
                } catch {
                    try agree(error)
                }
                if state == .done { break }
                continue
            }
            let sendCounts = outbox.boxes.map(\.count)
            let header = try alltoall(sendCounts.flatMap { [$0, state.rawValue] }, each: 2)
            let states = (0..<ranks).map { header[2 * $0 + 1] }
            if states.contains(State.failed.rawValue) { try agree(failure) }
            let receiveCounts = (0..<ranks).map { header[2 * $0] }
            send.removeAll(keepingCapacity: true)
            for box in outbox.boxes { send.append(contentsOf: box.bytes) }
            let needed = receiveCounts.reduce(0, +)
            if receive.count < needed { receive = [UInt8](repeating: 0, count: needed) }
            try send.withUnsafeBufferPointer { send in
                try receive.withUnsafeMutableBufferPointer { receive in
                    try communicator.alltoallv(
                        send, sendCounts: sendCounts, into: receive, receiveCounts: receiveCounts)
                }
            }
            do {
                try receive.withUnsafeBytes { bytes in
                    var start = 0
                    for count in receiveCounts where count > 0 {
                        try consume(UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
                        start += count
                    }
                }
            } catch {
                state = .failed
                failure = error
            }
            if states.allSatisfy({ $0 == State.done.rawValue }) { break }
        }
        try agree(failure)
    }

    /// `each` numbers to and from every rank.
    private func alltoall(_ values: [Int], each: Int) throws -> [Int] {
        var result = [Int](repeating: 0, count: values.count)
        let counts = Array(repeating: each, count: communicator.size)
        try values.withUnsafeBufferPointer { send in
            try result.withUnsafeMutableBufferPointer { receive in
                try communicator.alltoallv(send, sendCounts: counts, into: receive, receiveCounts: counts)
            }
        }
        return result
    }
}
