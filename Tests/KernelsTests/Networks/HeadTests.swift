import Foundation
import Kernels
import Testing

@Suite("Heads beside libm in Double") struct HeadTests {
    @Test(arguments: instructionSets, [1, 2, 3, 10, 17, 200])
    func softmax(name: String, classes: Int) {
        let set = kernels(named: name)
        var random = Generator(state: 12)
        for (rows, scale, smoothing) in [(1, Float(3), 0.0), (3, 0.1, 0.1), (2, 300, 0), (65, 20, 0.05)] {
            let stride = classes + 3
            let values = random.floats(rows * stride, -scale...scale)
            let labels = (0..<rows).map { Float($0 * 7 % classes) }
            let weights = random.floats(rows, 0...2)
            for weighted in [false, true] {
                let m = Unaligned(values)
                let (loss, total) = weights.withUnsafeBufferPointer { weights in
                    let weights = weighted ? weights.baseAddress : nil
                    return (
                        SoftmaxHead.loss(
                            rows: rows, classes: classes, stride: stride, margins: m.pointer, labels: labels,
                            weights: weights, smoothing: smoothing, with: set),
                        SoftmaxHead.lossAndGradient(
                            rows: rows, classes: classes, stride: stride, margins: m.pointer, labels: labels,
                            weights: weights, smoothing: smoothing, with: set)
                    )
                }
                var expected = 0.0
                var gradient = values.map { Double($0) }
                for i in 0..<rows {
                    let row = (0..<classes).map { Double(values[i * stride + $0]) }
                    let top = row.max() ?? 0
                    let sum = row.reduce(0) { $0 + exp($1 - top) }
                    let weight = weighted ? Double(weights[i]) : 1
                    for c in 0..<classes {
                        let t = smoothing / Double(classes) + (Float(c) == labels[i] ? 1 - smoothing : 0)
                        expected += weight * t * (top + log(sum) - row[c])
                        gradient[i * stride + c] = weight * (exp(row[c] - top) / sum - t)
                    }
                }
                #expect(abs(total - expected) <= 2e-6 * (1 + expected) && loss == total)
                #expect(close(m.values, gradient, 1e-6) && m.isGuarded)
            }
        }
    }

    @Test(arguments: instructionSets)
    func confidentRowsKeepTheirSmallGradient(name: String) {
        var m: [Float] = [30, 0, 1]
        _ = SoftmaxHead.lossAndGradient(
            rows: 1, classes: 3, stride: 3, margins: &m, labels: [0], with: kernels(named: name))
        let others = exp(-30.0) + exp(-29.0)
        #expect(abs(Double(m[0]) + others) <= 1e-6 * others)
    }

    @Test(arguments: instructionSets, [Float.nan, 3, -1])
    func labelsThatAreNone(name: String, label: Float) {
        var m: [Float] = [1, 2, 3, 5]
        let loss = SoftmaxHead.lossAndGradient(
            rows: 1, classes: 3, stride: 4, margins: &m, labels: [label], with: kernels(named: name))
        #expect(loss.isNaN && m[0].isNaN && m[2].isNaN && m[3] == 5)
    }

    @Test(arguments: instructionSets, [Float.nan, .infinity])
    func marginsThatAreNone(name: String, value: Float) {
        for place in 0..<3 {
            var m: [Float] = [1, 2, 3]
            m[place] = value
            let loss = SoftmaxHead.loss(
                rows: 1, classes: 3, stride: 3, margins: m, labels: [0], with: kernels(named: name))
            #expect(loss.isNaN)
        }
    }
}
