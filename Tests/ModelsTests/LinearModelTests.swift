import Datasets
import Kernels
import Testing

@testable import Models

/// Losses, gradients, lines and predictions of linear models beside explicit sums in Double.
@Suite struct LinearModelTests {
    @Test(arguments: [false, true])
    func agreesWithExplicitSums(sparse: Bool) throws {
        try check(SquaredError(), .real, sparse)
        try check(LogisticLoss(), .binary, sparse)
        try check(SquaredHinge(), .binary, sparse)
        try check(HuberLoss(delta: 0.8), .real, sparse)
        try check(PoissonLoss(), .count, sparse)
        try check(SoftmaxLoss(classes: 3), .classes(3), sparse)
        try check(SoftmaxLoss(classes: 10), .classes(10), sparse)
    }

    private func check<Loss: ReferenceLoss>(_ loss: Loss, _ labels: TestLabels, _ sparse: Bool) throws {
        for options in 0..<4 {
            let data = TestData(
                rows: 37, columns: 6, labels: labels, weighted: options & 1 != 0, shifted: options & 1 != 0,
                seed: UInt64(options + 40))
            let model = LinearModel(loss, featureCount: 6, hasIntercept: options & 2 != 0)
            var random = Generator(state: 3)
            let x = (0..<model.parameterCount).map { _ in 0.3 * random.normal() }
            let d = (0..<model.parameterCount).map { _ in 0.3 * random.normal() }
            let batch = Batch(dataset: data.dataset(sparse: sparse), first: 5..<37, second: 0..<5)
            try checkGradient(model, data, batch, x)
            try checkLine(model, data, batch, x, d)
            checkPredictions(model, data, batch, x)
        }
    }

    private func referenceLoss<Loss: ReferenceLoss>(_ model: LinearModel<Loss>, _ data: TestData, _ x: [Float])
        -> Double
    {
        (0..<data.rows).reduce(0) { $0 + model.referenceLoss(data, $1, x) }
    }

    /// Central differences of the reference loss; a kink (Huber, hinge) inside the step costs a little accuracy.
    private func checkGradient<Loss: ReferenceLoss>(
        _ model: LinearModel<Loss>, _ data: TestData, _ batch: Batch, _ x: [Float]
    ) throws {
        var gradient = [Double](repeating: 0, count: model.parameterCount)
        let sums = x.withUnsafeBufferPointer { x in
            gradient.withUnsafeMutableBufferPointer { model.accumulate(batch, at: x, gradient: $0) }
        }
        let expected = referenceLoss(model, data, x)
        #expect(abs(sums.loss - expected) <= 1e-6 * abs(expected))
        let loss = x.withUnsafeBufferPointer { model.loss(batch, at: $0) }
        #expect(abs(loss - expected) <= 1e-6 * abs(expected))
        for k in x.indices {
            var high = x
            var low = x
            high[k] += 0x1p-9
            low[k] -= 0x1p-9
            let difference = referenceLoss(model, data, high) - referenceLoss(model, data, low)
            let slope = difference / (Double(high[k]) - Double(low[k]))
            #expect(abs(gradient[k] - slope) <= 2e-3 * (1 + abs(slope)), "\(Loss.self) \(k)")
        }
    }

    private func checkLine<Loss: ReferenceLoss>(
        _ model: LinearModel<Loss>, _ data: TestData, _ batch: Batch, _ x: [Float], _ d: [Float]
    ) throws {
        let line = x.withUnsafeBufferPointer { x in
            d.withUnsafeBufferPointer { model.directionalLoss(batch, at: x, direction: $0) }
        }
        let steps = [0, 1, 0.5, 0.25, -0.125, 1e-3]
        let losses = line.losses(at: steps)
        for (step, loss) in zip(steps, losses) {
            let trial = zip(x, d).map { Float(Double($0) + step * Double($1)) }
            let expected = referenceLoss(model, data, trial)
            #expect(abs(loss - expected) <= 2e-6 * abs(expected) + 1e-5)
        }
        // Second derivative along d by differences of the reference's gradient along d.
        func slope(_ step: Double) -> Double {
            let trial = zip(x, d).map { Float(Double($0) + step * Double($1)) }
            return (0..<data.rows).reduce(0) { sum, row in
                sum + zip(model.referenceGradient(data, row, trial), d).reduce(0) { $0 + $1.0 * Double($1.1) }
            }
        }
        let curvature = try #require(line.curvature())
        let expected = (slope(0x1p-8) - slope(-0x1p-8)) / 0x1p-7
        #expect(abs(curvature - expected) <= 0.02 * abs(expected), "\(Loss.self)")
    }

    private func checkPredictions<Loss: ReferenceLoss>(
        _ model: LinearModel<Loss>, _ data: TestData, _ batch: Batch, _ x: [Float]
    ) {
        var outputs = [Float](repeating: 0, count: batch.count * model.outputCount)
        x.withUnsafeBufferPointer { x in
            outputs.withUnsafeMutableBufferPointer { model.predict(batch, at: x, into: $0) }
        }
        for (index, row) in (Array(5..<37) + Array(0..<5)).enumerated() {
            let margins = model.margins(data, row, x)
            // For these links the prediction is ∂f/∂m at label 0, or 1 + ∂f/∂m_c at label c.
            for c in 0..<model.outputCount {
                let expected: Double =
                    switch model.loss {
                    case is LogisticLoss, is PoissonLoss: model.loss.referenceDerivative(margins, 0)[0]
                    case is SoftmaxLoss: 1 + model.loss.referenceDerivative(margins, Double(c))[c]
                    default: margins[0]
                    }
                #expect(abs(Double(outputs[index * model.outputCount + c]) - expected) <= 2e-6 * (1 + abs(expected)))
            }
        }
    }

    @Test func anEmptyBatchAddsNothing() {
        let data = TestData(rows: 4, columns: 3, labels: .binary)
        let model = LinearModel(LogisticLoss(), featureCount: 3)
        let batch = Batch(dataset: data.dataset(sparse: true), first: 2..<2)
        let x: [Float] = [1, 2, 3, 4]
        var gradient: [Double] = [5, 6, 7, 8]
        x.withUnsafeBufferPointer { x in
            let sums = gradient.withUnsafeMutableBufferPointer { model.accumulate(batch, at: x, gradient: $0) }
            #expect(sums == LossSums())
            #expect(model.loss(batch, at: x) == 0)
            #expect(model.directionalLoss(batch, at: x, direction: x).losses(at: [1, 2]) == [0, 0])
        }
        #expect(gradient == [5, 6, 7, 8])
    }

    /// Without grids results depend on the number of threads by rounding only, and not at all on their timing.
    @Test(arguments: [false, true])
    func threadsShareABatch(sparse: Bool) {
        let data = TestData(rows: 3000, columns: 40, labels: .classes(3), weighted: true, density: 0.9)
        let batch = Batch(dataset: data.dataset(sparse: sparse), first: 700..<3000, second: 0..<690)
        func run(_ threads: Int) -> (sums: LossSums, gradient: [Double], losses: [Double], outputs: [Float]) {
            let model = LinearModel(SoftmaxLoss(classes: 3), featureCount: 40, threads: threads)
            var random = Generator(state: 3)
            let x = (0..<model.parameterCount).map { _ in 0.3 * random.normal() }
            var gradient = [Double](repeating: 0, count: model.parameterCount)
            var outputs = [Float](repeating: 0, count: batch.count * 3)
            return x.withUnsafeBufferPointer { x in
                let sums = gradient.withUnsafeMutableBufferPointer { model.accumulate(batch, at: x, gradient: $0) }
                let line = model.directionalLoss(batch, at: x, direction: x)
                let losses = line.losses(at: [0, 0.5, 1]) + [model.loss(batch, at: x), line.curvature() ?? 0]
                outputs.withUnsafeMutableBufferPointer { model.predict(batch, at: x, into: $0) }
                return (sums, gradient, losses, outputs)
            }
        }
        let one = run(1)
        let three = run(3)
        let again = run(3)
        #expect(BatchParts(batch, threads: 3, classes: 3, merged: 123).count == 3)
        #expect(three.sums == again.sums && three.gradient == again.gradient && three.losses == again.losses)
        #expect(abs(one.sums.loss - three.sums.loss) <= 1e-7 * one.sums.loss)
        #expect(abs(one.sums.squaredNorms - three.sums.squaredNorms) <= 1e-7 * one.sums.squaredNorms)
        #expect(zip(one.gradient, three.gradient).allSatisfy { abs($0 - $1) <= 1e-6 * one.sums.loss })
        #expect(zip(one.losses, three.losses).allSatisfy { abs($0 - $1) <= 1e-6 * abs($0) })
        #expect(zip(one.outputs, three.outputs).allSatisfy { abs($0 - $1) <= 1e-6 })
    }

    @Test(arguments: [false, true])
    func curvatureIsTheWeightedSecondMoment(sparse: Bool) {
        let data = TestData(rows: 90, columns: 5, labels: .binary, weighted: true, shifted: true)
        let model = LinearModel(LogisticLoss(), featureCount: 5)
        var random = Generator(state: 3)
        let x = (0..<model.parameterCount).map { _ in 0.3 * random.normal() }
        var squares = [Double](repeating: 0, count: 5)
        let batch = Batch(dataset: data.dataset(sparse: sparse), first: 20..<90, second: 0..<20)
        let weights = x.withUnsafeBufferPointer { model.curvatureWeights(of: batch, at: $0) }
        let total = weights.elements.reduce(0.0) { $0 + Double($1) }
        let matrix = model.curvature(of: batch, weights: weights).sums
        squares.withUnsafeMutableBufferPointer { model.addColumnSquares(batch, into: $0) }
        var expected = [Double](repeating: 0, count: 36)
        var expectedTotal = 0.0
        for row in 0..<90 {
            let p = model.loss.prediction(model.margins(data, row, x)[0])
            let weight = Double(data.weights?[row] ?? 1) * p * (1 - p)
            expectedTotal += weight
            let features = data.row(row) + [1]
            for i in 0..<6 {
                for j in 0..<6 { expected[i * 6 + j] += weight * features[i] * features[j] }
            }
        }
        #expect(abs(total - expectedTotal) <= 1e-6 * expectedTotal)
        for (value, reference) in zip(matrix, expected) { #expect(abs(value - reference) <= 1e-5 * expectedTotal) }
        for j in 0..<5 {
            var reference = (0..<90).reduce(0.0) { $0 + data.row($1)[j] * data.row($1)[j] }
            if sparse, let shift = data.shift { reference -= 90 * Double(shift[j] * shift[j]) }
            #expect(abs(squares[j] - reference) <= 1e-5 * reference)
        }
    }
}
