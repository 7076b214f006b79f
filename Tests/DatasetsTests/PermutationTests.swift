import Testing

@testable import Datasets

@Suite struct PermutationTests {
    @Test(arguments: [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 100, 255, 256, 257, 1000, 4097, 30_011])
    func isABijection(count: Int) {
        for seed: UInt64 in [0, 1, .max] {
            let order = Permutation(count: count, seed: seed)
            var seen = [Bool](repeating: false, count: count)
            var inverted = 0
            for number in 0..<count {
                let position = order.position(of: number)
                seen[position] = true
                if order.number(at: position) == number { inverted += 1 }
            }
            #expect(seen.allSatisfy { $0 })
            #expect(inverted == count)
        }
    }

    @Test func countsBeyond32BitsWork() {
        let order = Permutation(count: 1 << 40 + 12345, seed: 3)
        for number in [0, 1, 77, 1 << 33, 1 << 40] { #expect(order.number(at: order.position(of: number)) == number) }
    }

    /// All 3! and 4! orders are about equally likely over seeds: χ² below its 1 − 1e-6 quantile.
    @Test(arguments: [(3, 6, 40.0), (4, 24, 75.0)])
    func smallOrdersAreUniform(count: Int, orders: Int, limit: Double) {
        var seen: [[Int]: Int] = [:]
        let draws = 12000
        for seed in 0..<draws {
            let order = Permutation(count: count, seed: UInt64(seed))
            seen[(0..<count).map(order.position(of:)), default: 0] += 1
        }
        #expect(seen.count == orders)
        let expected = Double(draws) / Double(orders)
        let chiSquare = seen.values.reduce(0.0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
        #expect(chiSquare < limit)
    }

    /// Rows of every tenth of the file are spread evenly over every tenth of the order.
    @Test(arguments: [10_000, 16_384, 40_001])
    func tenthsMix(count: Int) {
        for seed: UInt64 in 0..<5 {
            let order = Permutation(count: count, seed: seed)
            var table = [Double](repeating: 0, count: 100)
            for number in 0..<count { table[number * 10 / count * 10 + order.position(of: number) * 10 / count] += 1 }
            let expected = Double(count) / 100
            let chiSquare = table.reduce(0.0) { $0 + ($1 - expected) * ($1 - expected) / expected }
            // 81 degrees of freedom: mean 81, standard deviation 12.7.
            #expect(chiSquare < 160)
        }
    }

    /// Neighbours in the file do not stay neighbours: consecutive numbers land on uncorrelated positions.
    @Test func neighboursSeparate() {
        let count = 50_000
        let order = Permutation(count: count, seed: 9)
        let positions = (0..<count).map { Double(order.position(of: $0)) / Double(count) - 0.5 }
        var product = 0.0
        for index in 1..<count { product += positions[index] * positions[index - 1] }
        // Correlation is N(0, 1/count): 6 standard deviations.
        #expect(abs(product / Double(count) * 12) < 6 / Double(count).squareRoot())
    }

    @Test func seedsAndStreamsGiveDifferentOrders() {
        let orders = [(0, 0), (1, 0), (0, 1), (1, 1)].map { seed, stream in
            let order = Permutation(count: 1000, seed: UInt64(seed), stream: UInt64(stream))
            return (0..<1000).map(order.position(of:))
        }
        #expect(Set(orders).count == 4)
    }
}
