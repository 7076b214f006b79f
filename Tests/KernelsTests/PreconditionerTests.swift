import Kernels
import Testing

@Suite struct PreconditionerTests {
    /// Random symmetric positive definite: A Aᵀ + n/4.
    private func positiveDefinite(_ n: Int, seed: UInt64) -> [Double] {
        var random = Generator(state: seed)
        let a = random.floats(n * n).map { Double($0) }
        return (0..<n * n).map { index in
            let (i, j) = (index / n, index % n)
            return (0..<n).reduce(i == j ? Double(n) / 4 : 0) { $0 + a[i * n + $1] * a[j * n + $1] }
        }
    }

    @Test(arguments: [1, 2, 7, 40, 101])
    func choleskySolvesAndInverts(n: Int) throws {
        let matrix = positiveDefinite(n, seed: UInt64(n))
        let cholesky = try #require(Cholesky(matrix, dimension: n))
        let u = cholesky.upper
        for i in 0..<n {
            for j in 0..<n {
                let product = (0..<n).reduce(0) { $0 + u[$1 * n + i] * u[$1 * n + j] }
                #expect(abs(product - matrix[i * n + j]) <= 1e-12 * matrix[i * n + i] * Double(n))
            }
        }
        let b = (0..<n).map { Double($0) - 1.5 }
        let x = cholesky.solve(b)
        let inverse = cholesky.inverse
        let factor = cholesky.inverseFactor
        for i in 0..<n {
            #expect(abs((0..<n).reduce(0) { $0 + matrix[i * n + $1] * x[$1] } - b[i]) <= 1e-10)
            for j in 0..<n {
                let unit = (0..<n).reduce(0) { $0 + matrix[i * n + $1] * inverse[$1 * n + j] }
                #expect(abs(unit - (i == j ? 1 : 0)) <= 1e-10)
                let product = (0..<n).reduce(0) { $0 + factor[i * n + $1] * factor[j * n + $1] }
                #expect(abs(product - inverse[i * n + j]) <= 1e-12)
            }
        }
    }

    @Test func choleskyRefusesWhatIsNotPositiveDefinite() {
        #expect(Cholesky([1, 2, 2, 1], dimension: 2) == nil)
        #expect(Cholesky([1, 1, 1, 1], dimension: 2) == nil)
        #expect(Cholesky([.nan], dimension: 1) == nil)
        #expect(Cholesky([], dimension: 0) != nil)
    }

    @Test(arguments: KernelSet.available.map(\.name), [false, true])
    func normsUnderADensePreconditioner(set: String, hasIntercept: Bool) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == set })
        for (rows, columns) in shapes {
            let matrix = RandomMatrix(rows: rows, columns: columns)
            let n = columns + (hasIntercept ? 1 : 0)
            let cholesky = try #require(Cholesky(positiveDefinite(n, seed: 3), dimension: n))
            let p = cholesky.inverse
            let factor = PreconditionerFactor(factor: cholesky.inverseFactor, dimension: n, hasIntercept: hasIntercept)
            let first = rows / 3
            let norms = AlignedBuffer<Float>(count: rows)
            for part in [0..<first, first..<rows] {
                factor.squaredNorms(matrix.dense, part, into: norms.pointer + part.lowerBound, kernels: kernels)
            }
            for row in 0..<rows {
                let x = (0..<columns).map { matrix[row, $0] } + (hasIntercept ? [1] : [])
                var expected = 0.0
                for i in 0..<n {
                    for j in 0..<n { expected += x[i] * p[i * n + j] * x[j] }
                }
                #expect(abs(Double(norms[row]) - expected) <= 2e-6 * expected)
            }
        }
    }

    @Test(arguments: [false, true])
    func normsUnderADiagonalPreconditioner(isShifted: Bool) {
        for (rows, columns) in shapes {
            let matrix = RandomMatrix(rows: rows, columns: columns)
            var random = Generator(state: 12)
            let p = random.floats(columns, 0.1...4)
            let shift = isShifted ? random.floats(columns) : [Float](repeating: 0, count: columns)
            for features in [FeatureMatrix.dense(matrix.dense), .sparse(matrix.sparse)] {
                var norms = [Float](repeating: 0, count: rows)
                features.squaredNorms(0..<rows, diagonal: p, shift: isShifted ? shift : nil, into: &norms)
                for row in 0..<rows {
                    let expected = (0..<columns).reduce(0.0) { sum, j in
                        let value = matrix[row, j] - Double(shift[j])
                        return sum + Double(p[j]) * value * value
                    }
                    #expect(abs(Double(norms[row]) - expected) <= 1e-6 * expected)
                }
            }
        }
    }

    @Test(arguments: [false, true], [false, true])
    func secondMoments(hasIntercept: Bool, isShifted: Bool) {
        for (rows, columns) in shapes + [(150, 20)] {
            let matrix = RandomMatrix(rows: rows, columns: columns)
            var random = Generator(state: 13)
            let shift = isShifted ? AlignedBuffer(random.floats(columns)) : nil
            let weights = random.floats(rows, 0...2)
            for features in [FeatureMatrix.dense(matrix.dense), .sparse(matrix.sparse)] {
                var moment = SecondMoment(columns: columns, hasIntercept: hasIntercept)
                let middle = rows / 3
                moment.add(features, 0..<middle, shift: shift, weights: weights)
                weights.withUnsafeBufferPointer { weights in
                    moment.add(features, middle..<rows, shift: shift, weights: weights.baseAddress.map { $0 + middle })
                }
                let n = moment.dimension
                var expected = [Double](repeating: 0, count: n * n)
                for row in 0..<rows {
                    let x = (0..<columns).map { matrix[row, $0] - Double(shift?[$0] ?? 0) } + (hasIntercept ? [1] : [])
                    for i in 0..<n {
                        for j in 0..<n { expected[i * n + j] += Double(weights[row]) * x[i] * x[j] }
                    }
                }
                let scale = expected.map { abs($0) }.max() ?? 0
                for (sum, value) in zip(moment.sums, expected) { #expect(abs(sum - value) <= 1e-6 * scale) }
            }
        }
    }
}
