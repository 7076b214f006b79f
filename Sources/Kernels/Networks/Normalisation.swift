import CKernels

/// Group normalisation (Wu and He, arXiv 1803.08494), and layer normalisation (Ba et al., arXiv 1607.06450) as its case
/// of one group: y = gain_c x̂ + bias_c, x̂ = (x − mean)/√(variance + epsilon), with the mean and variance of the values
/// of each sample's group of channels. Nothing is shared between samples, so each has a gradient of its own.
public struct Normalisation: Sendable, Equatable {
    /// Channels of an image, or units of a dense layer.
    public var channels: Int
    /// Values of a channel: height · width, or 1.
    public var positions: Int
    /// Divides `channels`.
    public var groups: Int
    public var epsilon: Double

    public init(channels: Int, positions: Int, groups: Int = 1, epsilon: Double = 1e-5) {
        precondition(groups > 0 && channels % groups == 0, "groups divide the channels")
        self.channels = channels
        self.positions = positions
        self.groups = groups
        self.epsilon = epsilon
    }

    /// y from x, both samples × channels × positions; gain and bias hold a value per channel. y may be x.
    ///
    /// - Parameters:
    ///   - mean: samples × groups values.
    ///   - inverse: 1/√(variance + epsilon), samples × groups values.
    public func apply(
        samples: Int, _ x: UnsafePointer<Float>, gain: UnsafePointer<Float>, bias: UnsafePointer<Float>,
        into y: UnsafeMutablePointer<Float>, mean: UnsafeMutablePointer<Float>,
        inverse: UnsafeMutablePointer<Float>, with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.normalise(
            samples, channels, positions, groups, epsilon, x, gain, bias, y, mean, inverse)
    }

    /// Of one sample: δ = ∂loss/∂y becomes ∂loss/∂x, and the gradients of gain and bias are gains[c] = Σ_p δ x̂ and
    /// biases[c] = Σ_p δ.
    public func backward(
        _ x: UnsafePointer<Float>, mean: UnsafePointer<Float>, inverse: UnsafePointer<Float>,
        gain: UnsafePointer<Float>, delta: UnsafeMutablePointer<Float>, gains: UnsafeMutablePointer<Float>,
        biases: UnsafeMutablePointer<Float>, with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.normalise_back(
            channels, positions, groups, x, mean, inverse, gain, delta, gains, biases)
    }
}
