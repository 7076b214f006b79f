import Datasets
import Kernels

/// The layers of a network without its last, dense one, which has as many units as the labels ask for.
public struct NetworkDescription: Sendable, Equatable, Codable {
    public let layers: [LayerDescription]

    public init(layers: [String]) throws { self.layers = try layers.map { try LayerDescription($0) } }

    public init(from decoder: any Decoder) throws {
        layers = try decoder.singleValueContainer().decode([LayerDescription].self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(layers)
    }

    /// Names of networks that need no list of layers.
    public static let names = ["mlp:512,256", "lenet5", "bigbatch-cnn"]

    /// The network of that name; nil where it is none. Throws `ModelError` for a width that makes no sense.
    public init?(name: String) throws {
        let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        switch (parts[0], parts.count > 1 ? parts[1] : nil) {
        case ("mlp", let widths):
            let units = (widths ?? "512,256").split(separator: ",", omittingEmptySubsequences: false)
            guard units.allSatisfy({ (Int($0) ?? 0) > 0 }) else {
                throw ModelError("'\(name)': the widths of hidden layers are whole numbers, as in mlp:512,256")
            }
            try self.init(layers: units.flatMap { ["dense \($0)", "relu"] })
        case ("lenet5", nil):
            try self.init(layers: [
                "conv 20 5x5", "relu", "max-pool 2", "conv 50 5x5", "relu", "max-pool 2", "dense 500", "relu",
            ])
        case ("bigbatch-cnn", nil):
            // De, Yadav, Jacobs & Goldstein 2017, section 6: about 4.30 million weights for inputs of 32 × 32.
            try self.init(layers: [
                "conv 16 5x5 padding=2", "relu", "max-pool 2", "conv 256 5x5 padding=2", "relu", "max-pool 2",
                "dense 256",
                "relu",
            ])
        default: return nil
        }
    }

    /// Throws `ModelError` that names the layer that does not fit samples of shape `input`.
    public func check(input: SampleShape) throws { _ = try build(input: input, outputs: 1) }

    /// The layers for samples of shape `input`. Throws `ModelError` that names the layer that does not fit.
    func build(input: SampleShape, outputs: Int) throws -> [any Layer] {
        var built: [any Layer] = []
        var shape = input
        let ordered = pooledFirst()
        var isPooled = false
        for (index, (place, layer)) in ordered.enumerated() {
            if isPooled {
                isPooled = false
                continue
            }
            do {
                try layer.checkSize(input: shape)
                var next = try make(layer.kind, shape, isRectified: isRectified(after: place))
                if let convolution = next as? ConvolutionLayer, index + 1 < ordered.count,
                    let pooled = convolution.pooled(by: ordered[index + 1].layer.kind)
                {
                    next = pooled
                    isPooled = true
                }
                built.append(next)
            } catch let error as ModelError {
                throw ModelError("layer \(place + 1) ('\(layer.text)') does not fit: \(error)")
            }
            shape = built[built.count - 1].output
        }
        built.append(DenseLayer(input: shape, units: outputs, isRectified: false))
        return built
    }

    /// A rectifier before a maximum does the same after it, on fewer values. With the places in the list.
    private func pooledFirst() -> [(place: Int, layer: LayerDescription)] {
        var result = layers.enumerated().map { (place: $0.offset, layer: $0.element) }
        for index in result.indices.dropLast() where result[index].layer.kind == .relu {
            if case .maxPool = result[index + 1].layer.kind { result.swapAt(index, index + 1) }
        }
        return result
    }

    /// Whether what a layer gives goes through a rectifier before it meets weights again.
    private func isRectified(after place: Int) -> Bool {
        for layer in layers[(place + 1)...] {
            switch layer.kind {
            case .relu, .gelu: return true
            case .dense, .convolution, .tanh: return false
            case .maxPool, .averagePool, .pad, .dropout, .normalisation: continue
            }
        }
        return false
    }

    private func make(_ kind: LayerDescription.Kind, _ shape: SampleShape, isRectified: Bool) throws -> any Layer {
        func fit(_ window: LayerDescription.Window) throws -> WindowShape {
            guard let fitted = window.fitted(to: shape) else {
                throw ModelError(
                    "its window of \(window.size.height) × \(window.size.width) is larger than its input, which is "
                        + "\(shape.channels) × \(shape.height) × \(shape.width)")
            }
            return fitted
        }
        switch kind {
        case .dense(let units): return DenseLayer(input: shape, units: units, isRectified: isRectified)
        case .convolution(let channels, let window):
            return ConvolutionLayer(
                input: shape, window: try fit(window), channels: channels, isRectified: isRectified)
        case .maxPool(let window): return MaxPoolLayer(input: shape, window: try fit(window))
        case .averagePool(let window): return AveragePoolLayer(input: shape, window: try fit(window))
        case .relu: return RectifierLayer(input: shape)
        case .gelu: return GELULayer(input: shape)
        case .tanh: return TanhLayer(input: shape)
        case .dropout(let rate): return DropoutLayer(input: shape, rate: rate)
        case .normalisation(let groups):
            guard let layer = NormalisationLayer(input: shape, groups: groups) else {
                throw ModelError("\(groups ?? 1) groups do not divide the \(shape.channels) channels of its input")
            }
            return layer
        case .pad(let margin): return PadLayer(input: shape, margin: margin)
        }
    }
}
