import Datasets
import Testing

@testable import BigBatch

@Suite("Slow ranks") struct BalanceRuleTests {
    /// A look at ranks that take `seconds` per sample and hold `shares` of the rows.
    private func look(
        at time: Double = 10, _ seconds: [Double], shares: BlockShares? = nil, samples: Double = 1000,
        rowBytes: Double = 1e6, room: Double = 1e12
    ) -> RankTimes {
        let ranks = Double(seconds.count)
        let weights = shares?.weights ?? seconds.map { _ in 1 }
        var times = RankTimes(
            window: 0,
            shares: zip(seconds, weights).map { seconds, weight in
                let own = samples * weight / ranks
                var share = RankTimes.Share(compute: seconds * own, samples: own)
                share.rowBytes = rowBytes * weight / ranks
                share.room = room
                return share
            })
        times.window = times.shares.map(\.compute).max() ?? 0
        times.seconds = time
        return times
    }

    private let uneven = [1e-3, 1e-3, 1e-3, 2e-3]

    @Test func aRankAtHalfSpeedGetsHalf() throws {
        let shares = try #require(BalanceRule().shares([look(uneven)]))
        #expect(shares == BlockShares(weights: [2, 2, 2, 1]))
        var state = BalanceRule.State()
        let move = try #require(BalanceRule().move([look(uneven), look(uneven), look(uneven)], current: nil, &state))
        #expect(move.shares == shares)
        // From 2 ms × 1/4 to 1 ms × 2/7 a sample, but for the rounding to blocks.
        #expect(abs(move.gain - (1 - 4.0 / 7)) < 0.02)
        #expect(move.bytes > 5e5 && move.bytes < 6e5)
    }

    @Test func nothingMovesWithoutCause() {
        let rule = BalanceRule()
        func isMoved(_ looks: [RankTimes], current: BlockShares? = nil, _ state: BalanceRule.State = .init()) -> Bool {
            var state = state
            return rule.move(looks, current: current, &state) != nil
        }
        let balanced = BlockShares(weights: [2, 2, 2, 1])
        let slow = look(uneven)
        #expect(isMoved([slow, slow, slow]))
        // Too few looks, one that says otherwise, a difference too small, shares that are right already.
        #expect(!isMoved([slow, slow]))
        #expect(!isMoved([slow, look([1e-3, 1e-3, 1e-3, 1e-3]), slow]))
        #expect(!isMoved(Array(repeating: look([1e-3, 1.01e-3, 1e-3, 1.02e-3]), count: 3)))
        #expect(!isMoved(Array(repeating: look(uneven, shares: balanced), count: 3), current: balanced))
        // A rank without samples, or without memory for any rows.
        var empty = slow
        empty.shares[2].samples = 0
        #expect(!isMoved([empty, empty, empty]))
        #expect(!isMoved(Array(repeating: look(uneven, room: 2e5), count: 3)))
        // Moved a moment ago.
        #expect(!isMoved([slow, slow, slow], .init(movedAt: -19)))
        #expect(isMoved([slow, slow, slow], .init(movedAt: -21)))
        // The way back, when the rank is fast again.
        #expect(
            isMoved(Array(repeating: look([1e-3, 1e-3, 1e-3, 1e-3], shares: balanced), count: 3), current: balanced))
    }

    /// A second lost at every look pays for a move of five seconds at the fifth, however long the run will be.
    @Test func aMoveComesWhenItsPriceIsLost() {
        let rule = BalanceRule()
        var state = BalanceRule.State()
        let slow = look(uneven, samples: 4700, rowBytes: 1.9e9)
        var recent: [RankTimes] = []
        var looks = 0
        while looks < 20 {
            looks += 1
            recent.append(slow)
            if rule.move(recent, current: nil, &state) != nil { break }
        }
        #expect(looks == 6)
        // A measured price counts for more than the assumed one.
        var cheap = slow
        cheap.secondsPerByte = 1e-10
        state = BalanceRule.State()
        #expect(rule.move([cheap, cheap, cheap], current: nil, &state) != nil)
    }

    @Test func memoryLimitsShares() throws {
        var tight = look([1e-3, 1e-3, 4e-3, 4e-3])
        tight.shares[0].room = 3e5
        let shares = try #require(BalanceRule().shares([tight]))
        let total = Double(shares.counts.reduce(0, +))
        #expect(Double(shares.counts[0]) / total * 1e6 <= 3e5)
        // What rank 0 cannot hold goes to the others by their speed.
        #expect(shares.counts[1] > 3 * shares.counts[2] && shares.counts[2] == shares.counts[3])
    }

    /// Shares that make all ranks equally fast are reached also where part of a rank's time does not depend on its share.
    @Test func repeatedMovesEqualTheTimes() {
        let fixed = [0.1, 0.1, 0.2, 0.1]
        let perSample = [1e-3, 2e-3, 3e-3, 1e-3]
        var shares: BlockShares?
        func times() -> RankTimes {
            var times = look(perSample, shares: shares)
            for rank in fixed.indices { times.shares[rank].compute += fixed[rank] }
            return times
        }
        for _ in 0..<6 { shares = BalanceRule().shares([times()]) }
        let compute = times().shares.map(\.compute)
        #expect((compute.max() ?? 0) < 1.08 * (compute.min() ?? 0), "\(compute)")
    }

    @Test func slotsCarryEveryRanksTimes() {
        var whole = look(uneven)
        whole.secondsPerByte = 3e-9
        for rank in whole.shares.indices { whole.shares[rank].waiting = 0.1 * Double(rank) }
        var sum = [Double](repeating: 0, count: RankTimes.payloadCount(ranks: 4))
        for rank in 0..<4 {
            // A rank knows its own times, and its own clock.
            var own = RankTimes(window: rank == 0 ? whole.window : 99, shares: Array(repeating: .init(), count: 4))
            own.seconds = rank == 0 ? whole.seconds : 99
            own.secondsPerByte = rank == 0 ? whole.secondsPerByte : 99
            own.shares[rank] = whole.shares[rank]
            for (index, value) in own.payload(of: rank).enumerated() { sum[index] += value }
        }
        #expect(RankTimes(payload: sum) == whole)
    }

    @Test func stragglersAreNamedOnceTheyPersist() {
        let rule = StragglerRule()
        let slow = look(uneven)
        let even = look([1e-3, 1e-3, 1e-3, 1.2e-3])
        #expect(rule.stragglers([slow, slow], named: []).isEmpty)
        #expect(rule.stragglers([slow, even, slow], named: []).isEmpty)
        let named = rule.stragglers([slow, slow, slow], named: [])
        #expect(named.map(\.rank) == [3] && abs(named[0].slowdown - 2) < 1e-9)
        // With a smaller share it is slow still; one good look does not clear it, three do.
        let balanced = look(uneven, shares: BlockShares(weights: [2, 2, 2, 1]))
        #expect(rule.stragglers([slow, balanced, balanced], named: named).map(\.rank) == [3])
        #expect(rule.stragglers([slow, even, even], named: named) == named)
        #expect(rule.stragglers([even, even, even], named: named).isEmpty)
        // Half the ranks slow: the others are no reason to name anyone but them.
        #expect(rule.stragglers(Array(repeating: look([1, 1, 2, 2]), count: 3), named: []).map(\.rank) == [2, 3])
        // Slow, but of no account: kernels take a thousandth of the time.
        var idle = slow
        idle.window *= 1000
        #expect(rule.stragglers([idle, idle, idle], named: []).isEmpty)
    }
}
