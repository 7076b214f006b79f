/// A rank that needs much longer for a sample than the others.
public struct Straggler: Sendable, Equatable {
    public var rank: Int
    /// Its seconds per sample, in those of the rank in the middle.
    public var slowdown: Double
}

/// Which ranks are persistently slow: those whose time per sample was at least `factor` times the median in each of the
/// last `windows` looks, and cost something. One that was named stays so until it was below for as many looks.
struct StragglerRule: Sendable, Equatable {
    var factor = 1.5
    var windows = 3
    /// Share of the wall-clock time that a rank's slowness must take.
    var smallestLoss = 0.02

    /// - Parameters:
    ///   - recent: the last looks, the latest at the end.
    ///   - named: the ranks named before.
    func stragglers(_ recent: [RankTimes], named: [Straggler]) -> [Straggler] {
        let looks = recent.suffix(windows)
        guard looks.count == windows, let ranks = looks.last?.shares.count else { return named }
        return (0..<ranks).compactMap { rank in
            let before = named.first { $0.rank == rank }
            // Nil where a look says nothing.
            let slowdowns = looks.map { slowdown(rank, $0) }
            let isSlow = slowdowns.map { $0.map { $0 >= factor } }
            let mean = slowdowns.reduce(0) { $0 + ($1 ?? 0) } / Double(windows)
            if isSlow.allSatisfy({ $0 == true }) { return Straggler(rank: rank, slowdown: mean) }
            return before != nil && !isSlow.allSatisfy { $0 == false } ? before : nil
        }
    }

    private func slowdown(_ rank: Int, _ times: RankTimes) -> Double? {
        guard let median = times.median, let mine = times.shares[rank].secondsPerSample else { return nil }
        let slowdown = mine / median
        let loss = times.shares[rank].compute * (1 - 1 / max(slowdown, 1))
        return slowdown >= factor && loss < smallestLoss * times.window ? nil : slowdown
    }
}
