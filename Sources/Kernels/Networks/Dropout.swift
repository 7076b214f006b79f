import CKernels

/// Units that are 0 in one draw: each with probability `rate`, the others are divided by 1 − rate.
///
/// A mask is a hash of (seed, draw, layer, global position of the sample, unit): the same at any number of ranks, threads
/// and micro-batches, and at every trial of a line search. The backward pass applies the same mask to δ.
public struct Dropout: Sendable, Equatable {
    public var seed: UInt64
    public var draw: UInt64
    /// A number of its own for each dropout layer of a network.
    public var layer: Int
    /// In 0 ..< 1.
    public var rate: Double

    public init(seed: UInt64, draw: UInt64, layer: Int, rate: Double) {
        precondition(rate >= 0 && rate < 1, "a rate is in 0 ..< 1")
        self.seed = seed
        self.draw = draw
        self.layer = layer
        self.rate = rate
    }

    /// Applies the masks to `rows` samples of `units` values, `stride` apart; `positions` has each sample's number in
    /// the whole data set.
    public func apply(
        rows: Int, units: Int, stride: Int, to x: UnsafeMutablePointer<Float>, positions: UnsafePointer<Int>,
        with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.dropout(
            rows, units, stride, x, positions, seed, draw, UInt64(truncatingIfNeeded: layer), rate)
    }
}
