import Kernels
import Testing

/// Products beside their slow twins, on every instruction set this machine has.
@Suite struct ProductTests {
    @Test func theSetInUseIsAvailable() {
        let names = KernelSet.available.map(\.name)
        #expect(names.contains("baseline"))
        #expect(names.contains(KernelSet.current.name))
    }

    @Test(arguments: KernelSet.available.map(\.name))
    func oneMarginARow(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        for (rows, columns) in shapes {
            let matrix = RandomMatrix(rows: rows, columns: columns)
            var random = Generator(state: 1)
            let w = random.floats(columns)
            let padded = AlignedBuffer(w + [Float](repeating: 0, count: DenseMatrix.stride(columns: columns) - columns))
            for range in [0..<rows, rows / 2..<rows, rows..<rows] {
                let dense = AlignedBuffer<Float>(count: range.count)
                let sparse = AlignedBuffer<Float>(count: range.count)
                kernels.margins(matrix.dense, range, weights: padded.pointer, offset: 0.5, into: dense.pointer)
                kernels.margins(matrix.sparse, range, weights: padded.pointer, offset: 0.5, into: sparse.pointer)
                for (index, row) in range.enumerated() {
                    let terms = (0..<columns).map { matrix[row, $0] * Double(w[$0]) }
                    let tolerance = 1e-6 * (0.5 + terms.reduce(0) { $0 + abs($1) })
                    #expect(abs(Double(dense[index]) - 0.5 - terms.reduce(0, +)) <= tolerance)
                    #expect(abs(Double(sparse[index]) - 0.5 - terms.reduce(0, +)) <= tolerance)
                }
            }
        }
    }

    @Test(arguments: KernelSet.available.map(\.name))
    func severalMarginsARow(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        for (rows, columns) in shapes {
            for classes in [2, 3, 8, 10, 17, 45, 67] {
                let matrix = RandomMatrix(rows: rows, columns: columns)
                let stride = KernelSet.classStride(classes)
                var random = Generator(state: 2)
                let w = random.floats(columns * classes)
                let offset = AlignedBuffer(random.floats(classes) + [Float](repeating: 0, count: stride - classes))
                let dense = AlignedBuffer<Float>(count: rows * stride)
                let sparse = AlignedBuffer<Float>(count: rows * stride)
                let packed = AlignedBuffer(w)
                let weights = KernelSet.classWeights(packed.pointer, columns: columns, classes: classes)
                kernels.margins(
                    matrix.dense, 0..<rows, weights: weights.pointer, offset: offset.pointer, classes: classes,
                    into: dense.pointer)
                kernels.margins(
                    matrix.sparse, 0..<rows, weights: packed.pointer, classes: classes, offset: offset.pointer,
                    into: sparse.pointer)
                for row in 0..<rows {
                    for c in 0..<classes {
                        let expected = (0..<columns).reduce(Double(offset[c])) {
                            $0 + matrix[row, $1] * Double(w[$1 * classes + c])
                        }
                        let tolerance = 1e-6 * (1 + Double(columns))
                        #expect(abs(Double(dense[row * stride + c]) - expected) <= tolerance)
                        #expect(abs(Double(sparse[row * stride + c]) - expected) <= tolerance)
                    }
                }
            }
        }
    }

    /// A row's margins and a piece's addends are the same bits beside any other rows, and with every set that fuses.
    @Test(arguments: [(5, 3), (54, 10), (130, 10), (300, 3), (300, 17), (40, 67)])
    func classesOfARowAlone(columns: Int, classes: Int) {
        let rows = 83
        let x = RandomMatrix(rows: rows, columns: columns).dense
        let stride = KernelSet.classStride(classes)
        var random = Generator(state: 5)
        let w = AlignedBuffer(random.floats(columns * classes))
        let weights = KernelSet.classWeights(w.pointer, columns: columns, classes: classes)
        let offset = AlignedBuffer(random.floats(classes) + [Float](repeating: 0, count: stride - classes))
        let anchors = AlignedBuffer([Double](repeating: 0x1.8p20, count: columns))
        var found: [(margins: [Float], sums: [Double])] = []
        for kernels in KernelSet.available where kernels.name != "baseline" {
            for step in [1, 16, 48, rows] {
                let margins = AlignedBuffer<Float>(count: rows * stride)
                for start in Swift.stride(from: 0, to: rows, by: step) {
                    kernels.margins(
                        x, start..<min(rows, start + step), weights: weights.pointer, offset: offset.pointer,
                        classes: classes, into: margins.pointer + start * stride)
                }
                let sums = KernelSet.classSums(columns: columns, classes: classes, anchors: anchors.pointer)
                let pieces = max(16, step)
                for start in Swift.stride(from: 0, to: rows, by: pieces).reversed() {
                    kernels.transposedProduct(
                        x, start..<min(rows, start + pieces), residuals: margins.pointer + start * stride,
                        classes: classes, into: sums.pointer)
                }
                var packed = [Double](repeating: 0, count: columns * classes)
                KernelSet.unpack(
                    sums.pointer, columns: columns, classes: classes, anchors: anchors.pointer, into: &packed)
                found.append((Array(margins.elements), packed))
            }
        }
        for other in found.dropFirst() {
            #expect(other.margins == found[0].margins)
            #expect(other.sums == found[0].sums)
        }
    }

    /// Block by block with flushes, as a gradient pass does it: |error| ≤ 1e-7 Σ_i |r_i x_ij|.
    @Test(arguments: KernelSet.available.map(\.name))
    func transposedProductStaysAccurate(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        for classes in [1, 3, 10, 17, 67] {
            let rows = 1003
            let columns = 37
            let matrix = RandomMatrix(rows: rows, columns: columns)
            let stride = KernelSet.classStride(classes)
            var random = Generator(state: 3)
            let r = AlignedBuffer<Float>(count: rows * stride)
            for row in 0..<rows {
                for c in 0..<classes { r[row * stride + c] = Float.random(in: -0.2...1, using: &random) }
            }
            let x = matrix.dense
            let padded = KernelSet.classSums(columns: columns, classes: classes, anchors: nil)
            var sparse = [Double](repeating: 0, count: columns * classes)
            for start in Swift.stride(from: 0, to: rows, by: 27) {
                let block = start..<min(rows, start + 27)
                let residuals = r.pointer + start * stride
                if classes == 1 {
                    kernels.transposedProduct(x, block, residuals: residuals, into: padded.pointer)
                } else {
                    kernels.transposedProduct(x, block, residuals: residuals, classes: classes, into: padded.pointer)
                }
            }
            var dense = [Double](repeating: 0, count: columns * classes)
            KernelSet.unpack(padded.pointer, columns: columns, classes: classes, anchors: nil, into: &dense)
            sparse.withUnsafeMutableBufferPointer { sums in
                guard let sums = sums.baseAddress else { return }
                if classes == 1 {
                    kernels.transposedProduct(matrix.sparse, 0..<rows, residuals: r.pointer, into: sums)
                } else {
                    kernels.transposedProduct(
                        matrix.sparse, 0..<rows, residuals: r.pointer, classes: classes, into: sums)
                }
            }
            for j in 0..<columns {
                for c in 0..<classes {
                    let terms = (0..<rows).map { matrix[$0, j] * Double(r[$0 * stride + c]) }
                    let expected = terms.reduce(0, +)
                    let size = terms.reduce(0) { $0 + abs($1) }
                    #expect(abs(dense[j * classes + c] - expected) <= 1e-7 * size)
                    #expect(abs(sparse[j * classes + c] - expected) <= 1e-13 * size + 1e-300)
                }
            }
        }
    }

    @Test(arguments: KernelSet.available.map(\.name))
    func squaredNorms(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        for (rows, columns) in shapes {
            let matrix = RandomMatrix(rows: rows, columns: columns)
            var random = Generator(state: 4)
            let shift = AlignedBuffer<Float>(count: DenseMatrix.stride(columns: columns))
            for (index, value) in random.floats(columns).enumerated() { shift[index] = value }
            for centre in [nil, shift] {
                let dense = AlignedBuffer<Float>(count: rows)
                let sparse = AlignedBuffer<Float>(count: rows)
                let pointer = centre.map { UnsafePointer($0.pointer) }
                kernels.squaredNorms(matrix.dense, 0..<rows, shift: pointer, into: dense.pointer)
                kernels.squaredNorms(matrix.sparse, 0..<rows, shift: pointer, into: sparse.pointer)
                for row in 0..<rows {
                    let expected = (0..<columns).reduce(0.0) { sum, j in
                        let value = matrix[row, j] - Double(centre?[j] ?? 0)
                        return sum + value * value
                    }
                    #expect(abs(Double(dense[row]) - expected) <= 1e-6 * expected)
                    #expect(abs(Double(sparse[row]) - expected) <= 1e-6 * expected)
                }
            }
        }
    }
}
