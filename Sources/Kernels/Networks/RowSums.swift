import CKernels

/// Biases, and the sums over samples that their gradients are.
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

    /// sums[j] += Σ_i δ[i, j]: the gradient of the bias of a dense layer. Its squared norm for sample i is ‖δ_i‖².
    public static func addColumnSums(
        rows: Int, columns: Int, stride: Int, _ delta: UnsafePointer<Float>, into sums: UnsafeMutablePointer<Double>,
        with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.column_sums(rows, columns, stride, delta, sums)
    }

    /// sums[c] += Σ_s b_sc and squares[s] += Σ_c b_sc², b_sc = Σ_p δ[s, c, p]: the gradient of a convolution's bias, and
    /// its squared norm for each sample.
    public static func addChannelSums(
        samples: Int, channels: Int, positions: Int, _ delta: UnsafePointer<Float>, source: (sample: Int, channel: Int),
        into sums: UnsafeMutablePointer<Double>, squares: UnsafeMutablePointer<Double>,
        with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.channel_sums(
            samples, channels, positions, delta, source.sample, source.channel, sums, squares)
    }
}

/// Sums of squares. Float sums are of at most 512 values; the rest is Double.
public enum Squares {
    /// out[i] = Σ_j x[i, j]².
    public static func ofRows(
        rows: Int, columns: Int, stride: Int, _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Double>,
        with kernels: KernelSet = .current
    ) {
        kernels.layers.pointee.row_squares(rows, columns, stride, x, out)
    }

    /// sum += x, and returns Σ x²: one sample's gradient joins the batch's, and its squared norm is known.
    public static func adding(
        count: Int, _ x: UnsafePointer<Float>, to sum: UnsafeMutablePointer<Float>, with kernels: KernelSet = .current
    ) -> Double {
        kernels.layers.pointee.add_squares(count, x, sum)
    }
}

extension KernelSet {
    var layers: UnsafePointer<ck_layers> { table.pointee.layers }
}
