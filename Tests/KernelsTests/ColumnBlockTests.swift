import Kernels
import Testing

/// The transposed product of several residuals a row, gathered column by column and scattered row by row.
@Suite struct ColumnBlockTests {
    @Test(arguments: KernelSet.available.map(\.name))
    func gatheredAndScatteredSumsAgreeWithExplicitOnes(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        for (rows, columns) in [(1, 1), (3, 5), (20, 17), (150, 9)] {
            for classes in [2, 3, 8, 13, 45, 48, 50, 97] {
                check(kernels, rows, columns, classes)
            }
        }
    }

    private func check(_ kernels: KernelSet, _ rows: Int, _ columns: Int, _ classes: Int) {
        let matrix = RandomMatrix(rows: rows, columns: columns, seed: UInt64(rows + classes))
        let x = matrix.sparse
        let stride = KernelSet.classStride(classes)
        var random = Generator(state: 5)
        // A part of the rows, as a block in the middle of a matrix.
        let range = rows / 3..<rows
        let r = AlignedBuffer<Float>(count: range.count * stride)
        for row in 0..<range.count {
            for c in 0..<classes { r[row * stride + c] = Float.random(in: -1...1, using: &random) }
        }
        let block = ColumnBlock(x, rows: range, threads: 2)
        for parts in 1...3 {
            var gathered = [Double](repeating: 1, count: columns * classes)
            var scattered = gathered
            gathered.withUnsafeMutableBufferPointer { sums in
                guard let sums = sums.baseAddress else { return }
                for part in 0..<parts {
                    kernels.transposedProduct(
                        block, part: block.part(part, of: parts), residuals: r.pointer, classes: classes, into: sums)
                }
            }
            scattered.withUnsafeMutableBufferPointer { sums in
                guard let sums = sums.baseAddress else { return }
                for part in 0..<parts {
                    kernels.transposedProduct(
                        x, range, residuals: r.pointer, classes: classes, columns: x.columnPart(part, of: parts),
                        into: sums)
                }
            }
            for j in 0..<columns {
                for c in 0..<classes {
                    let terms = range.map { matrix[$0, j] * Double(r[($0 - range.lowerBound) * stride + c]) }
                    let expected = 1 + terms.reduce(0, +)
                    let size = terms.reduce(0) { $0 + abs($1) }
                    #expect(abs(gathered[j * classes + c] - expected) <= 1e-13 * (1 + size))
                    #expect(abs(scattered[j * classes + c] - expected) <= 1e-13 * (1 + size))
                }
            }
        }
    }

    @Test func partsCoverEachColumnOnce() {
        let x = RandomMatrix(rows: 40, columns: 23).sparse
        let block = ColumnBlock(x, rows: 0..<40)
        for count in 1...5 {
            #expect((0..<count).flatMap { block.part($0, of: count) } == Array(0..<block.columns.count))
            #expect((0..<count).flatMap { x.columnPart($0, of: count) } == Array(0..<23))
        }
        #expect(ColumnBlock(x, rows: 7..<7).columns.count == 0)
    }

    @Test func blocksAreMadeOnce() {
        let x = RandomMatrix(rows: 100, columns: 4).sparse
        #expect(x.rowsPerColumnBlock(60) == 50)
        // The first wish counts.
        #expect(x.rowsPerColumnBlock(7) == 50)
        #expect(x.columnBlock(1) === x.columnBlock(1))
        #expect(x.columnBlock(1).rows == 50..<100)
    }
}
