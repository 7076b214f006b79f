/// The order in which one cycle through the data visits the positions: another one for every cycle, whose content does
/// not depend on the number of ranks.
///
/// Super-blocks of consecutive positions come in a seeded random order, and the blocks within each are rotated: so any
/// interval of the order is made of long runs of positions, which `DataOrder` spreads evenly over the ranks, and every
/// row stays where it is. A super-block is 64 blocks of 16 positions; fewer where there would be less than 16 of them.
public struct CycleOrder: Sendable, Equatable {
    private static let block = 16

    /// N.
    public let count: Int
    private let length: Int
    private let superBlocks: Permutation
    private let key: UInt64
    /// The super-block at the end of the data may be shorter: where in the order it comes, and its length.
    private let shortPlace: Int
    private let shortLength: Int

    public init(count: Int, seed: UInt64, cycle: UInt64) {
        self.count = count
        var blocks = 64
        while blocks > 4, count < 16 * blocks * Self.block { blocks /= 2 }
        length = blocks * Self.block
        key = mix64(mix64(seed ^ 0x6379_636C_6573) &+ cycle)
        superBlocks = Permutation(count: max(1, (count + length - 1) / length), seed: key)
        shortLength = count - (superBlocks.count - 1) * length
        shortPlace = superBlocks.position(of: superBlocks.count - 1)
    }

    /// Calls `body` with ranges of positions that together are what the order has at `interval`, each position once.
    func forEachRun(_ interval: Range<Int>, _ body: (Range<Int>) -> Void) {
        var place = interval.lowerBound
        while place < interval.upperBound {
            let index = index(at: place)
            let number = superBlocks.number(at: index)
            let isShort = index == shortPlace
            let size = isShort ? shortLength : length
            let start = index * length - (index > shortPlace ? length - shortLength : 0)
            let end = min(interval.upperBound, start + size)
            // Within the super-block, from here to there.
            let (low, high) = (place - start, end - start)
            let origin = number * length
            let turn = isShort ? 0 : Int(mix64(key &+ UInt64(number) &+ 1) % UInt64(length / Self.block)) * Self.block
            if high - low == size {
                body(origin..<origin + size)
            } else {
                let wrap = min(max(size - turn, low), high)
                if low < wrap { body(origin + turn + low..<origin + turn + wrap) }
                if wrap < high { body(origin + turn + wrap - size..<origin + turn + high - size) }
            }
            place = end
        }
    }

    /// Which super-block of the order has this place.
    private func index(at place: Int) -> Int {
        let short = shortPlace * length
        if place < short { return place / length }
        return place < short + shortLength ? shortPlace : (place - shortLength) / length + 1
    }
}

extension Dataset {
    /// A batch of the order in which `cycle` visits the rows (nil: the fixed order): its places start, start + 1, …
    /// start + count − 1 (mod N), so that no row comes twice. 0 ≤ start < N, count ≤ N.
    ///
    /// Ranks get equal shares to within a block or two at each end, and on average in between. A walk through the data
    /// goes on in the next cycle, at 0, when the next batch would not fit into what is left of this one.
    public func batch(start: Int, count: Int, draw: UInt64 = 0, cycle: UInt64?) -> Batch {
        guard let cycle else { return batch(start: start, count: count, draw: draw) }
        guard count < order.count else { return Batch(dataset: self, first: 0..<order.localCount, draw: draw) }
        let visits = CycleOrder(count: order.count, seed: seed, cycle: cycle)
        let end = start + count
        var ranges: [Range<Int>] = []
        func add(_ positions: Range<Int>) {
            let rows = order.localRange(positions)
            if !rows.isEmpty { ranges.append(rows) }
        }
        visits.forEachRun(start..<min(end, order.count), add)
        if end > order.count { visits.forEachRun(0..<end - order.count, add) }
        return Batch(dataset: self, ranges: ranges, draw: draw)
    }
}
