import Kernels
import Testing

@Suite("Group and layer normalisation beside Double and finite differences") struct NormalisationTests {
    static let shapes = [(1, 1, 1), (8, 1, 1), (37, 1, 1), (6, 1, 3), (4, 9, 1), (6, 25, 2), (3, 700, 3)]

    private static func reference(_ n: Normalisation, _ x: [Double], _ gain: [Double], _ bias: [Double]) -> [Double] {
        let members = n.channels / n.groups
        let size = members * n.positions
        var y = x
        for k in 0..<x.count / size {
            let values = x[(k * size)..<((k + 1) * size)]
            let mean = values.reduce(0, +) / Double(size)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(size)
            for i in 0..<size {
                let c = k % n.groups * members + i / n.positions
                y[k * size + i] = gain[c] * (x[k * size + i] - mean) / (variance + n.epsilon).squareRoot() + bias[c]
            }
        }
        return y
    }

    @Test(arguments: instructionSets, shapes)
    func forwardAndBackward(name: String, shape: (channels: Int, positions: Int, groups: Int)) {
        let set = kernels(named: name)
        let n = Normalisation(
            channels: shape.channels, positions: shape.positions, groups: shape.groups, epsilon: 1e-3)
        let samples = 3
        let size = n.channels * n.positions
        var random = Generator(state: 14)
        let values = random.floats(samples * size, 0...3)
        let (gain, bias) = (random.floats(n.channels), random.floats(n.channels))
        let deltas = random.floats(samples * size)
        let (x, y, delta) = (Unaligned(values), Unaligned(count: values.count), Unaligned(deltas))
        let (mean, inverse) = (Unaligned(count: samples * n.groups), Unaligned(count: samples * n.groups))
        var gains = [Float](repeating: .nan, count: samples * n.channels)
        var biases = gains
        n.apply(
            samples: samples, x.pointer, gain: gain, bias: bias, into: y.pointer, mean: mean.pointer,
            inverse: inverse.pointer, with: set)
        for s in 0..<samples {
            gains.withUnsafeMutableBufferPointer { gains in
                biases.withUnsafeMutableBufferPointer { biases in
                    n.backward(
                        x.pointer + s * size, mean: mean.pointer + s * n.groups,
                        inverse: inverse.pointer + s * n.groups, gain: gain, delta: delta.pointer + s * size,
                        gains: gains.baseAddress! + s * n.channels, biases: biases.baseAddress! + s * n.channels,
                        with: set)
                }
            }
        }

        let (wideX, wideGain, wideBias) = (values.map(Double.init), gain.map(Double.init), bias.map(Double.init))
        #expect(close(y.values, Self.reference(n, wideX, wideGain, wideBias), 1e-5))
        #expect(y.isGuarded && delta.isGuarded && mean.isGuarded && inverse.isGuarded && x.values == values)
        // Gains and biases of each sample from x̂, which is the result with gain 1 and bias 0.
        let ones = [Double](repeating: 1, count: n.channels)
        let normal = Self.reference(n, wideX, ones, ones.map { _ in 0 })
        var expectedGains: [Double] = []
        var expectedBiases: [Double] = []
        for s in 0..<samples {
            for c in 0..<n.channels {
                let range = (s * n.channels + c) * n.positions..<(s * n.channels + c + 1) * n.positions
                expectedGains.append(range.reduce(0.0) { $0 + Double(deltas[$1]) * normal[$1] })
                expectedBiases.append(range.reduce(0.0) { $0 + Double(deltas[$1]) })
            }
        }
        #expect(close(gains, expectedGains, 1e-5) && close(biases, expectedBiases, 1e-5))
        // Σ δ y by x, by central differences of some values.
        for at in stride(from: 0, to: values.count, by: max(1, values.count / 40)) {
            var (up, down) = (wideX, wideX)
            up[at] += 1e-5
            down[at] -= 1e-5
            let difference =
                zip(
                    Self.reference(n, up, wideGain, wideBias), Self.reference(n, down, wideGain, wideBias)
                ).enumerated().reduce(0.0) { $0 + Double(deltas[$1.offset]) * ($1.element.0 - $1.element.1) } / 2e-5
            #expect(abs(Double(delta.pointer[at]) - difference) <= 1e-4 * (1 + abs(difference)))
        }
    }
}
