import Testing

@testable import Kernels

/// Kernels over rows of doubles and over text, in every instruction set, beside loops that are the same bit by bit.
@Suite struct TableKernelTests {
    private struct Table {
        var rows: Int
        var columns: Int
        var values: [Double]

        init(_ rows: Int, _ columns: Int, seed: UInt64) {
            (self.rows, self.columns) = (rows, columns)
            var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
            values = (0..<rows * columns).map { _ in
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                // A third are zeros, and sizes differ widely.
                if state % 3 == 0 { return 0 }
                return (Double(state >> 11) * 0x1p-52 - 1) * [1, 1e9, 1e-7][Int(state >> 20 % 3)]
            }
        }
    }

    /// Knuth's TwoSum.
    private func add(_ value: Double, _ sum: inout Double, _ tail: inout Double) {
        let total = sum + value
        let part = total - sum
        tail += (sum - (total - part)) + (value - part)
        sum = total
    }

    private static let shapes = [(1, 1), (3, 7), (64, 8), (65, 9), (200, 31), (130, 40)]

    @Test(arguments: KernelSet.available.map(\.name), shapes) func momentsAndDeviations(
        set: String, shape: (Int, Int)
    ) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == set })
        let table = Table(shape.0, shape.1, seed: 3)
        let columns = table.columns
        var sums = [Double](repeating: 0, count: columns)
        var (tails, stored) = (sums, sums)
        var high = [Double](repeating: -.infinity, count: columns)
        var low = high
        // In two parts: sums go on where they were.
        let cut = table.rows / 3
        for part in [0..<cut, cut..<table.rows] {
            table.values.withUnsafeBufferPointer { values in
                guard let base = values.baseAddress else { return }
                kernels.moments(
                    base + part.lowerBound * columns, rows: part.count, columns: columns, sums: &sums, tails: &tails,
                    highest: &high, lowest: &low, stored: &stored)
            }
        }
        let means = (0..<columns).map { Double($0) * 0.01 - 0.1 }
        let perUnit = (0..<columns).map { 1 / (1 + Double($0)) }
        var squares = [Double](repeating: 0, count: columns)
        var squareTails = squares
        kernels.deviations(
            table.values, rows: table.rows, columns: columns, means: means, perUnit: perUnit, sums: &squares,
            tails: &squareTails)
        for column in 0..<columns {
            let values = (0..<table.rows).map { table.values[$0 * columns + column] }
            var (sum, tail, square, squareTail) = (0.0, 0.0, 0.0, 0.0)
            for value in values {
                add(value, &sum, &tail)
                guard value != 0 else { continue }
                let deviation = (value - means[column]) * perUnit[column]
                add(deviation * deviation, &square, &squareTail)
            }
            #expect(sums[column] == sum && tails[column] == tail, "column \(column)")
            #expect(high[column] == values.max() && low[column] == values.map { -$0 }.max())
            #expect(stored[column] == Double(values.count { $0 != 0 }))
            #expect(squares[column] == square && squareTails[column] == squareTail, "column \(column)")
        }
    }

    @Test(arguments: KernelSet.available.map(\.name), [1, 7, 8, 17, 40]) func rowsAreScaled(
        set: String, columns: Int
    ) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == set })
        let row = Table(1, columns, seed: 5).values
        let means = (0..<columns).map { Double($0) * 0.3 - 1 }
        let factors = (0..<columns).map { 1 / (0.5 + Double($0)) }
        let absent = zip(means, factors).map { Float((0 - $0) * $1) }
        var norm = absent.reduce(0.0) { $0 + Double($1) * Double($1) }
        var out = [Float](repeating: 9, count: columns + 1)
        let found = kernels.scale(
            row, columns: columns, means: means, factors: factors, absent: absent, norm: norm, into: &out)
        for column in 0..<columns {
            let value = Float((row[column] - means[column]) * factors[column])
            #expect(out[column] == value)
            norm += Double(value) * Double(value) - Double(absent[column]) * Double(absent[column])
        }
        #expect(found == norm && out[columns] == 9)
    }

    @Test(arguments: KernelSet.available.map(\.name)) func bytesAreCounted(set: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == set })
        // More than 255 steps of 64 bytes.
        for count in [0, 1, 63, 64, 65, 1000, 20_000] {
            let text = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 % 7 == 1 ? 0x0A : $0) }
            let found = text.withUnsafeBufferPointer { kernels.count(0x0A, 0x3A, in: $0) }
            #expect(found.0 == text.count { $0 == 0x0A } && found.1 == text.count { $0 == 0x3A })
        }
    }
}
