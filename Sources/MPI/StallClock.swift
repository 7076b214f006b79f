import Platform
import Synchronization

/// The calls that can block on other ranks.
enum CollectiveCall: Int, Sendable {
    case allreduce, broadcast, gather, allgather, alltoallv, barrier, split, duplicate, free, finalize
}

/// Times one communicator's calls and lets the watchdog see how long the present one has lasted.
///
/// A blocking collective never returns when a peer has died or is stuck, and no MPI setting changes that. So each call
/// notes its start here, and a thread of its own (`StallWatchdog`) ends the job when the call outlasts `timeout`. The
/// calls stay MPI's blocking ones: at 2 ranks on one node (Open MPI 4.1) MPI_Iallreduce and MPI_Wait took 3.3, 2.5, 1.2,
/// 1.6 and 1.7 times as long for 8 B, 1 kB, 16 kB, 256 kB and 2 MB, an MPI_Test loop longer still; the notes taken here
/// cost 0.06 µs a call.
final class StallClock: Sendable {
    let name: String
    let rank: Int
    let size: Int
    /// Seconds after which the rank ends the job; 0 never.
    let timeout: Double

    /// Monotonic nanoseconds at which the present call began; 0 between calls.
    private let entered = Atomic<UInt64>(0)
    /// Monotonic nanoseconds at which the last call ended.
    private let left = Atomic<UInt64>(monotonicNanoseconds())
    private let kind = Atomic<Int>(0)
    private let calls = Atomic<Int>(0)
    private let nanoseconds = Atomic<UInt64>(0)

    init(name: String, rank: Int, size: Int, timeout: Double) {
        self.name = name
        self.rank = rank
        self.size = size
        self.timeout = timeout
    }

    var statistics: CommunicationStatistics {
        .init(
            calls: calls.load(ordering: .relaxed), seconds: Double(nanoseconds.load(ordering: .relaxed)) * 1e-9)
    }

    /// Every call that can block on another rank goes through here. `isNew` is false for waits, which belong to a call
    /// counted at its start.
    @inline(__always)
    func time<Result>(_ call: CollectiveCall, isNew: Bool = true, _ body: () throws -> Result) rethrows -> Result {
        let start = monotonicNanoseconds()
        kind.store(call.rawValue, ordering: .relaxed)
        if isNew { calls.add(1, ordering: .relaxed) }
        entered.store(start, ordering: .releasing)
        defer {
            let end = monotonicNanoseconds()
            left.store(end, ordering: .relaxed)
            entered.store(0, ordering: .releasing)
            nanoseconds.add(end &- start, ordering: .relaxed)
        }
        return try body()
    }

    /// Seconds after which this rank speaks. All waiting ranks run out at about the same time: the lowest comes first,
    /// and its abort usually silences the rest.
    var limit: Double { timeout + Double(min(rank, 4)) * min(1, timeout / 4) }

    /// The start of the present call, which also names it: two calls never begin in the same nanosecond.
    var presentCall: UInt64 { entered.load(ordering: .acquiring) }

    /// The end of the last call.
    var lastCall: UInt64 { left.load(ordering: .relaxed) }

    /// The present call, or the last one, in words.
    var callText: String {
        let call = CollectiveCall(rawValue: kind.load(ordering: .relaxed)).map { "\($0)" } ?? "collective"
        return "\(call), call number \(calls.load(ordering: .relaxed)) of communicator \"\(name)\""
    }

    /// - Parameter finding: which ranks are waited for, if that is known.
    func stallMessage(waited: Double, finding: String? = nil) -> String {
        """
        rank \(rank) of \(size) on \(hostName()) waited \(Int(waited.rounded())) s in \(callText): \
        \(finding ?? "another rank is dead, stuck or unreachable"). Ending the job (stall timeout \(formatted(timeout)) s; \
        0 waits for ever).
        """
    }

    private func formatted(_ seconds: Double) -> String {
        seconds == seconds.rounded() && seconds < 1e15 ? "\(Int(seconds))" : "\(seconds)"
    }
}
