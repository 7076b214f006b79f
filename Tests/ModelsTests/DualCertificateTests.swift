import Datasets
import Testing

@testable import Models

@Suite struct DualCertificateTests {
    @Test(arguments: [false, true])
    func boundsTheObjectiveFromBelow(hasIntercept: Bool) throws {
        try check(SquaredError(), .real, hasIntercept)
        try check(LogisticLoss(), .binary, hasIntercept)
        try check(SquaredHinge(), .binary, hasIntercept)
        try check(HuberLoss(delta: 0.8), .real, hasIntercept)
        try check(PoissonLoss(), .count, hasIntercept)
        try check(SoftmaxLoss(classes: 4), .classes(4), hasIntercept)
    }

    private func check<Loss: ReferenceLoss & ConjugateLoss>(
        _ loss: Loss, _ labels: TestLabels, _ hasIntercept: Bool
    ) throws {
        let l2 = 0.05
        let data = TestData(rows: 60, columns: 5, labels: labels, weighted: true, shifted: true, seed: 5)
        let dataset = data.dataset(sparse: true)
        let model = LinearModel(loss, featureCount: 5, hasIntercept: hasIntercept)
        func objective(_ x: [Float]) -> Double {
            let penalty = x[..<model.penalisedCount].reduce(0.0) { $0 + Double($1) * Double($1) } * l2 / 2
            return (0..<60).reduce(0) { $0 + model.referenceLoss(data, $1, x) } / 60 + penalty
        }
        /// Gap from two parts, as two ranks would compute it.
        func gap(_ x: [Float]) -> Double {
            let parts = [
                Batch(dataset: dataset, first: 0..<25), Batch(dataset: dataset, first: 25..<25),
                Batch(dataset: dataset, first: 25..<60),
            ]
            return x.withUnsafeBufferPointer { x in
                let balances = parts.map { model.dualBalance($0, at: x) }
                let balance = balances[0].indices.map { k in balances.reduce(0) { $0 + $1[k] } }
                var gradient = [Double](repeating: 0, count: model.sumCount)
                var sums = DualSums()
                for part in parts {
                    var own = gradient
                    let local = own.withUnsafeMutableBufferPointer {
                        model.writeDual(part, at: x, balance: balance, into: $0)
                    }
                    gradient = zip(gradient, own).map { $0 + $1 }
                    sums.loss += local.loss
                    sums.conjugates += local.conjugates
                }
                gradient.withUnsafeMutableBufferPointer { model.complete($0, of: dataset) }
                // Feasible: Σ ω s = 0 for every intercept.
                for value in gradient[model.penalisedCount..<model.parameterCount] { #expect(abs(value) <= 1e-4) }
                return gradient.withUnsafeBufferPointer {
                    model.dualityGap(sums: sums, gradient: $0, at: x, l2: l2, count: 60)
                }
            }
        }

        var random = Generator(state: 17)
        var x = (0..<model.parameterCount).map { _ in 0.5 * random.normal() }
        var points: [(objective: Double, gap: Double)] = []
        // Plain gradient descent on the reference.
        for iteration in 0..<1500 {
            if iteration % 100 == 0 { points.append((objective(x), gap(x))) }
            var gradient = x.indices.map { $0 < model.penalisedCount ? l2 * Double(x[$0]) : 0 }
            for row in 0..<60 {
                for (k, value) in model.referenceGradient(data, row, x).enumerated() { gradient[k] += value / 60 }
            }
            for k in x.indices { x[k] -= Float(0.1 * gradient[k]) }
        }
        let best = objective(x)
        for point in points {
            #expect(point.gap >= point.objective - best - 1e-6 * abs(best), "\(Loss.self)")
        }
        #expect(points[0].gap > 0.01)
        #expect(abs(gap(x)) <= 1e-3 * abs(best), "\(Loss.self) \(gap(x)) \(best)")
    }

    /// f*(s) = s m − f(m) at s = f'(m), and f*(s) ≥ s m − f(m) for every m.
    @Test func conjugatesSatisfyFenchelAndYoung() {
        func check<Loss: ScalarConjugateLoss>(_ loss: Loss, _ labels: [Double]) {
            for label in labels {
                for margin in stride(from: -3.0, through: 3, by: 0.37) {
                    let point = loss.dual(margin, label, nil)
                    #expect(abs(point.slope - loss.derivative(margin, label)) <= 1e-12)
                    let here = point.slope * margin - loss.value(margin, label)
                    #expect(abs(point.conjugate - here) <= 1e-12)
                    for other in stride(from: -6.0, through: 6, by: 0.5) {
                        #expect(point.conjugate >= point.slope * other - loss.value(other, label) - 1e-12)
                    }
                }
            }
        }
        check(SquaredError(), [-1, 0.5])
        check(LogisticLoss(), [0, 1])
        check(SquaredHinge(), [0, 1])
        check(HuberLoss(delta: 0.8), [-1, 0.5])
        check(PoissonLoss(), [0, 3])
    }

    @Test func noPenaltyNoBound() {
        let model = LinearModel(LogisticLoss(), featureCount: 1)
        let gap = [Float(1), 2].withUnsafeBufferPointer { x in
            [1.0, 0].withUnsafeBufferPointer {
                model.dualityGap(sums: DualSums(loss: 1), gradient: $0, at: x, l2: 0, count: 3)
            }
        }
        #expect(gap == .infinity)
    }
}
