import Datasets
import Kernels

/// max(x, 0).
struct RectifierLayer: Layer {
    let name = "relu"
    let input: SampleShape
    var output: SampleShape { input }
    let worksInPlace = true

    func forward(_ pass: LayerPass, input x: FloatRows, output y: FloatRows) {
        for i in 0..<pass.count { Activation.relu.apply(count: input.count, x.row(i), into: y.row(i)) }
    }

    func backward(
        _ pass: LayerPass, input x: FloatRows, output y: FloatRows, outputDelta: FloatRows, inputDelta: FloatRows?,
        gradient: LayerGradient
    ) {
        for i in 0..<pass.count {
            Activation.relu.multiply(count: input.count, derivativeAt: y.row(i), into: outputDelta.row(i))
        }
    }
}

/// The largest value of each window.
struct MaxPoolLayer: Layer {
    let name = "max-pool"
    let window: WindowShape
    let input: SampleShape
    let output: SampleShape

    init(input: SampleShape, window: WindowShape) {
        self.input = input
        self.window = window
        output = SampleShape(channels: input.channels, height: window.outHeight, width: window.outWidth)
    }

    /// Which value of the plane it was.
    var keptCount: Int { output.count }

    func forward(_ pass: LayerPass, input x: FloatRows, output y: FloatRows) {
        Pooling.max(
            window, samples: pass.count, channels: input.channels, x.pointer,
            source: (x.stride, input.height * input.width), into: y.pointer, index: chosen(pass))
    }

    func backward(
        _ pass: LayerPass, input x: FloatRows, output y: FloatRows, outputDelta: FloatRows, inputDelta: FloatRows?,
        gradient: LayerGradient
    ) {
        guard let inputDelta else { return }
        Pooling.maxBackward(
            window, samples: pass.count, channels: input.channels, delta: outputDelta.pointer, index: chosen(pass),
            into: inputDelta.pointer, target: (inputDelta.stride, input.height * input.width))
    }

    private func chosen(_ pass: LayerPass) -> UnsafeMutablePointer<Int32> {
        UnsafeMutableRawPointer(pass.kept).assumingMemoryBound(to: Int32.self)
    }
}

/// Zeros round every channel.
struct PadLayer: Layer {
    let name = "pad"
    let input: SampleShape
    let margin: Int
    var output: SampleShape {
        SampleShape(channels: input.channels, height: input.height + 2 * margin, width: input.width + 2 * margin)
    }

    func forward(_ pass: LayerPass, input x: FloatRows, output y: FloatRows) {
        for i in 0..<pass.count {
            y.row(i).update(repeating: 0, count: output.count)
            forEachLine { outer, inner in (y.row(i) + outer).update(from: x.row(i) + inner, count: input.width) }
        }
    }

    func backward(
        _ pass: LayerPass, input x: FloatRows, output y: FloatRows, outputDelta: FloatRows, inputDelta: FloatRows?,
        gradient: LayerGradient
    ) {
        guard let inputDelta else { return }
        for i in 0..<pass.count {
            forEachLine { outer, inner in
                (inputDelta.row(i) + inner).update(from: outputDelta.row(i) + outer, count: input.width)
            }
        }
    }

    /// Offsets of the same line in the output and in the input.
    private func forEachLine(_ body: (Int, Int) -> Void) {
        for channel in 0..<input.channels {
            for line in 0..<input.height {
                body(
                    (channel * output.height + line + margin) * output.width + margin,
                    (channel * input.height + line) * input.width)
            }
        }
    }
}
