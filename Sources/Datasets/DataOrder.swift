/// Who owns which rows: the rank that holds each position of one global order of the rows.
///
/// Position p belongs to rank (p / blockSize) mod ranks. A rank keeps its positions in ascending order, so the part of
/// any interval of positions that a rank owns is one contiguous range of its local rows. Neither the order nor the
/// content of an interval depends on the number of ranks.
public struct DataOrder: Sendable, Equatable {
    /// N, the global number of rows.
    public let count: Int
    public let ranks: Int
    public let rank: Int
    public let blockSize: Int

    public init(count: Int, ranks: Int, rank: Int, blockSize: Int = 16) {
        precondition(count >= 0 && ranks > 0 && rank >= 0 && rank < ranks && blockSize > 0)
        self.count = count
        self.ranks = ranks
        self.rank = rank
        self.blockSize = blockSize
    }

    /// One contiguous block of positions per rank: for results that are written in the order of the positions.
    public static func contiguous(count: Int, ranks: Int, rank: Int) -> DataOrder {
        DataOrder(count: count, ranks: ranks, rank: rank, blockSize: max(1, (count + ranks - 1) / ranks))
    }

    /// Number of positions below `position` that this rank owns.
    public func localIndex(below position: Int) -> Int { DataOrder.index(below: position, rank, ranks, blockSize) }

    /// This rank's local rows within the global positions `interval`.
    public func localRange(_ interval: Range<Int>) -> Range<Int> {
        localIndex(below: interval.lowerBound)..<localIndex(below: interval.upperBound)
    }

    public var localCount: Int { localIndex(below: count) }

    /// Number of rows that `rank` owns.
    public func localCount(of rank: Int) -> Int { DataOrder.index(below: count, rank, ranks, blockSize) }

    public func owner(of position: Int) -> Int { position / blockSize % ranks }

    /// The local row of `position` on the rank that owns it.
    public func localRow(of position: Int) -> Int {
        position / blockSize / ranks * blockSize + position % blockSize
    }

    /// The global position of a local row.
    public func position(ofLocal row: Int) -> Int {
        (row / blockSize * ranks + rank) * blockSize + row % blockSize
    }

    private static func index(below position: Int, _ rank: Int, _ ranks: Int, _ blockSize: Int) -> Int {
        let cycle = blockSize * ranks
        let inCycle = position % cycle - rank * blockSize
        return position / cycle * blockSize + min(max(inCycle, 0), blockSize)
    }
}
