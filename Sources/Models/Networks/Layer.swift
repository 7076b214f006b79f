import Datasets
import Kernels

/// One stage of a network: a map of each sample's values, with parameters or without.
///
/// Values of a sample lie as channels × height × width; a table's features are channels of size 1 × 1. Layers see a
/// micro-batch of samples at a time, and write to rows that the network provides.
public protocol Layer: Sendable {
    /// What it is called in a configuration file.
    var name: String { get }
    var input: SampleShape { get }
    var output: SampleShape { get }
    /// Parameters that λ penalises, and those that it does not.
    var weightCount: Int { get }
    var biasCount: Int { get }
    /// The weights as an array of numbers in a model file, outermost first.
    var weightShape: [Int] { get }
    /// Floats of scratch memory that a call needs, whatever the number of samples.
    var scratchCount: Int { get }
    /// Floats per sample that `forward` leaves for `backward`.
    var keptCount: Int { get }
    /// The output takes the place of the input, and `backward` does without the input.
    var worksInPlace: Bool { get }

    /// Writes x₀; both are zero before.
    func initialise(
        weights: UnsafeMutablePointer<Float>, biases: UnsafeMutablePointer<Float>, random: inout InitialRandom)

    func forward(_ pass: LayerPass, input: FloatRows, output: FloatRows)

    /// Takes ∂f_i/∂output, writes ∂f_i/∂input (unless that is nil: the first layer's), and hands what each sample has of the
    /// gradient to `gradient`. In place, both deltas are the same rows.
    func backward(
        _ pass: LayerPass, input: FloatRows, output: FloatRows, outputDelta: FloatRows, inputDelta: FloatRows?,
        gradient: LayerGradient
    )
}

extension Layer {
    public var weightCount: Int { 0 }
    public var biasCount: Int { 0 }
    public var weightShape: [Int] { [weightCount] }
    public var scratchCount: Int { 0 }
    public var keptCount: Int { 0 }
    public var worksInPlace: Bool { false }
    public func initialise(
        weights: UnsafeMutablePointer<Float>, biases: UnsafeMutablePointer<Float>, random: inout InitialRandom
    ) {}
}

/// What a layer works on in one call.
public struct LayerPass {
    /// Samples.
    public let count: Int
    public let weights: UnsafePointer<Float>
    public let biases: UnsafePointer<Float>
    /// `scratchCount` values.
    public let scratch: UnsafeMutablePointer<Float>
    /// `keptCount` values per sample.
    public let kept: UnsafeMutablePointer<Float>
    /// Which samples these are; nil when the network is used, not trained: nothing is random then.
    public let chance: Chance?
}

/// What the randomness within a sample depends on.
public struct Chance: Sendable {
    public let seed: UInt64
    /// The same for every look at a batch.
    public let draw: UInt64
    /// The place of the layer in the network.
    public let layer: Int
    /// Global positions of the samples.
    public let positions: @Sendable (Int) -> Int
}
