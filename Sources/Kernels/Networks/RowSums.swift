import CKernels

/// Biases, and the sums over positions that their gradients are.
public enum Bias {
    /// y[i, j] += bias[j] for `rows` samples of `columns` units, `stride` apart; then max(·, 0) if `relu`.
    public static func addToRows(
        rows: Int, columns: Int, stride: Int, _ bias: UnsafePointer<Float>, relu: Bool = false,
        into y: UnsafeMutablePointer<Float>, with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.bias_rows(rows, columns, stride, bias, relu ? 1 : 0, y)
    }

    /// y[s, c, p] = x[s, c, p] + bias[c] for planes of `positions` values; then max(·, 0) if `relu`. y may be x.
    ///
    /// - Parameters:
    ///   - source: distances between the samples and between the channels of x. A product of the weights with the
    ///     columns of several samples has (positions, samples · positions), an image (channels · positions, positions).
    ///   - target: those of y.
    public static func addToChannels(
        samples: Int, channels: Int, positions: Int, _ x: UnsafePointer<Float>, source: (sample: Int, channel: Int),
        bias: UnsafePointer<Float>, relu: Bool = false, into y: UnsafeMutablePointer<Float>,
        target: (sample: Int, channel: Int), with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.bias_channels(
            samples, channels, positions, x, source.sample, source.channel, bias, relu ? 1 : 0, y, target.sample,
            target.channel)
    }

    /// sums[c] = Σ_p δ[c, p]: the gradient of a convolution's bias by one sample.
    public static func channelSums(
        channels: Int, positions: Int, _ delta: UnsafePointer<Float>, into sums: UnsafeMutablePointer<Float>,
        with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.channel_sums(channels, positions, delta, positions, sums)
    }
}

/// Sizes of vectors. Float sums are of at most 512 values; the rest is Double. The same bits with AVX2 and AVX-512.
public enum Norms {
    /// squares[i] = Σ_j x[i, j]², largest[i] = max_j |x[i, j]| (NaN if one is).
    public static func ofRows(
        rows: Int, columns: Int, stride: Int, _ x: UnsafePointer<Float>, squares: UnsafeMutablePointer<Double>,
        largest: UnsafeMutablePointer<Float>, with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.row_norms(rows, columns, stride, x, squares, largest)
    }

    /// Σ p x².
    public static func squares(
        count: Int, _ x: UnsafePointer<Float>, weights p: UnsafePointer<Float>, with kernels: KernelSet = .current
    ) -> Double {
        kernels.layers.pointee.weighted_squares(count, x, p)
    }
}

extension KernelSet {
    var layers: UnsafePointer<ck_layers> { table.pointee.layers }
}
