import CKernels

/// Functions of one value between layers.
///
/// - `relu`: max(x, 0), derivative 0 at 0.
/// - `gelu`: x Φ(x) in the tanh form, x/(1 + exp(−2u)), u = √(2/π)(x + 0.044715 x³) (Hendrycks and Gimpel,
///   arXiv 1606.08415); it differs from the form with erf by at most 5e-4 and costs one exponential.
/// - `tanh`.
public enum Activation: String, Sendable, Codable, CaseIterable {
    case relu, gelu, tanh

    /// Whether `multiply` wants the values before the function (else those after it).
    public var differentiatesInput: Bool { self == .gelu }

    /// y = f(x); y may be x unless `differentiatesInput` and a gradient is wanted.
    public func apply(
        count: Int, _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, with kernels: KernelSet = .current
    ) {
        let table = kernels.layers
        switch self {
        case .relu: table.pointee.relu(count, x, y)
        case .gelu: table.pointee.gelu(count, x, y)
        case .tanh: table.pointee.tanh(count, x, y)
        }
    }

    /// δ ← δ · f′, from the values before the function (`differentiatesInput`) or after it.
    public func multiply(
        count: Int, derivativeAt values: UnsafePointer<Float>, into delta: UnsafeMutablePointer<Float>,
        with kernels: KernelSet = .current
    ) {
        let table = kernels.layers
        switch self {
        case .relu: table.pointee.relu_back(count, values, delta)
        case .gelu: table.pointee.gelu_back(count, values, delta)
        case .tanh: table.pointee.tanh_back(count, values, delta)
        }
    }
}
