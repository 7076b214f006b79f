import Datasets
import Kernels
import Testing

@testable import Models

/// The sums that travel through the allreduce give the two-pass variance of all per-sample gradients.
@Suite struct VarianceTests {
    @Test(arguments: [false, true])
    func equalsTwoPassVariance(sparse: Bool) throws {
        try check(SquaredError(), .real, sparse)
        try check(LogisticLoss(), .binary, sparse)
        try check(SquaredHinge(), .binary, sparse)
        try check(HuberLoss(delta: 0.8), .real, sparse)
        try check(PoissonLoss(), .count, sparse)
        try check(SoftmaxLoss(classes: 3), .classes(3), sparse)
        try check(SoftmaxLoss(classes: 13), .classes(13), sparse)
        try check(SoftmaxLoss(classes: 45), .classes(45), sparse, shapes: [(61, 7)])
    }

    private func check<Loss: ReferenceLoss>(
        _ loss: Loss, _ labels: TestLabels, _ sparse: Bool, shapes: [(Int, Int)] = [(61, 7), (203, 21)]
    ) throws {
        for (rows, columns) in shapes {
            for options in 0..<8 {
                let data = TestData(
                    rows: rows, columns: columns, labels: labels, weighted: options & 1 != 0,
                    shifted: options & 2 != 0, seed: UInt64(rows + options))
                let model = LinearModel(loss, featureCount: columns, hasIntercept: options & 4 != 0)
                var random = Generator(state: UInt64(options))
                let parameters = (0..<model.parameterCount).map { _ in 0.2 * random.normal() }
                try check(model, data, parameters, sparse, &random)
            }
        }
    }

    private func check<Loss: ReferenceLoss>(
        _ model: LinearModel<Loss>, _ data: TestData, _ parameters: [Float], _ sparse: Bool, _ random: inout Generator
    ) throws {
        let gradients = (0..<data.rows).map { model.referenceGradient(data, $0, parameters) }
        let n = Double(data.rows)
        let mean = (0..<model.parameterCount).map { k in gradients.reduce(0) { $0 + $1[k] } / n }
        let squares = gradients.map { $0.reduce(0) { $0 + $1 * $1 } }.reduce(0, +)
        let reference =
            gradients.map { g in zip(g, mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }.reduce(0, +) / (n - 1)
        let referenceLoss = (0..<data.rows).reduce(0) { $0 + model.referenceLoss(data, $1, parameters) }

        let dataset = data.dataset(sparse: sparse)
        for parts in [1, 2, 5] {
            // Cuts may coincide: empty parts are ranks without samples.
            let cuts = (1..<parts).map { _ in Int.random(in: 0...data.rows, using: &random) }.sorted()
            let bounds = [0] + (parts == 5 ? [0] : []) + cuts + [data.rows]
            var gradient = [Double](repeating: 0, count: model.parameterCount)
            var sums = LossSums()
            for (low, high) in zip(bounds, bounds.dropFirst()) {
                let middle = Int.random(in: low...high, using: &random)
                let batch = Batch(dataset: dataset, first: middle..<high, second: low..<middle)
                let part = parameters.withUnsafeBufferPointer { x in
                    gradient.withUnsafeMutableBufferPointer { model.accumulate(batch, at: x, gradient: $0) }
                }
                sums.loss += part.loss
                sums.squaredNorms += part.squaredNorms
            }
            let meanNorm = gradient.reduce(0) { $0 + ($1 / n) * ($1 / n) }
            let variance = (sums.squaredNorms - n * meanNorm) / (n - 1)
            #expect(abs(variance - reference) <= 1e-6 * squares / (n - 1), "\(Loss.self) \(variance) \(reference)")
            #expect(abs(sums.squaredNorms - squares) <= 1e-6 * squares)
            #expect(abs(sums.loss - referenceLoss) <= 1e-6 * abs(referenceLoss) + 1e-6)
            let scale = mean.map { abs($0) }.max() ?? 0
            let error = zip(gradient, mean).map { abs($0 / n - $1) }.max() ?? 0
            #expect(error <= 2e-6 * (scale + (squares / n).squareRoot()))
        }
    }
}
