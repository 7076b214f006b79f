import Testing

@testable import Kernels

@Suite struct SumGridTests {
    /// Sums of rounded addends, in any order and in any parts, beside their sum in whole numbers.
    @Test func sumsOnAGridHaveNoOrder() {
        var random = Generator(state: 11)
        for exponent in [-40, 0, 7, 300] {
            let grid = SumGrid(exponent: exponent)
            let quantum = Double(sign: .plus, exponent: exponent - 51, significand: 1)
            #expect(grid.limit == Double(sign: .plus, exponent: exponent, significand: 1))
            var addends = (0..<1000).map { _ in
                grid.round(Double.random(in: -1...1, using: &random) * grid.limit / 1000)
            }
            let units = addends.reduce(0) { $0 + Int($1 / quantum) }
            for _ in 0..<5 {
                addends.shuffle(using: &random)
                let parts = stride(from: 0, to: 1000, by: 77).map { addends[$0..<min($0 + 77, 1000)].reduce(0, +) }
                #expect(parts.reversed().reduce(0, +) == Double(units) * quantum)
            }
        }
        #expect(SumGrid.none.round(0.1) == 0.1 && SumGrid.none.limit == .infinity)
    }

    /// The rounding is to the nearest: compilers that join a product with the sum, or cancel the anchor, would break it.
    @Test(arguments: KernelSet.available.map(\.name))
    func kernelsRoundToTheGrid(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        var random = Generator(state: 4)
        let count = 203
        let margins = random.floats(count, -3...3)
        let labels = random.floats(count, 0...1).map { Float($0 < 0.5 ? 0 : 1) }
        let weights = random.floats(count, 0.1...2)
        let grid = SumGrid(exponent: 30)
        let quantum = Double(sign: .plus, exponent: 30 - 51, significand: 1)
        for kind in [LossKind.logistic, .squaredError, .squaredHinge, .huber(delta: 0.7), .poisson] {
            let plain = kernels.loss(kind, count: count, margins: margins, labels: labels, weights: weights)
            let sum = kernels.loss(kind, count: count, margins: margins, labels: labels, weights: weights, grid: grid)
            #expect(sum / quantum == (sum / quantum).rounded() && sum != plain)
            #expect(abs(sum - plain) <= Double(count) * quantum)
            let terms = (0..<count).map {
                kernels.loss(
                    kind, count: 1, margins: [margins[$0]], labels: [labels[$0]], weights: [weights[$0]], grid: grid)
            }
            #expect(terms.reduce(0, +) == sum)
        }
        let squares = kernels.squareSum(count: count, weights, margins, grid: grid)
        #expect(squares / quantum == (squares / quantum).rounded())
    }

    /// Sums that begin at an anchor round ties of an addend the same way, whatever the sum is.
    @Test(arguments: KernelSet.available.map(\.name))
    func tiesDoNotDependOnTheSum(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        // One entry a row: half a quantum, which even and odd sums would round apart.
        let rows = 4
        let x = SparseMatrix(
            rows: rows, columns: 1, rowOffsets: AlignedBuffer([0, 1, 2, 3, 4]),
            columnIndices: AlignedBuffer([0, 0, 0, 0]),
            values: AlignedBuffer([1, 1, 1, 1]))
        let grid = SumGrid(exponent: 51)
        func sum(_ residuals: [Float]) -> Double {
            var sums = [grid.anchor]
            sums.withUnsafeMutableBufferPointer {
                guard let target = $0.baseAddress else { return }
                kernels.transposedProduct(x, 0..<rows, residuals: residuals, into: target)
            }
            return sums[0] - grid.anchor
        }
        #expect(sum([1, 0.5, 0, 0]) == sum([0.5, 1, 0, 0]))
        #expect(sum([0.5, 0.5, 0.5, 0.5]) == 4 * sum([0.5, 0, 0, 0]))
        #expect(sum([2, 1.5, 2.5, 1]) == sum([1.5, 2.5, 1, 2]))
    }

    /// Every product of an entry and a residual is rounded once, ties away from zero: scattered and gathered, in every set.
    @Test(arguments: KernelSet.available.map(\.name))
    func sparseProductsRoundOnce(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        let grid = SumGrid(exponent: 51)
        for (columns, classes) in [(5, 1), (13, 1), (40, 1), (40, 3), (13, 8), (13, 13), (5, 45), (5, 50), (5, 97)] {
            let rows = 37
            let x = RandomMatrix(rows: rows, columns: columns).sparse
            // Quarters times halves: many products are ties.
            for k in 0..<x.nonZeros { x.values.pointer[k] = (4 * x.values.pointer[k]).rounded() / 4 }
            let stride = KernelSet.classStride(classes)
            let r = AlignedBuffer<Float>(count: rows * stride)
            var random = Generator(state: 9)
            var expected = [Double](repeating: 0, count: columns * classes)
            for row in 0..<rows {
                for c in 0..<classes { r[row * stride + c] = Float.random(in: -20...20, using: &random).rounded() / 2 }
                for k in x.rowOffsets[row]..<x.rowOffsets[row + 1] {
                    for c in 0..<classes {
                        let product = Double(x.values[k]) * Double(r[row * stride + c])
                        expected[Int(x.columnIndices[k]) * classes + c] += product.rounded(.toNearestOrAwayFromZero)
                    }
                }
            }
            var scattered = [Double](repeating: grid.anchor, count: columns * classes)
            scattered.withUnsafeMutableBufferPointer {
                guard let sums = $0.baseAddress else { return }
                if classes == 1 {
                    kernels.transposedProduct(x, 0..<rows, residuals: r.pointer, into: sums)
                } else {
                    kernels.transposedProduct(x, 0..<rows, residuals: r.pointer, classes: classes, into: sums)
                }
            }
            #expect(scattered.map { $0 - grid.anchor } == expected)
            if classes == 1 { continue }
            let block = ColumnBlock(x, rows: 0..<rows)
            var gathered = [Double](repeating: grid.anchor, count: columns * classes)
            gathered.withUnsafeMutableBufferPointer {
                guard let sums = $0.baseAddress else { return }
                kernels.transposedProduct(
                    block, part: 0..<block.columns.count, residuals: r.pointer, classes: classes, into: sums)
            }
            #expect(gathered.map { $0 - grid.anchor } == expected)
        }
    }

    @Test func exactSumsOfAnySizes() {
        let cases: [([Double], Double)] = [
            ([], 0), ([1e300, 1, -1e300], 1), ([1, 1e-300, -1], 1e-300), ([-5, 2], -3),
            ([.leastNonzeroMagnitude, .leastNonzeroMagnitude], 2 * .leastNonzeroMagnitude),
            ([.greatestFiniteMagnitude, -.greatestFiniteMagnitude, -0.1], -0.1), ([0.1, 0.2, -0.1, -0.2], 0),
        ]
        for (numbers, expected) in cases {
            var sum = ExactSum()
            for number in numbers { sum.add(number) }
            #expect(sum.value == expected)
            // The sums of words are those of the whole.
            var (first, rest) = (ExactSum(), ExactSum())
            for (index, number) in numbers.enumerated() {
                if index % 2 == 0 { first.add(number) } else { rest.add(number) }
            }
            #expect(ExactSum(words: zip(first.words, rest.words).map { $0 + $1 }).value == expected)
        }
        var odd = ExactSum()
        odd.add(1)
        odd.add(.infinity)
        #expect(odd.value.isNaN && ExactSum(words: odd.words).value.isNaN)
    }

    @Test func aGridThatDoesNotSuitHasASuccessor() throws {
        let grid = SumGrid(exponent: 10)
        #expect(grid.next(after: 100, attempt: 0) == nil)
        let wider = try #require(grid.next(after: 2000, attempt: 0))
        #expect(wider.limit > 2000)
        let finer = try #require(grid.next(after: 1e-9, attempt: 0))
        #expect(finer.limit > 1e-9 && finer.limit < 1e-7)
        #expect(grid.next(after: .nan, attempt: 0) == nil && SumGrid.none.next(after: 5, attempt: 0) == nil)
    }

    /// Whole numbers whose products add up without rounding, in any order.
    @Test(arguments: KernelSet.available.map(\.name))
    func secondMomentsOnAGrid(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        let matrix = RandomMatrix(rows: 137, columns: 29)
        var random = Generator(state: 6)
        let weights = random.floats(137, 0...1)
        let grid = MomentGrid(exponents: [Int](repeating: 1, count: 30), rows: 137)
        func moment(_ cuts: [Int], _ features: FeatureMatrix) -> [Double] {
            var sum = SecondMoment(columns: 29, hasIntercept: true, grid: grid)
            for (low, high) in zip(cuts, cuts.dropFirst()) {
                var part = SecondMoment(columns: 29, hasIntercept: true, grid: grid)
                weights.withUnsafeBufferPointer {
                    part.add(features, low..<high, weights: $0.baseAddress.map { $0 + low }, kernels: kernels)
                }
                sum.add(part)
            }
            return sum.sums
        }
        let whole = moment([0, 137], .dense(matrix.dense))
        #expect(moment([0, 1, 50, 51, 137], .dense(matrix.dense)) == whole)
        #expect(moment([0, 64, 137], .sparse(matrix.sparse)) == whole)
    }

    /// On a coarse grid all terms may have been rounded away: 0 is believed on a fine one.
    @Test func nothingOnACoarseGrid() throws {
        var grid: SumGrid? = SumGrid(exponent: 120)
        var sum = 0.0
        for attempt in 0... {
            guard let current = grid else { break }
            sum = (0..<10).reduce(0.0) { $0 + current.round(0.01 * Double($1)) }
            grid = current.next(after: sum, attempt: attempt)
        }
        #expect(abs(sum - 0.45) < 1e-6)
        #expect(SumGrid(exponent: SumGrid.exponentOfNothing).next(after: 0, attempt: 0) == nil)
        let up = SumGrid(exponent: 51)
        #expect(up.roundUp(0.1) == 1 && up.roundUp(1) == 1 && up.roundUp(0) == 0 && up.roundUp(7.5) == 8)
    }
}
