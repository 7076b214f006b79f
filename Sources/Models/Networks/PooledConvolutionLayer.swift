import Datasets
import Kernels

/// A convolution and the maximum of each window of its places.
///
/// The gradient behind a maximum is that of one place in a window, so that ∇_W f_i = Σ δ · patch over those places only,
/// and so for the input: a quarter of the products of the two layers by themselves for windows of 2 × 2, and less where
/// a rectifier follows. Each sample's ∇_W f_i is formed a few registers at a time, measured and added.
struct PooledConvolutionLayer: Layer {
    let name = "conv"
    let patches: Patches
    let pooling: WindowShape
    let input: SampleShape
    let output: SampleShape
    let isRectified: Bool

    init(input: SampleShape, window: WindowShape, channels: Int, pooling: WindowShape, isRectified: Bool) {
        self.input = input
        self.pooling = pooling
        self.isRectified = isRectified
        patches = Patches(window, channels: input.channels, filters: channels)
        output = SampleShape(channels: channels, height: pooling.outHeight, width: pooling.outWidth)
    }

    private var filters: Int { output.channels }
    private var places: Int { patches.window.places }

    var weightCount: Int { filters * patches.length }
    var biasCount: Int { filters }
    var weightShape: [Int] {
        [filters, input.channels, patches.window.kernel.height, patches.window.kernel.width]
    }
    /// Which place of the window it was.
    var keptCount: Int { output.count }

    /// Patches of one sample and the image they are cut from, the filters in another order, the sample's gradient, and the
    /// product or lists.
    var scratchCount: Int {
        let lists = PooledLists.count(filters: filters, windows: pooling.places, places: places)
        return offsets.end + max(places * patches.filterStride, lists)
    }

    private var offsets: (patches: Int, filters: Int, own: Int, end: Int) {
        let first = rounded(patches.scratchCount)
        let second = first + rounded(patches.count)
        let third = second + rounded(max(patches.length * patches.filterStride, filters * patches.stride))
        return (first, second, third, third + rounded(weightCount))
    }

    private func rounded(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    func initialise(
        weights: UnsafeMutablePointer<Float>, biases: UnsafeMutablePointer<Float>, random: inout InitialRandom
    ) {
        random.fill(
            weights, count: weightCount, fanIn: patches.length, fanOut: filters * patches.length / input.channels,
            isRectified: isRectified)
    }

    func forward(_ pass: LayerPass, input x: FloatRows, output y: FloatRows) {
        let (cut, packed, product) = (
            pass.scratch + offsets.patches, pass.scratch + offsets.filters, pass.scratch + offsets.end
        )
        patches.pack(pass.weights, into: packed)
        for i in 0..<pass.count {
            patches.cut(x.row(i), scratch: pass.scratch, into: cut)
            patches.product(cut, packed: packed, into: product)
            patches.pool(
                product, by: pooling, bias: pass.biases, into: y.row(i), index: chosen(pass) + i * output.count)
        }
    }

    func backward(
        _ pass: LayerPass, input x: FloatRows, output y: FloatRows, outputDelta: FloatRows, inputDelta: FloatRows?,
        gradient: LayerGradient
    ) {
        let (cut, rows) = (pass.scratch + offsets.patches, pass.scratch + offsets.filters)
        let own = pass.scratch + offsets.own
        let lists = PooledLists(
            filters: filters, windows: pooling.places, places: places, memory: pass.scratch + offsets.end)
        if inputDelta != nil {
            for f in 0..<filters {
                (rows + f * patches.stride).update(from: pass.weights + f * patches.length, count: patches.length)
            }
        }
        for i in 0..<pass.count {
            lists.fill(
                outputDelta.row(i), index: chosen(pass) + i * output.count, byPlace: inputDelta != nil)
            patches.cut(x.row(i), scratch: pass.scratch, into: cut)
            patches.weightGradient(lists, patches: cut, into: own)
            gradient.squares[i] += gradient.weights.add(own, count: weightCount)
            // The weights' gradient has served.
            Bias.channelSums(channels: filters, positions: pooling.places, outputDelta.row(i), into: own)
            gradient.squares[i] += gradient.biases.add(own, count: filters)
            guard let inputDelta else { continue }
            // The patches have served.
            patches.gradient(lists, weights: rows, into: cut)
            patches.paste(cut, scratch: pass.scratch, into: inputDelta.row(i))
        }
    }

    private func chosen(_ pass: LayerPass) -> UnsafeMutablePointer<Int32> {
        UnsafeMutableRawPointer(pass.kept).assumingMemoryBound(to: Int32.self)
    }
}
