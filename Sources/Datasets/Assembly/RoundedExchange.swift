import MPI

/// Records of bytes on their way to other ranks, gathered until a round is full.
struct Outbox {
    private(set) var boxes: [[UInt8]]
    /// Room per destination. A record that is larger travels alone.
    private let slot: Int
    private let total: Int
    private var used = 0

    init(ranks: Int, budget: Int) {
        boxes = Array(repeating: [], count: ranks)
        total = budget
        slot = max(4 * budget / max(ranks, 4), 1 << 14)
    }

    func hasRoom(for bytes: Int, to rank: Int) -> Bool {
        boxes[rank].isEmpty || (boxes[rank].count + bytes <= slot && used + bytes <= total)
    }

    mutating func append<T: BitwiseCopyable>(_ value: T, to rank: Int) {
        withUnsafeBytes(of: value) { boxes[rank].append(contentsOf: $0) }
        used += MemoryLayout<T>.size
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer, to rank: Int) {
        boxes[rank].append(contentsOf: bytes)
        used += bytes.count
    }

    fileprivate mutating func clear() {
        for rank in boxes.indices { boxes[rank].removeAll(keepingCapacity: true) }
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
        produce: (inout Outbox) throws -> Bool, consume: (UnsafeRawBufferPointer) throws -> Void,
        agree: (((any Error)?) throws -> Void)? = nil
    ) throws {
        let agree = agree ?? { try communicator.throwTogether($0) }
        let ranks = communicator.size
        var outbox = Outbox(ranks: ranks, budget: budget)
        var state = State.more
        var failure: (any Error)?
        var send: [UInt8] = []
        var receive: [UInt8] = []
        while true {
            outbox.clear()
            do {
                if state == .more, try produce(&outbox) { state = .done }
            } catch {
                state = .failed
                failure = error
            }
            let sendCounts = outbox.boxes.map(\.count)
            let header = try alltoall(sendCounts.flatMap { [$0, state.rawValue] }, each: 2)
            let states = (0..<ranks).map { header[2 * $0 + 1] }
            if states.contains(State.failed.rawValue) { try agree(failure) }
            let receiveCounts = (0..<ranks).map { header[2 * $0] }
            send.removeAll(keepingCapacity: true)
            for box in outbox.boxes { send.append(contentsOf: box) }
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
