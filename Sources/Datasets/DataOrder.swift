/// Who owns which rows: the rank that holds each position of one global order of the rows.
///
/// Positions come in blocks of `blockSize`. Block b belongs to rank b mod ranks, or, where ranks have uneven shares, to the
/// rank that a repeating pattern names (`BlockShares`). A rank keeps its positions in ascending order, so the part of any
/// interval of positions that a rank owns is one contiguous range of its local rows. Neither the order nor the content of
/// an interval depends on the number of ranks or on their shares.
public struct DataOrder: Sendable, Equatable {
    /// N, the global number of rows.
    public let count: Int
    public let ranks: Int
    public let rank: Int
    public let blockSize: Int
    /// Nil: equal shares.
    private let pattern: BlockPattern?

    public init(count: Int, ranks: Int, rank: Int, blockSize: Int = 16) {
        precondition(count >= 0 && ranks > 0 && rank >= 0 && rank < ranks && blockSize > 0)
        self.count = count
        self.ranks = ranks
        self.rank = rank
        self.blockSize = blockSize
        pattern = nil
    }

    /// The same positions with other owners.
    public init(_ order: DataOrder, shares: BlockShares?) {
        precondition(shares == nil || shares?.ranks == order.ranks)
        count = order.count
        ranks = order.ranks
        rank = order.rank
        blockSize = order.blockSize
        pattern = shares.map { BlockPattern($0, rank: order.rank) }
    }

    /// One contiguous block of positions per rank: for results that are written in the order of the positions.
    public static func contiguous(count: Int, ranks: Int, rank: Int) -> DataOrder {
        DataOrder(count: count, ranks: ranks, rank: rank, blockSize: max(1, (count + ranks - 1) / ranks))
    }

    public static func == (left: DataOrder, right: DataOrder) -> Bool {
        (left.count, left.ranks, left.rank, left.blockSize) == (right.count, right.ranks, right.rank, right.blockSize)
            && left.shares == right.shares
    }

    /// Nil: equal shares.
    public var shares: BlockShares? { pattern?.shares }

    /// Number of positions below `position` that this rank owns.
    public func localIndex(below position: Int) -> Int {
        guard let pattern else { return cyclicIndex(below: position, rank) }
        let block = position / blockSize
        let place = block % pattern.shares.period
        let isMine = Int(pattern.shares.owners[place]) == rank
        return (block / pattern.shares.period * pattern.places.count + Int(pattern.before[place])) * blockSize
            + (isMine ? position % blockSize : 0)
    }

    /// This rank's local rows within the global positions `interval`.
    public func localRange(_ interval: Range<Int>) -> Range<Int> {
        localIndex(below: interval.lowerBound)..<localIndex(below: interval.upperBound)
    }

    public var localCount: Int { localIndex(below: count) }

    /// Number of rows that `rank` owns.
    public func localCount(of rank: Int) -> Int {
        guard let pattern else { return cyclicIndex(below: count, rank) }
        let (shares, blocks) = (pattern.shares, count / blockSize)
        let last = shares.owners[..<(blocks % shares.period)].count { Int($0) == rank }
        return (blocks / shares.period * shares.counts[rank] + last) * blockSize
            + (owner(of: count) == rank ? count % blockSize : 0)
    }

    public func owner(of position: Int) -> Int {
        let block = position / blockSize
        guard let pattern else { return block % ranks }
        return Int(pattern.shares.owners[block % pattern.shares.period])
    }

    /// The local row of `position` on the rank that owns it.
    public func localRow(of position: Int) -> Int {
        let block = position / blockSize
        guard let pattern else { return block / ranks * blockSize + position % blockSize }
        let shares = pattern.shares
        let place = block % shares.period
        let whole = block / shares.period * shares.counts[Int(shares.owners[place])]
        return (whole + Int(pattern.ordinals[place])) * blockSize + position % blockSize
    }

    /// The global position of a local row.
    public func position(ofLocal row: Int) -> Int {
        let block = row / blockSize
        guard let pattern else { return (block * ranks + rank) * blockSize + row % blockSize }
        let mine = pattern.places.count
        return (block / mine * pattern.shares.period + Int(pattern.places[block % mine])) * blockSize + row % blockSize
    }

    private func cyclicIndex(below position: Int, _ rank: Int) -> Int {
        let cycle = blockSize * ranks
        let inCycle = position % cycle - rank * blockSize
        return position / cycle * blockSize + min(max(inCycle, 0), blockSize)
    }
}
