import Testing

@testable import Datasets

@Suite struct DataOrderTests {
    @Test(arguments: [0, 1, 2, 15, 16, 17, 100, 1000], [1, 2, 3, 4, 7])
    func everyPositionHasOneOwner(count: Int, ranks: Int) {
        for blockSize in [1, 3, 16] {
            let orders = (0..<ranks).map { DataOrder(count: count, ranks: ranks, rank: $0, blockSize: blockSize) }
            check(orders, count: count)
        }
        check((0..<ranks).map { .contiguous(count: count, ranks: ranks, rank: $0) }, count: count)
    }

    private func check(_ orders: [DataOrder], count: Int) {
        #expect(orders.reduce(0) { $0 + $1.localCount } == count)
        var next = orders.map { _ in 0 }
        var wrong = 0
        for position in 0..<count {
            let owner = orders[0].owner(of: position)
            let order = orders[owner]
            if order.localRow(of: position) != next[owner] { wrong += 1 }
            if order.position(ofLocal: next[owner]) != position { wrong += 1 }
            next[owner] += 1
        }
        #expect(wrong == 0)
        for (rank, order) in orders.enumerated() {
            #expect(order.localCount == next[rank])
            #expect(orders[0].localCount(of: rank) == next[rank])
        }
        // Any interval is the union of the ranks' local ranges.
        for (start, end) in [(0, count), (count / 3, count / 2), (count / 2, count)] {
            #expect(orders.reduce(0) { $0 + $1.localRange(start..<end).count } == end - start)
        }
    }

    @Test func contiguousBlocksAreInOrder() {
        let owners = (0..<10).map { DataOrder.contiguous(count: 10, ranks: 3, rank: 0).owner(of: $0) }
        #expect(owners == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2])
    }
}
