import Datasets
import Kernels

/// A 2-D convolution (as usual, a correlation) with weights W (output channels × (input channels × kernel)) and one bias
/// per output channel.
///
/// With `col` the kernel's view of sample i at each of P positions (K × P): y = W col + b, ∇_W f_i = δ_i colᵀ. Weights are
/// shared over positions, so ‖col‖²‖δ‖² is not the squared norm: the product of each sample is formed, measured and added.
struct ConvolutionLayer: Layer {
    let name = "conv"
    let window: WindowShape
    let input: SampleShape
    let output: SampleShape
    let isRectified: Bool

    init(input: SampleShape, window: WindowShape, channels: Int, isRectified: Bool) {
        self.input = input
        self.window = window
        self.isRectified = isRectified
        output = SampleShape(channels: channels, height: window.outHeight, width: window.outWidth)
    }

    /// K.
    private var taps: Int { Convolution.rows(window, channels: input.channels) }
    /// P.
    private var positions: Int { window.places }

    var weightCount: Int { output.channels * taps }
    var biasCount: Int { output.channels }
    var weightShape: [Int] { [output.channels, input.channels, window.kernel.height, window.kernel.width] }
    /// The columns of one sample, then its weight gradient.
    var scratchCount: Int { taps * positions + weightCount }

    func initialise(
        weights: UnsafeMutablePointer<Float>, biases: UnsafeMutablePointer<Float>, random: inout InitialRandom
    ) {
        random.fill(
            weights, count: weightCount, fanIn: taps, fanOut: output.channels * taps / input.channels,
            isRectified: isRectified)
    }

    func forward(_ pass: LayerPass, input x: FloatRows, output y: FloatRows) {
        let columns = FloatRows(pass.scratch, stride: positions)
        for i in 0..<pass.count {
            Convolution.columns(
                window, channels: input.channels, x.row(i), into: columns.pointer, stride: columns.stride)
            Gemm.multiply(
                output.channels, positions, taps, weights(pass), columns, into: FloatRows(y.row(i), stride: positions))
        }
        let distance = (sample: y.stride, channel: positions)
        Bias.addToChannels(
            samples: pass.count, channels: output.channels, positions: positions, y.pointer, source: distance,
            bias: pass.biases, into: y.pointer, target: distance)
    }

    func backward(
        _ pass: LayerPass, input x: FloatRows, output y: FloatRows, outputDelta: FloatRows, inputDelta: FloatRows?,
        gradient: LayerGradient
    ) {
        let columns = FloatRows(pass.scratch, stride: positions)
        let own = FloatRows(pass.scratch + taps * positions, stride: taps)
        for i in 0..<pass.count {
            let delta = FloatRows(outputDelta.row(i), stride: positions)
            Convolution.columns(
                window, channels: input.channels, x.row(i), into: columns.pointer, stride: columns.stride)
            Gemm.multiply(output.channels, taps, positions, delta, columns, transposingB: true, into: own)
            gradient.squares[i] += gradient.weights.add(own.pointer, count: weightCount)
            // The weights' gradient has served.
            Bias.channelSums(channels: output.channels, positions: positions, delta.pointer, into: own.pointer)
            gradient.squares[i] += gradient.biases.add(own.pointer, count: output.channels)
            guard let inputDelta else { continue }
            // The columns have served.
            Gemm.multiply(taps, positions, output.channels, weights(pass), delta, transposingA: true, into: columns)
            inputDelta.row(i).update(repeating: 0, count: input.count)
            Convolution.addColumns(
                window, channels: input.channels, columns.pointer, stride: columns.stride, to: inputDelta.row(i))
        }
    }

    private func weights(_ pass: LayerPass) -> FloatRows {
        FloatRows(UnsafeMutablePointer(mutating: pass.weights), stride: taps)
    }

    /// This layer and the maximum after it as one, where the windows of that are so far apart that it pays.
    func pooled(by next: LayerDescription.Kind) -> PooledConvolutionLayer? {
        guard case .maxPool(let size) = next, size.stride.height * size.stride.width >= 3,
            let pooling = size.fitted(to: output)
        else { return nil }
        return PooledConvolutionLayer(
            input: input, window: window, channels: output.channels, pooling: pooling, isRectified: isRectified)
    }
}
