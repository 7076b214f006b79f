import Kernels

/// How the parameters are spread over the ranks.
///
/// Vectors that only sums and steps are made of are in parts where there are many parameters: the gradient, pairs of points and
/// gradients, conjugate directions. A rank holds and works on its own part of them. Points and directions to search along are whole
/// on every rank, for rows may need any parameter.
public struct Parts: Sendable {
    /// Of every rank, one after the other.
    let ranges: [Range<Int>]
    /// This rank's.
    public let own: Range<Int>
    /// What `own` is made of, counted from its start. Blocks depend on the model alone.
    let blocks: [Range<Int>]
    /// Blocks of the ranks before.
    let firstBlock: Int
    /// Of all ranks.
    let blockCount: Int

    /// Blocks at most: a product of two vectors travels as so many numbers.
    private static let mostBlocks = 256
    /// Fewer parameters are whole on every rank: a reduction more takes longer than their passes.
    static let fewestParameters = 1 << 18

    /// Every rank holds it all.
    static func whole(_ count: Int) -> Parts {
        Parts(ranges: [0..<count], own: 0..<count, blocks: [0..<count], firstBlock: 0, blockCount: 1)
    }

    private init(ranges: [Range<Int>], own: Range<Int>, blocks: [Range<Int>], firstBlock: Int, blockCount: Int) {
        self.ranges = ranges
        self.own = own
        self.blocks = blocks
        self.firstBlock = firstBlock
        self.blockCount = blockCount
    }

    /// - Parameters:
    ///   - count: parameters.
    ///   - unit: of them that stay together: those of one column.
    init(_ count: Int, unit: Int, rank: Int, ranks: Int) {
        let columns = count / unit
        let blockCount = max(1, min(columns, Self.mostBlocks))
        func start(ofBlock block: Int) -> Int { block == blockCount ? count : block * columns / blockCount * unit }
        func firstBlock(of rank: Int) -> Int { rank * blockCount / ranks }
        let ranges = (0..<ranks).map { start(ofBlock: firstBlock(of: $0))..<start(ofBlock: firstBlock(of: $0 + 1)) }
        let own = ranges[rank]
        let blocks = (firstBlock(of: rank)..<firstBlock(of: rank + 1)).map {
            start(ofBlock: $0) - own.lowerBound..<start(ofBlock: $0 + 1) - own.lowerBound
        }
        self.init(
            ranges: ranges, own: own, blocks: blocks, firstBlock: firstBlock(of: rank), blockCount: blockCount)
    }

    /// Several ranks have parts of their own.
    var areSpread: Bool { ranges.count > 1 }

    var counts: [Int] { ranges.map(\.count) }
}

/// Products of vectors in parts: sums within a block, then over the blocks in their order, so that they have the same bits at any
/// number of ranks.
public struct Products {
    public let parts: Parts
    /// Adds up over the ranks.
    let reduce: (inout [Double]) throws -> Void

    /// Of vectors that every rank holds.
    static func whole(_ count: Int) -> Products { Products(parts: .whole(count)) { _ in } }

    /// The sums of what `block` tells of each block of the own part, `count` numbers. One reduction where there are several blocks.
    func sums(_ count: Int, of block: (Range<Int>) -> [Double]) throws -> [Double] {
        guard parts.blockCount > 1 else { return block(parts.blocks[0]) }
        var table = [Double](repeating: 0, count: parts.blockCount * count)
        for (index, range) in parts.blocks.enumerated() {
            let place = (parts.firstBlock + index) * count
            table.replaceSubrange(place..<place + count, with: block(range))
        }
        try reduce(&table)
        return (0..<count).map { k in
            stride(from: k, to: table.count, by: count).reduce(0) { $0 + table[$1] }
        }
    }

    /// ⟨a, b⟩.
    func dot(_ a: [Float], _ b: [Float]) throws -> Double {
        try a.withUnsafeBufferPointer { a in try b.withUnsafeBufferPointer { try dot(a, $0) } }
    }

    /// ⟨a, b⟩ with a in parts and b whole.
    func dot(_ a: [Float], whole b: [Float]) throws -> Double {
        try a.withUnsafeBufferPointer { a in
            try b.withUnsafeBufferPointer { try dot(a, UnsafeBufferPointer(rebasing: $0[parts.own])) }
        }
    }

    private func dot(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>) throws -> Double {
        try sums(1) {
            [FixedOrder.dot(UnsafeBufferPointer(rebasing: a[$0]), UnsafeBufferPointer(rebasing: b[$0]))]
        }[0]
    }

    /// gᵀPg.
    func squaredNorm(_ g: [Float], in preconditioner: Preconditioner) throws -> Double {
        try sums(1) { range in
            g.withUnsafeBufferPointer {
                [
                    preconditioner.squaredNorm(
                        UnsafeBufferPointer(rebasing: $0[range]), from: parts.own.lowerBound + range.lowerBound)
                ]
            }
        }[0]
    }
}
