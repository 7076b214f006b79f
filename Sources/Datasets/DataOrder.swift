/// Who owns which rows: the position of every row in one seeded random order, and the rank that holds each position.
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
        self.count = count
        self.ranks = ranks
        self.rank = rank
        self.blockSize = blockSize
    }

    /// Number of positions below `position` that this rank owns.
    public func localIndex(below position: Int) -> Int {
        let cycle = blockSize * ranks
        let inCycle = position % cycle - rank * blockSize
        return position / cycle * blockSize + min(max(inCycle, 0), blockSize)
    }

    /// This rank's local rows within the global positions `interval`.
    public func localRange(_ interval: Range<Int>) -> Range<Int> {
        localIndex(below: interval.lowerBound)..<localIndex(below: interval.upperBound)
    }

    public var localCount: Int { localIndex(below: count) }

    public func owner(of position: Int) -> Int { position / blockSize % ranks }

    /// The global position of a local row.
    public func position(ofLocal row: Int) -> Int {
        (row / blockSize * ranks + rank) * blockSize + row % blockSize
    }
}
