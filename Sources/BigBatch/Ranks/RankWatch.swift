import Datasets
import Kernels
import Models

/// Compares the ranks' speeds every few seconds: who is slow, and whether rows should move.
struct RankWatch {
    /// What a rank has done in all.
    struct Totals {
        var compute = 0.0
        var waiting = 0.0
        var samples = 0
    }

    var stragglerRule = StragglerRule()
    var balanceRule = BalanceRule()
    /// Training time at which the ranks tell their times next: every two seconds at first, later after a hundredth of the
    /// time so far, at most half a minute. It costs one reduction of five numbers a rank.
    private(set) var dueAt = 2.0
    private var lookedAt = 0.0
    private var last = Totals()
    /// As many looks as the rules want.
    private var recent: [RankTimes] = []
    private(set) var stragglers: [Straggler] = []
    private var balance = BalanceRule.State()
    private var secondsPerByte = 0.0

    mutating func begin(at seconds: Double, _ totals: Totals) {
        lookedAt = seconds
        last = totals
        dueAt = seconds + 2
    }

    /// What this rank says of itself.
    mutating func ownTimes(_ totals: Totals, at seconds: Double, rank: Int, ranks: Int) -> RankTimes {
        defer { last = totals }
        var times = RankTimes(window: seconds - lookedAt, shares: Array(repeating: .init(), count: ranks))
        times.seconds = seconds
        times.secondsPerByte = secondsPerByte
        times.shares[rank] = RankTimes.Share(
            compute: totals.compute - last.compute, waiting: totals.waiting - last.waiting,
            samples: Double(totals.samples - last.samples))
        return times
    }

    /// Takes in what all ranks said. Returns the ranks that are slow now and were not, and those that no longer are.
    mutating func note(_ times: RankTimes) -> (new: [Straggler], over: [Int]) {
        lookedAt = times.seconds
        dueAt = times.seconds + min(max(2, times.seconds / 100), 30)
        recent.append(times)
        recent.removeFirst(max(0, recent.count - max(stragglerRule.windows, balanceRule.windows)))
        let before = Set(stragglers.map(\.rank))
        stragglers = stragglerRule.stragglers(recent, named: stragglers)
        let after = Set(stragglers.map(\.rank))
        return (stragglers.filter { !before.contains($0.rank) }, before.subtracting(after).sorted())
    }

    /// The move that should be made now, if any.
    mutating func move(from shares: BlockShares?) -> BalanceRule.Move? {
        balanceRule.move(recent, current: shares, &balance)
    }

    /// Rows have moved: what was measured before says little about what comes.
    mutating func noteMove(at seconds: Double, took: Double, bytes: Double) {
        balance = BalanceRule.State(movedAt: seconds)
        recent = []
        secondsPerByte = bytes > 0 ? took / bytes : 0
    }
}
