import Kernels
import Testing

/// The step of a gradient pass beside explicit sums: every small shape, part of a matrix, empty parts, extreme values.
@Suite struct PassTests {
    /// Rows of both parts of a step: fewer than four, not a multiple of four, none, more last rows than new and fewer.
    private static let parts: [(rows: Int, last: Int)] = [
        (1, 0), (0, 1), (2, 3), (3, 2), (4, 4), (5, 9), (12, 3), (3, 12), (16, 16), (33, 70), (131, 66),
    ]

    @Test(arguments: KernelSet.available.map(\.name))
    func marginsAndSumsOfAStep(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        for columns in Array(1...17) + [54, 130] {
            for (rows, last) in Self.parts { check(kernels, columns, rows, last, scale: 1) }
        }
    }

    /// Denormal products vanish or stay, huge ones (margins about ±1e4) are as accurate as others.
    @Test(arguments: KernelSet.available.map(\.name), [Float(1e-30), 1e4])
    func extremeValues(name: String, scale: Float) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        for columns in [1, 7, 33] { check(kernels, columns, 9, 11, scale: scale) }
    }

    private func check(_ kernels: KernelSet, _ columns: Int, _ rows: Int, _ last: Int, scale: Float) {
        // The new rows start in the middle of the matrix, the last ones before them.
        let matrix = RandomMatrix(rows: last + rows + 1, columns: columns, seed: UInt64(columns * 1000 + rows))
        let x = matrix.dense
        var random = Generator(state: 21)
        let w = AlignedBuffer(
            random.floats(columns, -scale...scale) + [Float](repeating: 0, count: x.stride - columns))
        let r = AlignedBuffer(random.floats(max(1, last), -scale...scale))
        let m = AlignedBuffer<Float>(count: rows)
        let partial = AlignedBuffer<Float>(count: x.stride)
        var sums = [Double](repeating: 0.25, count: columns)
        var pending = 0
        sums.withUnsafeMutableBufferPointer { sums in
            guard let target = sums.baseAddress else { return }
            kernels.pass(
                x, last + 1..<last + 1 + rows, weights: w.pointer, offset: 0.5, into: m.pointer, last: 1..<1 + last,
                residuals: r.pointer, partial: partial.pointer, pending: &pending, sums: target)
            if pending > 0 {
                kernels.flush(partial.pointer, rows: 1, columns: columns, stride: x.stride, into: target)
            }
        }
        for row in 0..<rows {
            let terms = (0..<columns).map { matrix[last + 1 + row, $0] * Double(w[$0]) }
            let size = 0.5 + terms.reduce(0) { $0 + abs($1) }
            #expect(abs(Double(m[row]) - 0.5 - terms.reduce(0, +)) <= 1e-6 * size)
        }
        for j in 0..<columns {
            let terms = (0..<last).map { matrix[1 + $0, j] * Double(r[$0]) }
            let size = terms.reduce(0) { $0 + abs($1) }
            #expect(abs(sums[j] - 0.25 - terms.reduce(0, +)) <= 2e-7 * size + 1e-15)
        }
        #expect(partial.elements.allSatisfy { $0 == 0 })
    }
}
