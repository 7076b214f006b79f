import Kernels
import Testing

@testable import Datasets

@Suite struct CycleOrderTests {
    private func visits(_ order: CycleOrder, _ interval: Range<Int>) -> [Int] {
        var positions: [Int] = []
        order.forEachRun(interval) { positions += Array($0) }
        return positions
    }

    /// Every position once a cycle, and every interval of the order is its own part of it.
    @Test(arguments: [1, 2, 15, 16, 17, 63, 64, 65, 1000, 1797, 16384, 20011])
    func aCycleIsAPermutation(count: Int) {
        for cycle in UInt64(0)..<3 {
            let order = CycleOrder(count: count, seed: 4, cycle: cycle)
            let places = (0..<count).map { visits(order, $0..<$0 + 1) }
            #expect(places.allSatisfy { $0.count == 1 })
            #expect(places.flatMap { $0 }.sorted() == Array(0..<count))
            for (low, high) in [(0, count), (0, count / 3), (count / 3, count / 2), (count / 2, count)] {
                #expect(visits(order, low..<high).sorted() == places[low..<high].flatMap { $0 }.sorted())
            }
        }
    }

    @Test func cyclesAndSeedsDiffer() {
        let orders = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)].map { seed, cycle in
            visits(CycleOrder(count: 20011, seed: UInt64(seed), cycle: UInt64(cycle)), 0..<2000).sorted()
        }
        #expect(Set(orders).count == orders.count)
        // The first tenth of two cycles has about a tenth of its rows in common.
        let common = Set(orders[0]).intersection(orders[1]).count
        #expect(common < 1200)
    }

    private func dataset(count: Int, ranks: Int, rank: Int) -> Dataset {
        let order = DataOrder(count: count, ranks: ranks, rank: rank)
        let rows = order.localCount
        var dataset = Dataset(
            order: order, features: .dense(DenseMatrix(rows: rows, columns: 1)), labels: AlignedBuffer(count: rows),
            squaredNorms: AlignedBuffer(count: rows))
        dataset.seed = 9
        return dataset
    }

    private func rows(_ batch: Batch) -> [Int] { (0..<batch.rangeCount).flatMap { Array(batch.range($0)) } }

    /// Which samples form a batch depends on seed, cycle and interval only; no row comes twice, also where a batch goes
    /// round; ranks have equal shares.
    @Test(arguments: [1, 2, 3, 4, 7], [500, 20011]) func batchesAreTheSameOnAnyNumberOfRanks(ranks: Int, count: Int) {
        let alone = dataset(count: count, ranks: 1, rank: 0)
        let all = (0..<ranks).map { dataset(count: count, ranks: ranks, rank: $0) }
        for cycle in UInt64(0)..<3 {
            for (start, size) in [
                (0, 64), (count / 3, 200), (count / 2, count / 3), (count - 40, 150), (count / 5, count - 1),
                (7, count),
            ] {
                let wanted = rows(alone.batch(start: start, count: size, cycle: cycle)).sorted()
                let parts = all.map { $0.batch(start: start, count: size, draw: 5, cycle: cycle) }
                let found = zip(all, parts).flatMap { data, batch in
                    rows(batch).map { data.order.position(ofLocal: $0) }
                }
                #expect(found.count == size && Set(found).count == size)
                #expect(found.sorted() == wanted)
                #expect(parts.allSatisfy { $0.draw == 5 && $0.count == rows($0).count })
                let sizes = parts.map(\.count)
                let spread = 48 + 16 * Int(Double(size / 256).squareRoot())
                #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= spread, "\(ranks) ranks, \(size) rows: \(sizes)")
            }
        }
    }

    @Test func growingKeepsTheRows() {
        let data = dataset(count: 3000, ranks: 3, rank: 1)
        for (start, first, more) in [(100, 200, 300), (2900, 50, 500), (2900, 200, 700)] {
            let whole = Set(rows(data.batch(start: start, count: first + more, cycle: 2)))
            let parts = [
                data.batch(start: start, count: first, cycle: 2),
                data.batch(start: (start + first) % 3000, count: more, cycle: 2),
            ].map(rows)
            #expect(parts[0].count + parts[1].count == whole.count && Set(parts.flatMap { $0 }) == whole)
        }
    }
}
