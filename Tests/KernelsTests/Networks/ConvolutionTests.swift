import Kernels
import Testing

@Suite("The matrix of a convolution, and its transpose") struct ConvolutionTests {
    @Test(arguments: instructionSets, windows)
    func columnsAndBack(name: String, window w: WindowShape) {
        let set = kernels(named: name)
        let (samples, channels, size) = (2, 3, w.height * w.width)
        let rows = Convolution.rows(w, channels: channels)
        let stride = samples * w.places + 1
        let channelStride = size + 2
        var random = Generator(state: 10)
        let images = random.floats(samples * channels * channelStride)
        let gradient = random.floats(rows * stride)
        let column = Unaligned(count: rows * stride)
        let back = Unaligned([Float](repeating: 0.5, count: images.count))
        for s in 0..<samples {
            Convolution.columns(
                w, channels: channels, Array(images[(s * channels * channelStride)...]), channelStride: channelStride,
                into: column.pointer + s * w.places, stride: stride, with: set)
            Convolution.addColumns(
                w, channels: channels, Array(gradient[(s * w.places)...]), stride: stride,
                to: back.pointer + s * channels * channelStride, channelStride: channelStride, with: set)
        }
        var expected = [Double](repeating: 7, count: rows * stride)
        var expectedBack = [Double](repeating: 0.5, count: images.count)
        for s in 0..<samples {
            for row in 0..<rows {
                let (c, i, j) = (
                    row / (w.kernel.height * w.kernel.width), row / w.kernel.width % w.kernel.height,
                    row % w.kernel.width
                )
                for place in 0..<w.places {
                    let a = place / w.outWidth * w.stride.height - w.padding.height + i
                    let b = place % w.outWidth * w.stride.width - w.padding.width + j
                    let inside = (0..<w.height).contains(a) && (0..<w.width).contains(b)
                    let at = (s * channels + c) * channelStride + a * w.width + b
                    let entry = row * stride + s * w.places + place
                    expected[entry] = inside ? Double(images[at]) : 0
                    if inside { expectedBack[at] += Double(gradient[entry]) }
                }
            }
        }
        #expect(close(column.values, expected, 0) && column.isGuarded)
        #expect(close(back.values, expectedBack, 2e-6) && back.isGuarded)
    }
}
