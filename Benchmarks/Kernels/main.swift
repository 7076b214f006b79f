// One-core speed of the gradient pass (loss, gradient and Σ‖∇f‖² in one read of the features), beside the rate at which
// this machine reads memory, and the time per non-zero of the sparse pass.
//
//     swift run -c release kernel-benchmark              CRESCENDO_ISA=baseline|avx2|avx512 picks the instruction set
import Datasets
import Kernels
import Models

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Processor seconds of this thread: other work on the machine takes time, but is not counted.
func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Processor seconds of the fastest of `repeats` runs.
func fastest(_ repeats: Int = 15, _ body: () -> Void) -> Double {
    (0..<repeats).map { _ in
        let start = processorSeconds()
        body()
        return processorSeconds() - start
    }.min() ?? 0
}

func rounded(_ value: Double) -> String { String((value * 100).rounded() / 100) }

nonisolated(unsafe) var generator = SystemRandomNumberGenerator()

func dataset(_ features: FeatureMatrix, classes: Int) -> Dataset {
    let rows = features.rows
    let labels = AlignedBuffer<Float>(count: rows)
    let norms = AlignedBuffer<Float>(count: rows)
    for row in 0..<rows {
        labels.pointer[row] = Float(Int.random(in: 0..<max(2, classes), using: &generator))
        norms.pointer[row] = 1
    }
    return Dataset(
        order: DataOrder(count: rows, ranks: 1, rank: 0), features: features, labels: labels, squaredNorms: norms)
}

func gradientPass<M: Model>(_ model: M, _ batch: Batch) -> Double {
    let parameters = [Float](repeating: 0.01, count: model.parameterCount)
    var gradient = [Double](repeating: 0, count: model.parameterCount)
    return parameters.withUnsafeBufferPointer { x in
        gradient.withUnsafeMutableBufferPointer { gradient in
            fastest { _ = model.accumulate(batch, at: x, gradient: gradient) }
        }
    }
}

print("instruction set \(KernelSet.current.name)")

let megabytes = 128
let block = AlignedBuffer<UInt64>(count: megabytes << 17)
for index in 0..<block.count { block.pointer[index] = UInt64(index) }
var sink: UInt64 = 0
let readTime = fastest {
    var a = SIMD8<UInt64>()
    var b = a
    let vectors = UnsafeRawPointer(block.pointer).assumingMemoryBound(to: SIMD8<UInt64>.self)
    for index in stride(from: 0, to: block.count / 8, by: 2) {
        a ^= vectors[index]
        b ^= vectors[index + 1]
    }
    sink ^= (a ^ b).wrappedSum()
}
let readRate = Double(block.count * 8) / readTime / 1e9
print("read loop \(rounded(readRate)) GB/s (checksum \(sink % 10))")

for columns in [54, 512] {
    let matrix = DenseMatrix(rows: (megabytes << 18) / DenseMatrix.stride(columns: columns), columns: columns)
    for row in 0..<matrix.rows {
        for column in 0..<columns { matrix.row(row)[column] = Float(row &* 31 &+ column &* 17 & 255) / 256 - 0.5 }
    }
    let batch = dataset(.dense(matrix), classes: 2).all
    let bytes = Double(matrix.rows * matrix.stride * 4)
    for (name, time) in [
        ("logistic", gradientPass(LinearModel(LogisticLoss(), featureCount: columns), batch)),
        ("ridge", gradientPass(LinearModel(SquaredError(), featureCount: columns), batch)),
        ("huber", gradientPass(LinearModel(HuberLoss(), featureCount: columns), batch)),
    ] {
        let rate = bytes / time / 1e9
        print(
            "dense \(columns) \(name): \(rounded(rate)) GB/s, \(rounded(100 * rate / readRate)) % of the read loop, "
                + "\(rounded(time / Double(matrix.rows) * 1e9)) ns a row")
    }
    let softmax = gradientPass(
        LinearModel(SoftmaxLoss(classes: 10), featureCount: columns),
        Batch(dataset: dataset(.dense(matrix), classes: 10), first: 0..<matrix.rows / 8))
    let operations = 4 * 10 * Double(columns) * Double(matrix.rows / 8)
    print("dense \(columns) softmax, 10 classes: \(rounded(operations / softmax / 1e9)) GFLOP/s")

    let model = LinearModel(LogisticLoss(), featureCount: columns)
    let x = [Float](repeating: 0.01, count: model.parameterCount)
    x.withUnsafeBufferPointer { x in
        let line = model.directionalLoss(batch, at: x, direction: x)
        let setup = fastest(3) { _ = model.directionalLoss(batch, at: x, direction: x) }
        let trials = fastest { _ = line.losses(at: [1, 0.5, 0.25, 0.125]) }
        print(
            "dense \(columns) line: set up \(rounded(bytes / setup / 1e9)) GB/s, "
                + "a trial \(rounded(trials / 4 / Double(matrix.rows) * 1e9)) ns a row")
    }
}

for (rows, columns, perRow, classes) in [(100_000, 47_000, 75, 1), (100_000, 80_000, 14, 45)] {
    let offsets = AlignedBuffer<Int>(count: rows + 1)
    let indices = AlignedBuffer<Int32>(count: rows * perRow)
    let values = AlignedBuffer<Float>(count: rows * perRow)
    for row in 0..<rows {
        offsets.pointer[row + 1] = (row + 1) * perRow
        // Popular columns first, as in text.
        let picked = (0..<perRow).map { _ -> Int32 in
            let u = Double.random(in: 0..<1, using: &generator)
            return Int32(Double(columns) * u * u * u)
        }.sorted()
        for (entry, column) in picked.enumerated() {
            indices.pointer[row * perRow + entry] = column
            values.pointer[row * perRow + entry] = 0.1
        }
    }
    let matrix = SparseMatrix(
        rows: rows, columns: columns, rowOffsets: offsets, columnIndices: indices, values: values)
    let batch = dataset(.sparse(matrix), classes: classes).all
    let time =
        classes == 1
        ? gradientPass(LinearModel(LogisticLoss(), featureCount: columns), batch)
        : gradientPass(LinearModel(SoftmaxLoss(classes: classes), featureCount: columns), batch)
    print(
        "sparse \(perRow) non-zeros a row, \(columns) columns, \(classes) margin(s): "
            + "\(rounded(time / Double(rows * perRow) * 1e9)) ns a non-zero")
}
