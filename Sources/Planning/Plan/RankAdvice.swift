import Platform

/// What the cost model tells of a number of ranks before anything was measured: only what holds whatever a row costs and however
/// fast the network is.
///
/// T(P) is computation, C = σ·n + c·m(P)·R·share(K, P), and reductions, longer with every rank. On a host of q processors
/// m(P) = P/q beyond q ranks, and beyond as many ranks as a batch has blocks of rows share(K, P) stays that of a block: from
/// there on C does not fall any more, and fewer ranks are faster.
package struct RankAdvice: Equatable {
    package struct Host: Equatable {
        package var name: String
        package var ranks: Int
        /// All that it has; 0: it does not tell.
        package var processors: Int

        package init(name: String, ranks: Int, processors: Int) {
            self.name = name
            self.ranks = ranks
            self.processors = processors
        }

        /// Ranks that find a processor for each of their threads, or the one rank that has to be.
        fileprivate func room(threads: Int) -> Int {
            processors > 0 ? min(ranks, max(1, processors / threads)) : ranks
        }
    }

    /// That are faster.
    package let ranks: Int
    package let reason: String

    package var text: String {
        reason + ": " + (ranks == 1 ? "one rank alone is faster" : "\(ranks) ranks are faster (mpirun -n \(ranks))")
    }

    /// Nil: nothing is sure.
    /// - Parameter largestBatch: rows of the largest batch that there may be.
    package init?(_ hosts: [Host], threads: Int, largestBatch: Int) {
        let count = hosts.reduce(0) { $0 + $1.ranks }
        let room = hosts.reduce(0) { $0 + $1.room(threads: threads) }
        // A batch need not begin where a block does.
        let blocks = WorkPhase.blocks(batch: Double(largestBatch)) + 1
        let fitting = min(room, blocks)
        guard fitting < count else { return nil }
        ranks = fitting
        let crowded = hosts.first { $0.room(threads: threads) < $0.ranks }
        if let crowded, room <= blocks {
            let each = threads == 1 ? "" : " of \(threads) threads"
            let processors = crowded.processors == 1 ? "the processor" : "the \(crowded.processors) processors"
            reason = "\(crowded.ranks) ranks\(each) take turns on \(processors) of \(crowded.name)"
        } else {
            reason =
                "\(count - blocks) or more of \(count) ranks have no rows in any step, of "
                + "\(NumberFormat.count(largestBatch)) rows at most"
        }
    }
}
