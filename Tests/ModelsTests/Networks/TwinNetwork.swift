import Datasets
import Foundation

@testable import Models

/// A network in Double, layer by layer as described and sample by sample: slow and obvious.
struct TwinNetwork {
    let description: NetworkDescription
    let input: SampleShape
    let outputs: Int
    /// The mask value, 0 or 1/(1 − rate), of a unit of the dropout layer that is this many-th.
    var mask: (_ dropout: Int, _ unit: Int) -> Double = { _, _ in 1 }

    /// A sample's values as channels × height × width.
    private struct Values {
        var shape: SampleShape
        var x: [Double]

        subscript(c: Int, i: Int, j: Int) -> Double {
            guard (0..<shape.height).contains(i), (0..<shape.width).contains(j) else { return 0 }
            return x[(c * shape.height + i) * shape.width + j]
        }

        func isInside(_ i: Int, _ j: Int) -> Bool { (0..<shape.height).contains(i) && (0..<shape.width).contains(j) }
    }

    /// Parameters taken in order: weights from the front of one half, biases from the front of the other.
    private struct Parameters {
        var weights: ArraySlice<Double>
        var biases: ArraySlice<Double>

        mutating func takeWeights(_ count: Int) -> [Double] {
            defer { weights = weights.dropFirst(count) }
            return Array(weights.prefix(count))
        }

        mutating func takeBiases(_ count: Int) -> [Double] {
            defer { biases = biases.dropFirst(count) }
            return Array(biases.prefix(count))
        }
    }

    /// The outputs for one sample.
    func outputs(of x: [Double], parameters: [Double], weightCount: Int) -> [Double] {
        var values = Values(shape: input, x: x)
        var left = Parameters(weights: parameters[..<weightCount], biases: parameters[weightCount...])
        var dropouts = 0
        for layer in description.layers {
            switch layer.kind {
            case .dense(let units): values = dense(values, units, &left)
            case .convolution(let channels, let window): values = convolution(values, channels, window, &left)
            case .maxPool(let window): values = pool(values, window) { $0.max() ?? .nan }
            case .averagePool(let window): values = pool(values, window) { $0.reduce(0, +) / Double($0.count) }
            case .relu: values.x = values.x.map { max($0, 0) }
            case .gelu:
                values.x = values.x.map {
                    $0 / (1 + exp(-2 * (2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
                }
            case .tanh: values.x = values.x.map { Foundation.tanh($0) }
            case .dropout:
                for unit in values.x.indices { values.x[unit] *= mask(dropouts, unit) }
                dropouts += 1
            case .normalisation(let groups): values = normalisation(values, groups ?? 1, &left)
            case .pad(let margin):
                let shape = SampleShape(
                    channels: values.shape.channels, height: values.shape.height + 2 * margin,
                    width: values.shape.width + 2 * margin)
                values = image(shape) { c, i, j in values[c, i - margin, j - margin] }
            }
        }
        return dense(values, outputs, &left).x
    }

    private func image(_ shape: SampleShape, _ value: (Int, Int, Int) -> Double) -> Values {
        var x: [Double] = []
        for c in 0..<shape.channels {
            for i in 0..<shape.height {
                for j in 0..<shape.width { x.append(value(c, i, j)) }
            }
        }
        return Values(shape: shape, x: x)
    }

    private func dense(_ values: Values, _ units: Int, _ left: inout Parameters) -> Values {
        let weights = left.takeWeights(values.x.count * units)
        let biases = left.takeBiases(units)
        let x = (0..<units).map { u in
            values.x.indices.reduce(biases[u]) { $0 + values.x[$1] * weights[$1 * units + u] }
        }
        return Values(shape: .features(units), x: x)
    }

    private func shape(_ values: Values, _ channels: Int, _ w: LayerDescription.Window) -> SampleShape {
        SampleShape(
            channels: channels,
            height: (values.shape.height + 2 * w.padding.height - w.size.height) / w.stride.height + 1,
            width: (values.shape.width + 2 * w.padding.width - w.size.width) / w.stride.width + 1)
    }

    private func convolution(
        _ values: Values, _ channels: Int, _ w: LayerDescription.Window, _ left: inout Parameters
    ) -> Values {
        let (inputs, height, width) = (values.shape.channels, w.size.height, w.size.width)
        let weights = left.takeWeights(channels * inputs * height * width)
        let biases = left.takeBiases(channels)
        return image(shape(values, channels, w)) { c, i, j in
            var sum = biases[c]
            for k in 0..<inputs {
                for a in 0..<height {
                    for b in 0..<width {
                        sum +=
                            weights[((c * inputs + k) * height + a) * width + b]
                            * values[
                                k, i * w.stride.height - w.padding.height + a, j * w.stride.width - w.padding.width + b]
                    }
                }
            }
            return sum
        }
    }

    private func pool(_ values: Values, _ w: LayerDescription.Window, _ body: ([Double]) -> Double) -> Values {
        image(shape(values, values.shape.channels, w)) { c, i, j in
            var under: [Double] = []
            for a in 0..<w.size.height {
                for b in 0..<w.size.width {
                    let (row, column) = (
                        i * w.stride.height - w.padding.height + a, j * w.stride.width - w.padding.width + b
                    )
                    if values.isInside(row, column) { under.append(values[c, row, column]) }
                }
            }
            return body(under)
        }
    }

    private func normalisation(_ values: Values, _ groups: Int, _ left: inout Parameters) -> Values {
        let gains = left.takeBiases(values.shape.channels)
        let biases = left.takeBiases(values.shape.channels)
        let size = values.x.count / groups
        let positions = values.shape.height * values.shape.width
        var result = values
        for group in 0..<groups {
            let own = values.x[group * size..<(group + 1) * size]
            let mean = own.reduce(0, +) / Double(size)
            let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(size)
            for index in own.indices {
                let c = index / positions
                result.x[index] = gains[c] * (values.x[index] - mean) / (variance + 1e-5).squareRoot() + biases[c]
            }
        }
        return result
    }
}
