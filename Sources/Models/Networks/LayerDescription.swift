import Datasets
import Kernels

/// A layer as people write it: its name, then its size, then what differs from the default.
///
/// `dense 500`, `conv 20 5x5 stride=2 padding=2`, `max-pool 2`, `relu`, `pad 2`. One number for a window or a stride stands
/// for both directions.
public struct LayerDescription: Sendable, Equatable, Codable {
    public enum Kind: Sendable, Equatable {
        case dense(units: Int)
        case convolution(channels: Int, Window)
        case maxPool(Window)
        case averagePool(Window)
        case relu
        case gelu
        case tanh
        case dropout(rate: Double)
        /// Layer normalisation, or that of groups of channels.
        case normalisation(groups: Int?)
        case pad(margin: Int)
    }

    /// A window that moves over an image. Heights first.
    public struct Window: Sendable, Equatable {
        public var size: Pair
        public var stride: Pair
        public var padding: Pair

        /// nil where it is larger than such an image with its padding.
        func fitted(to shape: SampleShape) -> WindowShape? {
            WindowShape(
                height: shape.height, width: shape.width, kernel: (size.height, size.width),
                stride: (stride.height, stride.width), padding: (padding.height, padding.width))
        }
    }

    public struct Pair: Sendable, Equatable {
        public var height: Int
        public var width: Int

        public init(_ height: Int, _ width: Int) {
            self.height = height
            self.width = width
        }
    }

    public let kind: Kind
    /// As written.
    public let text: String

    var name: String { String(text.prefix { $0 != " " }) }

    /// What layers may be called, with an example each.
    static let forms = [
        ("dense", "dense 500"), ("conv", "conv 20 5x5 stride=1 padding=0"), ("max-pool", "max-pool 2"),
        ("average-pool", "average-pool 2"), ("relu", "relu"), ("gelu", "gelu"), ("tanh", "tanh"),
        ("dropout", "dropout 0.5"), ("layer-norm", "layer-norm"), ("group-norm", "group-norm 4"), ("pad", "pad 2"),
    ]

    /// Throws `ModelError` saying what is wrong with the text.
    public init(_ text: String) throws {
        let text = text.split(separator: " ").joined(separator: " ")
        var words = Words(text)
        let name = words.next() ?? ""
        switch name {
        case "dense": kind = .dense(units: try words.count("units"))
        case "conv":
            let channels = try words.count("channels")
            kind = .convolution(channels: channels, try words.window(strideIsSize: false))
        case "max-pool": kind = .maxPool(try words.window(strideIsSize: true))
        case "average-pool": kind = .averagePool(try words.window(strideIsSize: true))
        case "relu": kind = .relu
        case "gelu": kind = .gelu
        case "tanh": kind = .tanh
        case "dropout": kind = .dropout(rate: try words.rate())
        case "layer-norm": kind = .normalisation(groups: nil)
        case "group-norm": kind = .normalisation(groups: try words.count("groups"))
        case "pad": kind = .pad(margin: try words.count("margin"))
        case "batch-norm":
            throw ModelError(
                "layer 'batch-norm' mixes the samples of a batch, so that no sample has a gradient of its own, and the "
                    + "noise that the batch grows by cannot be measured: use layer-norm or group-norm")
        default:
            throw ModelError(
                "unknown layer '\(text)'; layers are " + Self.forms.map { "'\($0.1)'" }.joined(separator: ", "))
        }
        try words.end()
        self.text = text
    }

    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// The words of a layer's text, taken one after the other.
private struct Words {
    /// Of any number: sums of a few do not overflow.
    private static let largest = Int(Int32.max)

    private let text: String
    private var plain: [Substring]
    private var named: [(name: Substring, value: Substring)] = []

    init(_ text: String) {
        self.text = text
        plain = []
        for word in text.split(separator: " ") {
            if let equals = word.firstIndex(of: "=") {
                named.append((word[..<equals], word[word.index(after: equals)...]))
            } else {
                plain.append(word)
            }
        }
        plain.reverse()
    }

    private func failure(_ reason: String) -> ModelError { ModelError("layer '\(text)': \(reason)") }

    mutating func next() -> String? { plain.popLast().map(String.init) }

    /// A whole number of at least 1.
    mutating func count(_ what: String) throws -> Int {
        guard let word = plain.popLast() else { throw failure("the number of \(what) is missing") }
        guard let value = Int(word), value > 0, value <= Self.largest else {
            throw failure("'\(word)' is not a number of \(what)")
        }
        return value
    }

    /// At least 0 and less than 1.
    mutating func rate() throws -> Double {
        guard let word = plain.popLast() else {
            throw failure("the share of values to drop is missing, as in dropout 0.5")
        }
        guard let value = Double(word), value >= 0, value < 1 else {
            throw failure("'\(word)' is not a share of values: at least 0 and less than 1")
        }
        return value
    }

    mutating func window(strideIsSize: Bool) throws -> LayerDescription.Window {
        guard let word = plain.popLast() else { throw failure("the size of its window is missing, as in 5x5") }
        let size = try pair(word, "window", least: 1)
        var window = LayerDescription.Window(
            size: size, stride: strideIsSize ? size : .init(1, 1), padding: .init(0, 0))
        if let stride = take("stride") { window.stride = try pair(stride, "stride", least: 1) }
        if let padding = take("padding") { window.padding = try pair(padding, "padding", least: 0) }
        guard window.padding.height < size.height, window.padding.width < size.width else {
            throw failure("its padding must be smaller than its window")
        }
        return window
    }

    private mutating func take(_ name: String) -> Substring? {
        named.firstIndex { $0.name == name }.map { named.remove(at: $0).value }
    }

    /// `5` or `5x3`.
    private func pair(_ word: Substring, _ what: String, least: Int) throws -> LayerDescription.Pair {
        let numbers = word.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
        guard numbers.count == 1 || numbers.count == 2, numbers.allSatisfy({ $0 >= least && $0 <= Self.largest }) else {
            throw failure("'\(word)' is not a \(what), as in 2 or 3x2")
        }
        return .init(numbers[0], numbers[numbers.count - 1])
    }

    /// Nothing may be left.
    func end() throws {
        if let word = plain.last { throw failure("'\(word)' is too much") }
        if let option = named.first { throw failure("it has no option '\(option.name)'") }
    }
}
