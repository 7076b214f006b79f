import Datasets
import Kernels
import Testing

@testable import Models

/// A gradient pass beside sums of explicit per-sample gradients: all small shapes, all instruction sets, one to four
/// threads, parts of the rows, extreme margins.
@Suite struct FastPathTests {
    @Test(arguments: KernelSet.available.map(\.name), [false, true])
    func smallShapes(name: String, sparse: Bool) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        for columns in 1...17 {
            for rows in 1...3 {
                try check(LogisticLoss(), .binary, rows, columns, sparse, kernels)
                try check(SoftmaxLoss(classes: 3), .classes(3), rows, columns, sparse, kernels)
            }
        }
        try check(SquaredHinge(), .binary, 29, 5, sparse, kernels)
        try check(PoissonLoss(), .count, 29, 5, sparse, kernels)
        try check(HuberLoss(), .real, 29, 5, sparse, kernels)
        try check(SoftmaxLoss(classes: 45), .classes(45), 29, 5, sparse, kernels)
    }

    /// Margins of about ±1e4, and features so small that products are denormal.
    @Test(arguments: KernelSet.available.map(\.name), [false, true])
    func extremeFeatures(name: String, sparse: Bool) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        for scale in [Float(1e4), 1e-20, 1e-38] {
            try check(LogisticLoss(), .binary, 19, 6, sparse, kernels, scale: scale)
            try check(SquaredError(), .real, 19, 6, sparse, kernels, scale: scale)
            try check(SoftmaxLoss(classes: 4), .classes(4), 19, 6, sparse, kernels, scale: scale)
        }
    }

    /// Enough rows for four threads and several blocks, most and few of the rows in the batch.
    @Test(arguments: [false, true])
    func threadsAndParts(sparse: Bool) throws {
        let rows = 2500
        for batch in [(0..<rows, 0..<0), (1301..<rows, 0..<1290), (7..<900, 3..<3)] {
            try check(
                LogisticLoss(), .binary, rows, 60, sparse, .current, threads: 1...3, first: batch.0, second: batch.1)
            try check(
                SoftmaxLoss(classes: 11), .classes(11), rows, 12, sparse, .current, threads: 1...4, first: batch.0,
                second: batch.1)
        }
    }

    private func check<Loss: ReferenceLoss>(
        _ loss: Loss, _ labels: TestLabels, _ rows: Int, _ columns: Int, _ sparse: Bool, _ kernels: KernelSet,
        scale: Float = 1, threads: ClosedRange<Int> = 1...1, first: Range<Int>? = nil, second: Range<Int> = 0..<0
    ) throws {
        var data = TestData(
            rows: rows, columns: columns, labels: labels, weighted: columns % 2 == 0, shifted: rows % 2 == 0,
            density: 0.7, seed: UInt64(rows * 100 + columns))
        data.values = data.values.map { $0 * scale }
        data.shift = data.shift?.map { $0 * scale }
        let batch = Batch(dataset: data.dataset(sparse: sparse), first: first ?? 0..<rows, second: second)
        let reference = LinearModel(loss, featureCount: columns)
        var random = Generator(state: 17)
        let x = (0..<reference.parameterCount).map { _ in 0.3 * random.normal() }
        var expected = [Double](repeating: 0, count: reference.parameterCount)
        var size = expected
        var total = 0.0
        var squares = 0.0
        for row in batch.rows {
            total += reference.referenceLoss(data, row, x)
            for (k, value) in reference.referenceGradient(data, row, x).enumerated() {
                expected[k] += value
                size[k] += abs(value)
                squares += value * value
            }
        }
        let largest = size.max() ?? 0
        for count in threads {
            let model = LinearModel(loss, featureCount: columns, threads: count, kernels: kernels)
            var gradient = [Double](repeating: 0, count: model.parameterCount)
            let sums = x.withUnsafeBufferPointer { x in
                gradient.withUnsafeMutableBufferPointer { model.accumulate(batch, at: x, gradient: $0) }
            }
            let what: Comment = "\(Loss.self), \(rows) rows, \(columns) columns, \(count) threads"
            #expect(abs(sums.loss - total) <= 2e-6 * abs(total) + 1e-6 * Double(max(1, scale)), what)
            #expect(abs(sums.squaredNorms - squares) <= 1e-5 * squares + 1e-30, what)
            // Residuals are differences of numbers about 1; a feature's share grows with its size.
            #expect(
                expected.indices.allSatisfy { abs(gradient[$0] - expected[$0]) <= 4e-6 * (size[$0] + largest) }, what)
        }
    }
}
