import Datasets
import Kernels

/// The mean of each window; padding does not count.
struct AveragePoolLayer: Layer {
    let name = "average-pool"
    let window: WindowShape
    let input: SampleShape
    let output: SampleShape

    init(input: SampleShape, window: WindowShape) {
        self.input = input
        self.window = window
        output = SampleShape(channels: input.channels, height: window.outHeight, width: window.outWidth)
    }

    func forward(_ pass: LayerPass, input x: FloatRows, output y: FloatRows) {
        for i in 0..<pass.count { Pooling.average(window, planes: input.channels, x.row(i), into: y.row(i)) }
    }

    func backward(
        _ pass: LayerPass, input x: FloatRows, output y: FloatRows, outputDelta: FloatRows, inputDelta: FloatRows?,
        gradient: LayerGradient
    ) {
        guard let inputDelta else { return }
        for i in 0..<pass.count {
            Pooling.averageBackward(
                window, planes: input.channels, delta: outputDelta.row(i), into: inputDelta.row(i))
        }
    }
}
