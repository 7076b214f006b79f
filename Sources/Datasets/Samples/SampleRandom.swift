/// Random words for one sample: a function of seed, draw, global position and stream alone, so that they are the same on
/// any rank, in any order, and at every trial of a line search (SplitMix64 from a hashed start).
public struct SampleRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// - Parameters:
    ///   - draw: `Batch.draw`.
    ///   - position: the row's global position, `DataOrder.position(ofLocal:)`.
    ///   - stream: what the numbers are for; streams are independent of each other.
    @inlinable
    public init(seed: UInt64, draw: UInt64, position: Int, stream: UInt64) {
        let run = mix64(mix64(seed &+ 0x9E37_79B9_7F4A_7C15) ^ stream)
        self.init(state: mix64(mix64(run &+ draw) ^ UInt64(truncatingIfNeeded: position)))
    }

    @usableFromInline
    init(state: UInt64) { self.state = state }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return mix64(state)
    }

    /// A whole number within ±`limit`, all equally likely (to 2⁻³²).
    mutating func offset(within limit: Int) -> Int {
        Int(((next() >> 32) * UInt64(2 * limit + 1)) >> 32) - limit
    }
}

extension Dataset {
    /// Random words for local row `row` in the batches of `draw`. Streams from 1 on are for models: one per layer, say.
    public func random(row: Int, draw: UInt64, stream: UInt64) -> SampleRandom {
        SampleRandom(seed: seed, draw: draw, position: order.position(ofLocal: row), stream: stream)
    }
}
