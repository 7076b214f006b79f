/// Uniform numbers for initial parameters: SplitMix64 (Steele, Lea & Flood 2014), one stream per layer.
public struct InitialRandom: Sendable {
    private var state: UInt64

    public init(seed: UInt64, layer: Int) {
        state = seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(truncatingIfNeeded: layer &+ 1) &* 0xD1B5_4A32_D192_ED03
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Uniform between −`bound` and `bound`.
    public mutating func uniform(_ bound: Float) -> Float {
        let unit = Float(next() >> 40) * (1 / Float(1 << 24))
        return (2 * unit - 1) * bound
    }

    /// Fills weights with the variance 2 / fan-in that keeps the size of activations through rectifiers (He et al. 2015,
    /// eq. 10), or, for the layer that nothing rectifies, 2 / (fan-in + fan-out) (Glorot & Bengio 2010, eq. 16).
    public mutating func fill(
        _ weights: UnsafeMutablePointer<Float>, count: Int, fanIn: Int, fanOut: Int, isRectified: Bool
    ) {
        let variance = isRectified ? 2 / Float(fanIn) : 2 / Float(fanIn + fanOut)
        let bound = (3 * variance).squareRoot()
        for index in 0..<count { weights[index] = uniform(bound) }
    }
}
