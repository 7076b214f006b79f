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

extension Trainer {
    /// Whether this rank asks for a look: rank 0 alone has the clock.
    func timesAreDue(at seconds: Double) -> Bool {
        let communicator = objective.reducer.communicator
        return communicator.size > 1 && communicator.rank == 0 && seconds >= watch.dueAt
    }

    /// The ranks tell each other their times, in one reduction; rows move where that pays.
    func compareRanks(at seconds: Double) throws -> [TrainingEvent.Kind] {
        let communicator = objective.reducer.communicator
        var own = watch.ownTimes(objective.totals, at: seconds, rank: communicator.rank, ranks: communicator.size)
        let bytes = objective.dataset.byteCount + (validation?.dataset.byteCount ?? 0)
        own.shares[communicator.rank].rowBytes = Double(bytes)
        if configuration.balance == .auto {
            let memory = try memory ?? MemoryBudget(limit: configuration.memoryLimit, communicator: communicator)
            self.memory = memory
            own.shares[communicator.rank].room = Double(memory.room(beside: bytes))
        }
        let times = try objective.sharedTimes(own, decision: decision())
        let changes = watch.note(times)
        var events: [TrainingEvent.Kind] = [.ranks(times)]
        events += changes.new.map { .straggler($0) } + changes.over.map { .stragglerIsOver(rank: $0) }
        if configuration.balance == .auto, let move = watch.move(from: objective.dataset.order.shares) {
            events.append(.rebalance(try self.move(move, times)))
        }
        return events
    }

    /// Moves the rows to the owners that the new shares name.
    private func move(_ move: BalanceRule.Move, _ times: RankTimes) throws -> Rebalance {
        let clock = Stopwatch()
        try moveRows(to: move.shares)
        let took = clock.seconds
        // What the rank with the most to do had to read and write.
        watch.noteMove(at: times.seconds, took: took, bytes: move.bytes)
        return Rebalance(weights: move.shares.weights, gain: move.gain, seconds: took)
    }

    /// Collective. What is learned from rows is kept; margins are computed anew from the moved ones.
    func moveRows(to shares: BlockShares?) throws {
        let communicator = objective.reducer.communicator
        try objective.take(try objective.dataset.moved(to: shares, communicator: communicator))
        if let validation {
            validation.dataset = try validation.dataset.moved(to: shares, communicator: communicator)
        }
    }
}

extension Objective {
    /// What this rank has done so far.
    var totals: RankWatch.Totals {
        RankWatch.Totals(
            compute: computeSeconds,
            waiting: reducer.account.communicationSeconds - reducer.account.transferSeconds,
            samples: ownSamples)
    }

    /// One reduction.
    func sharedTimes(_ own: RankTimes, decision: Decision) throws -> RankTimes {
        var packet = [Double](repeating: 0, count: Reducer.headerCount) + own.payload(of: reducer.communicator.rank)
        try packet.withUnsafeMutableBufferPointer { try reducer.reduce($0, kind: .rankTimes, decision: decision) }
        return RankTimes(payload: Array(packet[Reducer.headerCount...]))
    }

    /// Goes on with the same rows under other shares.
    func take(_ moved: Dataset) throws {
        let path = walk?.path
        walk = nil
        dataset = moved
        metricDataset = moved
        metricNorms = AlignedBuffer(count: model is any CurvatureModel ? moved.order.localCount : 0)
        normedRows = []
        if let estimate, leverages != nil {
            leverages = RowLeverages(moved, columnSquares: estimate.columnSquares[..<estimate.features])
        }
        adopt(metric)
        // The margins of a walk, with their roundings, of the rows that are here now.
        walk = try path.map { try retrace($0) }
    }
}
