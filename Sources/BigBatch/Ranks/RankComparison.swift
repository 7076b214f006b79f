import Datasets
import Kernels
import Models

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
        let times = try objective.sharedTimes(own, rendezvous: rendezvous())
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
        if objective.strata != nil { try prepareStrata() }
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
    func sharedTimes(_ own: RankTimes, rendezvous: Rendezvous) throws -> RankTimes {
        RankTimes(
            payload: try reducer.sums(
                own.payload(of: reducer.communicator.rank), kind: .rankTimes, rendezvous: rendezvous))
    }

    /// Goes on with the same rows under other shares.
    func take(_ moved: Dataset) throws {
        let path = try wholePath()
        walk = nil
        dataset = moved
        preconditionedDataset = moved
        preconditionedNorms = AlignedBuffer(count: model is any CurvatureModel ? moved.order.localCount : 0)
        normedRows = []
        (touchedByAll, touchedByBatch) = (nil, nil)
        if let estimate, leverages != nil {
            leverages = RowLeverages(moved, columnSquares: estimate.columnSquares[..<estimate.features])
        }
        adopt(preconditioner)
        // The margins of a walk, with their roundings, of the rows that are here now.
        walk = try path.map { try retrace($0) }
    }
}
