/// What neighbouring iterations of like batch size have done. Which rows they read does not depend on the number of ranks,
/// so phases of runs on different numbers of ranks can be compared one by one.
package struct WorkPhase: Codable, Equatable, Sendable {
    /// Reductions of one size.
    package struct Reductions: Codable, Equatable, Sendable {
        package var bytes: Int
        package var count: Double
    }

    /// "first" for the first iteration, which also sets up, "full" for those over all rows; else the power of two below
    /// the batch.
    package var key: String
    package var iterations: Double
    /// Mean of K.
    package var batch: Double
    /// Reads of rows, all ranks.
    package var rows: Double
    /// Wall clock, and what of it went into reductions, waiting included, and into them once all ranks were there.
    package var seconds: Double
    package var communication: Double
    package var transfer: Double
    package var reductions: [Reductions]

    /// Everything but communication.
    package var compute: Double { max(0, seconds - communication) }

    package var reductionCount: Double { reductions.reduce(0) { $0 + $1.count } }

    package static func key(batch: Int, rows: Int, isFirst: Bool) -> String {
        if isFirst { return "first" }
        if batch >= rows { return "full" }
        var power = 1
        while 2 * power <= batch { power *= 2 }
        return "\(power)"
    }

    package mutating func add(_ other: WorkPhase) {
        let sum = iterations + other.iterations
        batch = sum > 0 ? (batch * iterations + other.batch * other.iterations) / sum : batch
        iterations = sum
        rows += other.rows
        seconds += other.seconds
        communication += other.communication
        transfer += other.transfer
        for entry in other.reductions {
            if let index = reductions.firstIndex(where: { $0.bytes == entry.bytes }) {
                reductions[index].count += entry.count
            } else {
                reductions.append(entry)
            }
        }
    }

    /// Rows are dealt out in blocks of so many.
    private static let blockSize = 16.0

    /// Blocks of a batch: more ranks do not share it.
    package static func blocks(batch: Double) -> Int { max(1, Int((batch / blockSize).rounded(.up))) }

    /// The share of a batch's rows that falls to the rank with the most of them.
    package static func largestShare(batch: Double, ranks: Int) -> Double {
        guard batch > 0 else { return 1 }
        let most = (Double(blocks(batch: batch)) / Double(ranks)).rounded(.up) * blockSize
        return min(1, most / batch)
    }
}
