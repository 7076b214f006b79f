import Kernels
import Testing

/// A gradient pass beside explicit sums: every small shape, every way of blocking, part of a matrix, no rows, extreme values.
@Suite struct PassTests {
    /// None, fewer than four, not a multiple of four, more than a block and more than a flush of the sums.
    private static let rows = [0, 1, 2, 3, 4, 5, 7, 9, 12, 33, 131]

    private static let kinds: [LossKind] = [.logistic, .squaredError, .squaredHinge, .huber(delta: 1.35), .poisson]

    @Test(arguments: KernelSet.available.map(\.name))
    func sumsOfAPass(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        for columns in 1...17 {
            for rows in Self.rows {
                check(kernels, columns, rows, scale: 1, kinds: columns < 4 ? Self.kinds : [.logistic])
            }
        }
        for columns in [33, 54, 130, 256, 257, 576, 577] {
            for rows in [0, 1, 3, 4, 5, 10, 70] { check(kernels, columns, rows, scale: 1, kinds: [.logistic]) }
        }
    }

    /// Enough rows to fold the product of the logistic loss.
    @Test(arguments: KernelSet.available.map(\.name))
    func manyRows(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        for columns in [3, 270, 600] { check(kernels, columns, 700, scale: 0.1, kinds: [.logistic]) }
    }

    /// Denormal products vanish or stay, huge ones (margins about ±1e4) are as accurate as others.
    @Test(arguments: KernelSet.available.map(\.name), [Float(1e-30), 1e4])
    func extremeValues(name: String, scale: Float) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        for columns in [1, 33, 300, 600] { check(kernels, columns, 11, scale: scale, kinds: [.squaredError]) }
        for columns in [7, 300] { check(kernels, columns, 11, scale: scale, kinds: [.logistic, .squaredHinge]) }
    }

    private func check(
        _ kernels: KernelSet, _ columns: Int, _ rows: Int, scale: Float,
        kinds: [LossKind]
    ) {
        // The rows start in the middle of the matrix.
        let matrix = RandomMatrix(rows: rows + 4, columns: columns, seed: UInt64(columns * 1000 + rows))
        let x = matrix.dense
        var random = Generator(state: 21)
        // Margins stay where exp is finite, but for the extreme scale.
        let size = scale > 1 ? scale : scale * 2 / Float(columns).squareRoot()
        let w = AlignedBuffer(random.floats(columns, -size...size) + [Float](repeating: 0, count: x.stride - columns))
        let labels = random.floats(rows + 4, 0...1).map { Float($0 < 0.5 ? 0 : 1) }
        let norms = random.floats(rows + 4, 0...3)
        let omega = random.floats(rows + 4, 0.5...2)
        for kind in kinds {
            for weighted in [false, true] {
                // The link functions have tests of their own: margins and residuals come from their kernels.
                let m = AlignedBuffer<Float>(count: max(1, rows))
                let r = AlignedBuffer<Float>(count: max(1, rows))
                kernels.margins(x, 3..<3 + rows, weights: w.pointer, offset: 0.5, into: m.pointer)
                for row in 0..<rows {
                    let terms = (0..<columns).map { matrix[3 + row, $0] * Double(w[$0]) }
                    let sizes = 0.5 + terms.reduce(0) { $0 + abs($1) }
                    #expect(abs(Double(m[row]) - 0.5 - terms.reduce(0, +)) <= 1e-6 * sizes)
                }
                var sums = [Double](repeating: 0.25, count: x.stride)
                let partial = AlignedBuffer<Float>(count: x.stride)
                var totals = PassTotals()
                let loss = labels.withUnsafeBufferPointer { labels in
                    omega.withUnsafeBufferPointer { omega in
                        norms.withUnsafeBufferPointer { norms in
                            sums.withUnsafeMutableBufferPointer { sums in
                                guard let labels = labels.baseAddress, let omega = omega.baseAddress,
                                    let norms = norms.baseAddress, let target = sums.baseAddress
                                else { return 0.0 }
                                kernels.pass(
                                    kind, x, 3..<3 + rows, weights: w.pointer, offset: 0.5, labels: labels,
                                    sampleWeights: weighted ? omega : nil, squaredNorms: norms, extra: 1,
                                    partial: partial.pointer, sums: target, totals: &totals)
                                return kernels.loss(
                                    kind, count: rows, margins: m.pointer, labels: labels + 3,
                                    weights: weighted ? omega + 3 : nil, residuals: r.pointer)
                            }
                        }
                    }
                }
                // A margin may differ in its last bits, and the loss by as much.
                #expect(abs(totals.loss - loss) <= 1e-5 * (1 + abs(loss)) * Double(max(1, scale)))
                let residuals = (0..<rows).map { Double(r[$0]) }
                let residualSize = residuals.reduce(0) { $0 + abs($1) }
                #expect(abs(totals.residuals - residuals.reduce(0, +)) <= 3e-6 * (1 + residualSize))
                let squares = (0..<rows).map { residuals[$0] * residuals[$0] * (Double(norms[3 + $0]) + 1) }
                let squareSum = squares.reduce(0, +)
                #expect(abs(totals.squaredNorms - squareSum) <= 1e-5 * (1 + squareSum))
                for j in 0..<columns {
                    let terms = (0..<rows).map { matrix[3 + $0, j] * residuals[$0] }
                    let size = terms.reduce(0) { $0 + abs($1) }
                    #expect(abs(sums[j] - 0.25 - terms.reduce(0, +)) <= 3e-6 * size + 1e-15 + 1e-6 * residualSize)
                }
                #expect(partial.elements.allSatisfy { $0 == 0 })
            }
        }
    }
}
