/// Ownership of blocks in proportion to weights: a pattern of owners that repeats, the same on every rank.
///
/// Rank r owns c_r of the `period` blocks of the pattern, c_r by largest remainders of its weight, at least 1. They are
/// spread so evenly that among the first k blocks, for every k, rank r has c_r·k/period blocks to within one (Tijdeman,
/// *The chairman assignment problem*, Discrete Mathematics 32, 1980: the bound is 1 − 1/(2P − 2)), so any interval of
/// positions is spread in proportion to the weights to within two blocks a rank. All of it is integer arithmetic.
public struct BlockShares: Sendable, Equatable {
    /// Blocks of the pattern per rank: weights are kept to 1/64 of an equal share.
    static let blocksPerRank = 64

    /// Owner of each block of the pattern.
    let owners: [Int32]
    /// Blocks of the pattern that each rank owns.
    public let counts: [Int]

    public var ranks: Int { counts.count }
    var period: Int { owners.count }

    /// - Parameter weights: one per rank, ≥ 0 and finite, not all 0; only their ratios count.
    public init(weights: [Double]) { self.init(counts: Self.counts(weights)) }

    init(counts: [Int]) {
        precondition(!counts.isEmpty && counts.allSatisfy { $0 > 0 })
        self.counts = counts
        owners = Self.owners(counts)
    }

    /// What each rank owns of the rows, in units of an equal share.
    public var weights: [Double] { counts.map { Double($0) / Double(Self.blocksPerRank) } }

    private static func counts(_ weights: [Double]) -> [Int] {
        precondition(weights.allSatisfy { $0 >= 0 && $0.isFinite } && weights.contains { $0 > 0 })
        let ranks = weights.count
        // One block each; what is left goes by weight.
        let total = weights.reduce(0, +)
        let period = blocksPerRank * ranks
        let wanted = weights.map { max(1, $0 / total * Double(period)) }
        let spare = Double(period - ranks) / max(wanted.reduce(0) { $0 + $1 - 1 }, .leastNormalMagnitude)
        let shares = wanted.map { ($0 - 1) * spare }
        var counts = shares.map { 1 + Int($0) }
        let byRemainder = shares.indices.sorted {
            let (a, b) = (shares[$0] - shares[$0].rounded(.down), shares[$1] - shares[$1].rounded(.down))
            return a != b ? a > b : $0 < $1
        }
        var missing = period - counts.reduce(0, +)
        for rank in byRemainder where missing > 0 {
            counts[rank] += 1
            missing -= 1
        }
        // Rounding of the division may leave one more or less.
        let largest = counts.indices.max { counts[$0] < counts[$1] } ?? 0
        counts[largest] += missing
        return counts
    }

    /// Each block goes to the rank that must have one soonest, among those whose next one is not too early.
    private static func owners(_ counts: [Int]) -> [Int32] {
        let period = counts.reduce(0, +)
        let unit = max(1, 2 * counts.count - 2)
        var given = counts.map { _ in 0 }
        return (1...period).map { block in
            var best = -1
            var bestSlack = 0
            for (rank, count) in counts.enumerated() {
                // Blocks that the rank is behind, times unit·period.
                let behind = unit * (count * block - given[rank] * period)
                guard behind >= period else { continue }
                // Time until it is too late: slack / count.
                let slack = (unit - 1) * period - behind
                if best < 0 || slack * counts[best] < bestSlack * count { (best, bestSlack) = (rank, slack) }
            }
            given[best] += 1
            return Int32(best)
        }
    }
}

/// Where one rank's blocks lie in the pattern, and every block among those of its owner: what turns positions into rows
/// at the price of a look into a table.
final class BlockPattern: Sendable {
    let shares: BlockShares
    /// Block of the pattern → its number among its owner's.
    let ordinals: [Int32]
    /// Blocks of the pattern → this rank's among those before; period + 1 entries.
    let before: [Int32]
    /// This rank's block → its place in the pattern.
    let places: [Int32]

    init(_ shares: BlockShares, rank: Int) {
        self.shares = shares
        var next = shares.counts.map { _ in Int32(0) }
        ordinals = shares.owners.map { owner in
            next[Int(owner)] += 1
            return next[Int(owner)] - 1
        }
        var before: [Int32] = [0]
        var places: [Int32] = []
        for (block, owner) in shares.owners.enumerated() {
            if Int(owner) == rank { places.append(Int32(block)) }
            before.append(Int32(places.count))
        }
        self.before = before
        self.places = places
    }
}
