import Testing

@testable import Datasets

@Suite struct BlockSharesTests {
    private static let weights: [[Double]] = [
        [1], [1, 1], [2, 1], [1, 1, 1, 0.5], [1, 0, 0], [3, 1, 4, 1, 5, 9, 2, 6], [1e-9, 1], [1e300, 1e300, 1],
        (0..<40).map { 1 + 0.3 * Double($0 % 7) },
    ]

    private func orders(_ weights: [Double], count: Int, blockSize: Int = 16) -> [DataOrder] {
        let shares = BlockShares(weights: weights)
        return weights.indices.map { rank in
            DataOrder(
                DataOrder(count: count, ranks: weights.count, rank: rank, blockSize: blockSize), shares: shares)
        }
    }

    @Test(arguments: weights) func everyPositionHasOneOwnerAndPlace(weights: [Double]) {
        for (count, blockSize) in [(0, 16), (1, 16), (17, 16), (1000, 3), (20011, 16), (50_000, 16)] {
            let orders = orders(weights, count: count, blockSize: blockSize)
            #expect(orders.reduce(0) { $0 + $1.localCount } == count)
            var next = orders.map { _ in 0 }
            var wrong = 0
            for position in 0..<count {
                let owner = orders[0].owner(of: position)
                if orders.contains(where: { $0.owner(of: position) != owner }) { wrong += 1 }
                if orders[0].localRow(of: position) != next[owner] { wrong += 1 }
                if orders[owner].position(ofLocal: next[owner]) != position { wrong += 1 }
                if position % 97 == 0 {
                    for (rank, order) in orders.enumerated() where order.localIndex(below: position) != next[rank] {
                        wrong += 1
                    }
                }
                next[owner] += 1
            }
            #expect(wrong == 0)
            for (rank, order) in orders.enumerated() {
                #expect(order.localCount == next[rank])
                #expect(orders[0].localCount(of: rank) == next[rank])
            }
        }
    }

    /// Any prefix is shared out in proportion to within a block, so any interval to within two and its cut ends.
    @Test(arguments: weights) func everyIntervalIsSharedInProportion(weights: [Double]) {
        let shares = BlockShares(weights: weights)
        var given = weights.map { _ in 0 }
        var worst = 0.0
        for (index, owner) in shares.owners.enumerated() {
            given[Int(owner)] += 1
            for (rank, count) in shares.counts.enumerated() {
                let wanted = Double(count) * Double(index + 1) / Double(shares.owners.count)
                worst = max(worst, abs(Double(given[rank]) - wanted))
            }
        }
        #expect(worst <= (weights.count == 1 ? 0 : 1 - 1 / Double(2 * weights.count - 2)) + 1e-9)
        #expect(given == shares.counts)
        let orders = orders(weights, count: 100_000)
        for (start, end) in [(0, 100_000), (5, 700), (12_345, 23_456), (99_000, 100_000), (31_999, 32_001)] {
            for (rank, order) in orders.enumerated() {
                let part = Double(shares.counts[rank]) / Double(shares.owners.count)
                #expect(abs(Double(order.localRange(start..<end).count) - part * Double(end - start)) <= 2 * 16)
            }
        }
    }

    @Test func countsFollowTheWeights() {
        #expect(BlockShares(weights: [1, 1, 1, 1]).counts == [64, 64, 64, 64])
        #expect(BlockShares(weights: [2, 2, 2, 1]).counts == [73, 73, 73, 37])
        #expect(BlockShares(weights: [1, 0]).counts == [127, 1])
        for weights in Self.weights {
            let shares = BlockShares(weights: weights)
            #expect(shares.counts.reduce(0, +) == 64 * weights.count && shares.counts.allSatisfy { $0 >= 1 })
            #expect(BlockShares(weights: weights.map { $0 * 0.125 }) == shares)
        }
    }

    @Test func equalWeightsAreTheCyclicOrder() {
        let shares = BlockShares(weights: [1, 1, 1])
        #expect(shares.owners == (0..<192).map { Int32($0 % 3) })
    }
}
