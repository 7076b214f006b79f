import BigBatch
import Platform

/// What `events.jsonl` says of all ranks at once, in a size that does not grow with them.
package enum RankEvents {
    /// Of so many ranks, each is told of.
    package static let most = 64
    /// Of more, these: at equal distances in the order of their computing time, with the first, the middle and the last.
    package static let sampled = 33
    /// And the slowest with their hosts.
    package static let named = 4
    private static let digits = 4

    package static func members(of times: RankTimes, hosts: [String]) -> [(key: String, value: JSON)] {
        let shares = times.shares
        let count = shares.count
        let order = count > most ? shares.indices.sorted { shares[$0].compute < shares[$1].compute } : []
        let chosen =
            order.isEmpty ? Array(shares.indices) : (0..<sampled).map { order[$0 * (count - 1) / (sampled - 1)] }
        func list(_ value: (RankTimes.Share) -> JSON) -> JSON { .array(chosen.map { value(shares[$0]) }) }
        var members: [(key: String, value: JSON)] = [
            ("window", .rounded(times.window, digits)),
            ("compute", list { .rounded($0.compute, digits) }), ("waiting", list { .rounded($0.waiting, digits) }),
            ("samples", list { .integer(Int(exactly: $0.samples.rounded()) ?? 0) }),
        ]
        guard !order.isEmpty else { return members }
        func mean(_ value: (RankTimes.Share) -> Double) -> JSON {
            .rounded(shares.reduce(0) { $0 + value($1) } / Double(count), digits)
        }
        members += [
            ("ranks", .integer(count)), ("rank", .array(chosen.map { .integer($0) })),
            (
                "mean",
                .object([
                    ("compute", mean(\.compute)), ("waiting", mean(\.waiting)), ("samples", mean(\.samples)),
                ])
            ),
            (
                "slowest",
                .array(
                    order.suffix(named).reversed().map { rank in
                        .object(
                            [("rank", .integer(rank)), ("compute", .rounded(shares[rank].compute, digits))]
                                + (hosts.indices.contains(rank) ? [("host", .string(hosts[rank]))] : []))
                    })
            ),
        ]
        return members
    }

    package static func members(of move: Rebalance) -> [(key: String, value: JSON)] {
        let least = move.weights.indices.min { move.weights[$0] < move.weights[$1] } ?? 0
        let shares: [(key: String, value: JSON)] =
            move.weights.count > most ? [] : [("shares", .array(move.weights.map { .rounded($0, digits) }))]
        return shares + [
            ("leastRank", .integer(least)), ("leastShare", .rounded(move.weights.min() ?? 1, digits)),
            ("mostShare", .rounded(move.weights.max() ?? 1, digits)), ("gain", .number(move.gain)),
            ("moveSeconds", .number(move.seconds)),
        ]
    }
}

/// Adds up what looks at the ranks' times have found, so that events of a long run are few: each covers a hundredth of the
/// time before it, at most ten minutes.
package struct RankLooks {
    private var sum: RankTimes?

    /// What shall be told now, if anything.
    package mutating func add(_ times: RankTimes, at seconds: Double) -> RankTimes? {
        var total = times
        if let sum, sum.shares.count == times.shares.count {
            total.window += sum.window
            for (rank, share) in sum.shares.enumerated() {
                total.shares[rank].compute += share.compute
                total.shares[rank].waiting += share.waiting
                total.shares[rank].samples += share.samples
            }
        }
        sum = total
        return total.window >= min(seconds / 100, 600) ? take() : nil
    }

    /// What has not been told yet.
    package mutating func take() -> RankTimes? {
        defer { sum = nil }
        return sum
    }
}
