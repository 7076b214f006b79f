/// A part of a parameter vector that has a name and a shape in a model file.
struct TensorPlace: Sendable, Equatable {
    let name: String
    /// Row-major, outermost first.
    let shape: [Int]
    let range: Range<Int>
}

/// A model that says what its parameters are called.
protocol TensorModel: Model {
    /// In the order of the parameters, without gaps.
    var tensors: [TensorPlace] { get }
}

extension LinearModel: TensorModel {
    var tensors: [TensorPlace] {
        let weights = TensorPlace(name: "weights", shape: [featureCount, loss.classes], range: 0..<penalisedCount)
        guard hasIntercept else { return [weights] }
        return [
            weights, TensorPlace(name: "intercepts", shape: [loss.classes], range: penalisedCount..<parameterCount),
        ]
    }
}

extension Network: TensorModel {
    /// `layer1.weights`, … and `output.weights`; then `layer1.biases`, …
    var tensors: [TensorPlace] {
        func name(_ index: Int) -> String { index + 1 < layers.count ? "layer\(index + 1)" : "output" }
        var places: [TensorPlace] = []
        for (index, layer) in layers.enumerated() where layer.weightCount > 0 {
            let start = plan.weights[index]
            places.append(
                TensorPlace(
                    name: name(index) + ".weights", shape: layer.weightShape, range: start..<start + layer.weightCount))
        }
        for (index, layer) in layers.enumerated() where layer.biasCount > 0 {
            let start = plan.weightCount + plan.biases[index]
            places.append(
                TensorPlace(
                    name: name(index) + ".biases", shape: [layer.biasCount], range: start..<start + layer.biasCount))
        }
        return places
    }
}
