import Testing

@testable import Kernels

@Suite struct GramTests {
    /// Every tile, tails of rows and columns, one row, more rows than are summed in Float.
    private static let shapes =
        [1, 2, 3].flatMap { rows in (1...17).map { (rows, $0) } }
        + [(96, 23), (97, 54), (194, 40), (99, 95), (200, 104)]

    private func expected(
        _ matrix: RandomMatrix, _ rows: Range<Int>, shift: [Float]?, weights: [Float]?, hasIntercept: Bool
    ) -> [Double] {
        let n = matrix.columns + (hasIntercept ? 1 : 0)
        var sums = [Double](repeating: 0, count: n * n)
        for row in rows {
            let h = weights.map { Double($0[row - rows.lowerBound]) } ?? 1
            let x =
                (0..<matrix.columns).map { matrix[row, $0] - Double(shift?[$0] ?? 0) } + (hasIntercept ? [1.0] : [])
            for i in 0..<n {
                for j in 0..<n { sums[i * n + j] += h * x[i] * x[j] }
            }
        }
        return sums
    }

    /// Every entry within 2e-6 of what Cauchy and Schwarz allow it to be.
    private func expectClose(_ sums: [Double], _ expected: [Double], _ n: Int, _ comment: Comment) {
        #expect(sums.count == n * n)
        for i in 0..<n {
            for j in 0..<n {
                let bound = 2e-6 * (expected[i * n + i] * expected[j * n + j]).squareRoot()
                #expect(abs(sums[i * n + j] - expected[i * n + j]) <= bound, comment)
            }
        }
    }

    @Test(
        arguments: KernelSet.available.map(\.name), [(false, false, false), (true, true, true), (false, true, false)])
    func secondMomentIsTheSlowSum(set: String, options: (hasIntercept: Bool, isShifted: Bool, isWeighted: Bool)) throws
    {
        let kernels = try #require(KernelSet.available.first { $0.name == set })
        for (rows, columns) in Self.shapes {
            // Rows before and after the range: starts are not aligned to blocks.
            let matrix = RandomMatrix(rows: rows + 3, columns: columns)
            let range = 2..<rows + 2
            var random = Generator(state: 5)
            let shift = options.isShifted ? random.floats(columns) : nil
            let weights = options.isWeighted ? random.floats(rows, 0...2) : nil
            let slow = expected(
                matrix, range, shift: shift, weights: weights, hasIntercept: options.hasIntercept)
            for features in [FeatureMatrix.dense(matrix.dense), .sparse(matrix.sparse)] {
                var moment = SecondMoment(columns: columns, hasIntercept: options.hasIntercept)
                let centre = shift.map { AlignedBuffer($0) }
                if let weights {
                    weights.withUnsafeBufferPointer {
                        moment.add(features, range, shift: centre, weights: $0.baseAddress, kernels: kernels)
                    }
                } else {
                    moment.add(features, range, shift: centre, kernels: kernels)
                }
                expectClose(moment.sums, slow, moment.dimension, "\(set) \(rows) × \(columns)")
            }
        }
    }

    @Test(arguments: KernelSet.available.map(\.name), [false, true])
    func fewEntriesOfManyColumns(set: String, isShifted: Bool) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == set })
        let (rows, columns) = (3000, 150)
        var random = Generator(state: 9)
        let dense = DenseMatrix(rows: rows, columns: columns)
        var (offsets, indices, values): ([Int], [Int32], [Float]) = ([0], [], [])
        for row in 0..<rows {
            for column in 0..<columns where random.floats(1, 0...1)[0] < 0.04 {
                let value = random.floats(1, -2...2)[0]
                dense.row(row)[column] = value
                indices.append(Int32(column))
                values.append(value)
            }
            offsets.append(indices.count)
        }
        let sparse = SparseMatrix(
            rows: rows, columns: columns, rowOffsets: AlignedBuffer(offsets), columnIndices: AlignedBuffer(indices),
            values: AlignedBuffer(values))
        let shift = isShifted ? AlignedBuffer((0..<columns).map { Float($0 % 50 == 3 ? 0.75 : 0) }) : nil
        let weights = random.floats(rows, 0...2)
        let grid = MomentGrid(exponents: [Int](repeating: 2, count: columns + 1), rows: rows)
        var sums: [[Double]] = []
        for features in [FeatureMatrix.dense(dense), .sparse(sparse)] {
            var whole = SecondMoment(columns: columns, hasIntercept: true, grid: grid)
            weights.withUnsafeBufferPointer {
                guard let h = $0.baseAddress else { return }
                let runs = [0..<7, 7..<7, 7..<1000, 1000..<rows].map {
                    (rows: $0, weights: Optional(h + $0.lowerBound))
                }
                whole.add(features, runs: runs, shift: shift, kernels: kernels)
            }
            sums.append(whole.upper)
        }
        // Whole numbers: the same bits, dense or not.
        #expect(sums[0] == sums[1])
        let slow = expected(
            RandomMatrix(rows: rows, columns: columns, dense: dense), 0..<rows, shift: shift.map { Array($0.elements) },
            weights: weights, hasIntercept: true)
        expectClose(
            SecondMoment.symmetric(sums[1][...], dimension: columns + 1, grid: grid), slow, columns + 1, "sparse")
    }

    @Test(
        arguments: KernelSet.available.map(\.name), [(false, false, false), (true, true, true), (false, true, false)])
    func rangesOfRootsAreThoseOfTheRows(set: String, options: (hasIntercept: Bool, isShifted: Bool, isWeighted: Bool))
        throws
    {
        let kernels = try #require(KernelSet.available.first { $0.name == set })
        for (rows, columns) in Self.shapes {
            let matrix = RandomMatrix(rows: rows + 3, columns: columns)
            var random = Generator(state: 5)
            let shift = options.isShifted ? random.floats(columns) : nil
            let weights = options.isWeighted ? random.floats(rows, 0...2) : nil
            var slow = [Double](repeating: 0, count: columns + (options.hasIntercept ? 1 : 0))
            var counts = [Int](repeating: 0, count: slow.count)
            for row in 0..<rows {
                let root = Double(weights?[row] ?? 1).squareRoot()
                for column in slow.indices {
                    let x = column < columns ? matrix[row + 2, column] - Double(shift?[column] ?? 0) : 1
                    slow[column] = max(slow[column], root * abs(x))
                    counts[column] += root * abs(x) > 0 ? 1 : 0
                }
            }
            var found: [RootRanges] = []
            for features in [FeatureMatrix.dense(matrix.dense), .sparse(matrix.sparse)] {
                var ranges = RootRanges(columns: columns, hasIntercept: options.hasIntercept)
                func add(_ h: UnsafePointer<Float>?) {
                    let runs = [2..<2 + rows / 2, 2 + rows / 2..<2 + rows].map { part in
                        (rows: part, weights: h.map { $0 + (part.lowerBound - 2) })
                    }
                    ranges.add(features, runs: runs, shift: shift.map { AlignedBuffer($0) }, kernels: kernels)
                }
                if let weights { weights.withUnsafeBufferPointer { add($0.baseAddress) } } else { add(nil) }
                found.append(ranges)
            }
            let isClose = zip(found[0].tops, slow).allSatisfy { abs(Double($0) - $1) <= 1e-6 * $1 }
            let isCounted = zip(found[0].counts, counts).allSatisfy { Int($0) == $1 }
            let areSame = found[0].tops == found[1].tops && found[0].counts == found[1].counts
            #expect(isClose && isCounted && areSame, "\(set) \(rows) × \(columns)")
        }
    }

    @Test func partsAddUpAndTheUpperTriangleIsEnough() {
        let matrix = RandomMatrix(rows: 150, columns: 21)
        var whole = SecondMoment(columns: 21, hasIntercept: true)
        whole.add(.dense(matrix.dense), 0..<150)
        var first = SecondMoment(columns: 21, hasIntercept: true)
        first.add(.dense(matrix.dense), 0..<64)
        var rest = SecondMoment(columns: 21, hasIntercept: true)
        rest.add(.dense(matrix.dense), 64..<150)
        rest.add(.dense(matrix.dense), 0..<0)
        first.add(rest)
        #expect(first.upper.count == 22 * 23 / 2)
        #expect(SecondMoment.symmetric(first.upper[...], dimension: 22) == first.sums)
        expectClose(first.sums, whole.sums, 22, "sum of parts")
    }

    @Test func largeSumsKeepTheirDigits() {
        // A rare column of two values, as one-hot columns are after standardisation: roundings that do not cancel, of 8e-7.
        let rows = 40_000
        let matrix = DenseMatrix(rows: rows, columns: 2)
        var exact = [0.0, 0, 0]
        for row in 0..<rows {
            let (a, b): (Float, Float) = (row % 97 == 0 ? 9.797959 : -0.10206207, Float(row % 13) * 0.1 - 0.6)
            matrix.row(row)[0] = a
            matrix.row(row)[1] = b
            exact[0] += Double(a) * Double(a)
            exact[1] += Double(a) * Double(b)
            exact[2] += Double(b) * Double(b)
        }
        for kernels in KernelSet.available {
            var moment = SecondMoment(columns: 2, hasIntercept: false)
            moment.add(.dense(matrix), 0..<rows, kernels: kernels)
            let scale = (exact[0] * exact[2]).squareRoot()
            #expect(abs(moment.sums[0] - exact[0]) <= 2e-6 * exact[0])
            #expect(abs(moment.sums[1] - exact[1]) <= 2e-6 * scale)
            #expect(abs(moment.sums[3] - exact[2]) <= 2e-6 * exact[2])
        }
    }

    @Test func columnSquares() {
        for (rows, columns) in Self.shapes {
            let matrix = RandomMatrix(rows: rows + 1, columns: columns)
            var random = Generator(state: 6)
            let shift = random.floats(columns)
            for kernels in KernelSet.available {
                for shift in [shift, nil] {
                    var sums = [Double](repeating: 1, count: columns)
                    kernels.columnSquares(matrix.dense, 1..<rows + 1, shift: shift, into: &sums)
                    for column in 0..<columns {
                        let slow = (1...rows).reduce(1.0) { sum, row in
                            let value = matrix[row, column] - Double(shift?[column] ?? 0)
                            return sum + value * value
                        }
                        #expect(abs(sums[column] - slow) <= 1e-12 * slow)
                    }
                }
            }
        }
    }
}
