import Foundation
import Kernels
import Testing

/// Links and losses beside libm in Double, on every instruction set this machine has.
@Suite struct LossKernelTests {
    static let margins: [Float] =
        (-400...400).map { Float($0) * 0.05 } + [-1e-6, 1e-6, -50, 50, -87, 87, -100, 100, -1e4, 1e4, 0]

    @Test(arguments: KernelSet.available.map(\.name))
    func logistic(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        let margins = Self.margins
        for label in [Float(0), 1] {
            for weighted in [false, true] {
                let weights = weighted ? [Float](repeating: 1.75, count: margins.count) : nil
                let factor = weighted ? 1.75 : 1.0
                let labels = [Float](repeating: label, count: margins.count)
                var residuals = [Float](repeating: 0, count: margins.count)
                var expectedTotal = 0.0
                let total = withOptionalPointer(weights) {
                    kernels.loss(
                        .logistic,
                        count: margins.count, margins: margins, labels: labels, weights: $0, residuals: &residuals)
                }
                for (index, margin) in margins.enumerated() {
                    let z = Double(label == 1 ? margin : -margin)
                    let loss = factor * (max(-z, 0) + log1p(exp(-abs(z))))
                    let residual = factor * (label == 1 ? -1 : 1) / (1 + exp(z))
                    expectedTotal += loss
                    let single = withOptionalPointer(weights) {
                        kernels.loss(.logistic, count: 1, margins: [margin], labels: [label], weights: $0)
                    }
                    // Below exp(−87) results are zero.
                    #expect(abs(single - loss) <= 4e-7 * loss + 1e-37)
                    #expect(abs(Double(residuals[index]) - residual) <= 4e-7 * abs(residual) + 1e-37)
                }
                #expect(abs(total - expectedTotal) <= 2e-7 * expectedTotal)
            }
        }
    }

    @Test(arguments: KernelSet.available.map(\.name))
    func logisticPassesOnWhatIsNotFinite(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        var residual: [Float] = [0]
        #expect(
            kernels.loss(.logistic, count: 1, margins: [.nan], labels: [1], weights: nil, residuals: &residual).isNaN)
        #expect(residual[0].isNaN)
        #expect(kernels.loss(.logistic, count: 1, margins: [-.infinity], labels: [1], weights: nil) == .infinity)
        #expect(kernels.loss(.logistic, count: 1, margins: [.infinity], labels: [1], weights: nil) <= 1e-36)
    }

    @Test(arguments: KernelSet.available.map(\.name))
    func squaredError(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        var random = Generator(state: 5)
        for count in [0, 1, 7, 8, 29] {
            let margins = random.floats(count)
            let labels = random.floats(count)
            let weights = random.floats(count, 0...2)
            var residuals = [Float](repeating: 0, count: count)
            let total = kernels.loss(
                .squaredError,
                count: count, margins: margins, labels: labels, weights: weights, residuals: &residuals)
            var expected = 0.0
            for i in 0..<count {
                let difference = Double(margins[i]) - Double(labels[i])
                expected += Double(weights[i]) * difference * difference / 2
                #expect(abs(Double(residuals[i]) - Double(weights[i]) * difference) <= 3e-7)
            }
            #expect(abs(total - expected) <= 1e-6 * expected)
        }
    }

    @Test(arguments: KernelSet.available.map(\.name))
    func softmax(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        var random = Generator(state: 6)
        for classes in [2, 3, 8, 10, 45] {
            let stride = KernelSet.classStride(classes)
            for scale in [Float(0.1), 5, 300] {
                let rows = 5
                var margins = random.floats(rows * stride, -scale...scale)
                for row in 0..<rows {
                    for c in classes..<max(classes, stride) { margins[row * stride + c] = 1e9 }
                }
                let labels = (0..<rows).map { Float($0 * 7 % classes) }
                let weights = random.floats(rows, 0.5...2)
                var residuals = [Float](repeating: 9, count: rows * stride)
                var probabilities = [Float](repeating: 9, count: rows * classes)
                let total = kernels.softmax(
                    rows: rows, classes: classes, margins: margins, labels: labels, weights: weights,
                    residuals: &residuals)
                kernels.softmaxProbabilities(rows: rows, classes: classes, margins: margins, into: &probabilities)
                var expected = 0.0
                for row in 0..<rows {
                    let m = (0..<classes).map { Double(margins[row * stride + $0]) }
                    let top = m.max() ?? 0
                    let sum = m.reduce(0) { $0 + exp($1 - top) }
                    let weight = Double(weights[row])
                    expected += weight * (top + log(sum) - m[Int(labels[row])])
                    for c in 0..<stride {
                        guard c < classes else {
                            #expect(residuals[row * stride + c] == 0)
                            continue
                        }
                        let p = exp(m[c] - top) / sum
                        let r = weight * (p - (Float(c) == labels[row] ? 1 : 0))
                        #expect(abs(Double(probabilities[row * classes + c]) - p) <= 1e-6 * p + 1e-30)
                        #expect(abs(Double(residuals[row * stride + c]) - r) <= 1e-6 * weight)
                    }
                }
                #expect(abs(total - expected) <= 1e-6 * expected + 1e-6)
            }
        }
    }

    @Test(arguments: KernelSet.available.map(\.name))
    func softmaxCurvature(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        var random = Generator(state: 7)
        for classes in [2, 3, 8, 10, 45] {
            let stride = KernelSet.classStride(classes)
            // A direction that shifts all margins alike has no curvature, and only its differences count.
            for shift in [Float(0), 100] {
                let rows = 5
                let margins = random.floats(rows * stride, -5...5)
                let direction = random.floats(rows * stride, shift - 1...shift + 1)
                let weights = random.floats(rows, 0.5...2)
                let total = kernels.softmaxCurvature(
                    rows: rows, classes: classes, margins: margins, direction: direction, weights: weights)
                var expected = 0.0
                for row in 0..<rows {
                    let m = (0..<classes).map { exp(Double(margins[row * stride + $0])) }
                    let d = (0..<classes).map { Double(direction[row * stride + $0]) }
                    let sum = m.reduce(0, +)
                    let mean = zip(m, d).reduce(0) { $0 + $1.0 * $1.1 } / sum
                    let square = zip(m, d).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) } / sum
                    expected += Double(weights[row]) * square
                }
                #expect(abs(total - expected) <= 2e-6 * expected)
            }
        }
    }

    @Test(arguments: KernelSet.available.map(\.name))
    func softmaxOfALabelBeyondTheClassesIsNotANumber(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        for label in [Float.nan, -1, 3, 1e9] {
            let margins = [Float](repeating: 0, count: 8)
            #expect(kernels.softmax(rows: 1, classes: 3, margins: margins, labels: [label], weights: nil).isNaN)
        }
    }

    @Test(arguments: KernelSet.available.map(\.name))
    func residualSums(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        var random = Generator(state: 8)
        for (rows, classes) in [(1, 1), (8, 1), (21, 1), (5, 3), (6, 45)] {
            let stride = KernelSet.classStride(classes)
            var r = [Float](repeating: 0, count: rows * stride)
            for row in 0..<rows {
                for c in 0..<classes { r[row * stride + c] = Float.random(in: -1...1, using: &random) }
            }
            let norms = random.floats(rows, 0...5)
            var sums = [Double](repeating: 0, count: stride)
            var totals = PassTotals()
            kernels.residualSums(
                rows: rows, classes: classes, residuals: r, squaredNorms: norms, extra: 1, into: &sums, totals: &totals)
            let squares = totals.squaredNorms
            #expect(totals.largest == r.map { abs($0) }.max())
            var expected = 0.0
            for row in 0..<rows {
                for c in 0..<classes {
                    expected += pow(Double(r[row * stride + c]), 2) * (Double(norms[row]) + 1)
                }
            }
            #expect(abs(squares - expected) <= 3e-7 * expected)
            for c in 0..<classes {
                let sum = (0..<rows).reduce(0.0) { $0 + Double(r[$1 * stride + c]) }
                #expect(abs(sums[c] - sum) <= 2e-7 * Double(rows))
            }
        }
    }

    @Test(arguments: KernelSet.available.map(\.name))
    func sigmoidAndScaledSum(name: String) throws {
        let kernels = try #require(KernelSet.available.first { $0.name == name })
        let margins = Self.margins
        var p = [Float](repeating: 0, count: margins.count)
        kernels.sigmoid(count: margins.count, margins: margins, into: &p)
        for (value, margin) in zip(p, margins) {
            let expected = 1 / (1 + exp(-Double(margin)))
            #expect(abs(Double(value) - expected) <= 4e-7 * expected + 1e-37)
        }
        let slopes = margins.map { 1 - $0 }
        var out = p
        kernels.addScaled(count: margins.count, margins, step: 0.25, slopes, into: &out)
        for index in margins.indices {
            let exact = Double(margins[index]) + 0.25 * Double(slopes[index])
            #expect(abs(Double(out[index]) - exact) <= 1e-7 * (abs(Double(margins[index])) + 1))
        }
    }

    private func withOptionalPointer<R>(_ values: [Float]?, _ body: (UnsafePointer<Float>?) -> R) -> R {
        guard let values else { return body(nil) }
        return values.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}
