import Foundation
import Kernels
import Testing

@Suite("Activations and their derivatives, beside libm in Double") struct ActivationTests {
    static func value(_ activation: Activation, _ x: Double) -> Double {
        switch activation {
        case .relu: max(x, 0)
        case .gelu: x / (1 + exp(-2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        case .tanh: tanh(x)
        }
    }

    static func derivative(_ activation: Activation, _ x: Double) -> Double {
        switch activation {
        case .relu: x > 0 ? 1 : 0
        case .gelu, .tanh: (value(activation, x + 1e-5) - value(activation, x - 1e-5)) / 2e-5
        }
    }

    @Test(arguments: instructionSets, Activation.allCases)
    func forwardAndBackward(name: String, activation: Activation) {
        let set = kernels(named: name)
        var random = Generator(state: 11)
        for count in [0, 1, 2, 3, 7, 8, 9, 31, 250] {
            for offset in [0, 1, 3] {
                var values = random.floats(count, -6...6)
                if count > 8 { values.replaceSubrange(0..<6, with: [0, -100, 100, 1e-4, -1e-4, -88]) }
                let (x, y) = (Unaligned(values, offset: offset), Unaligned(count: count))
                let deltas = random.floats(count)
                let delta = Unaligned(deltas, offset: offset)
                activation.apply(count: count, x.pointer, into: y.pointer, with: set)
                let at = activation.differentiatesInput ? x : y
                activation.multiply(count: count, derivativeAt: at.pointer, into: delta.pointer, with: set)
                #expect(close(y.values, values.map { Self.value(activation, Double($0)) }, 1e-6))
                let expected = zip(values, deltas).map { Self.derivative(activation, Double($0)) * Double($1) }
                #expect(close(delta.values, expected, 2e-6))
                #expect(y.isGuarded && delta.isGuarded && x.values == values)
                activation.apply(count: count, x.pointer, into: x.pointer, with: set)
                #expect(x.values == y.values && x.isGuarded)
            }
        }
    }

    @Test(arguments: instructionSets, Activation.allCases)
    func whatIsNotANumberStaysSo(name: String, activation: Activation) {
        var y = [Float](repeating: 0, count: 21)
        let x = [Float](repeating: .nan, count: 21)
        activation.apply(count: 21, x, into: &y, with: kernels(named: name))
        #expect(!y.contains { !$0.isNaN })
    }
}
