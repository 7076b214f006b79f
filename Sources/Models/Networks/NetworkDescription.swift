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
                "conv 16 5x5 padding=2", "relu", "max-pool 2", "conv 256 5x5 padding=2", "relu", "max-pool 2", "dense 256",
                "relu",
            ])
        default: return nil
        }
    }

    /// The layers for samples of shape `input`. Throws `ModelError` that names the layer that does not fit.
    func build(input: SampleShape, outputs: Int) throws -> [any Layer] {
        var built: [any Layer] = []
        var shape = input
        for (place, layer) in pooledFirst() {
            let next = place + 1 < layers.count ? layers[place + 1].kind : nil
            do {
                built.append(try make(layer.kind, shape, isRectified: next == .relu))
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

    private func make(_ kind: LayerDescription.Kind, _ shape: SampleShape, isRectified: Bool) throws -> any Layer {
        func fit(_ window: LayerDescription.Window) throws -> WindowShape {
            let fitted = WindowShape(
                height: shape.height, width: shape.width, kernel: (window.size.height, window.size.width),
                stride: (window.stride.height, window.stride.width),
                padding: (window.padding.height, window.padding.width))
            guard let fitted else {
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
        case .relu: return RectifierLayer(input: shape)
        case .pad(let margin): return PadLayer(input: shape, margin: margin)
        }
    }
}
