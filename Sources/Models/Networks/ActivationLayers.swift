import Datasets
import Kernels

/// tanh x.
struct TanhLayer: Layer {
    let name = "tanh"
    let input: SampleShape
    var output: SampleShape { input }
    let worksInPlace = true

    func forward(_ pass: LayerPass, input x: FloatRows, output y: FloatRows) {
        for i in 0..<pass.count { Activation.tanh.apply(count: input.count, x.row(i), into: y.row(i)) }
    }

    func backward(
        _ pass: LayerPass, input x: FloatRows, output y: FloatRows, outputDelta: FloatRows, inputDelta: FloatRows?,
        gradient: LayerGradient
    ) {
        for i in 0..<pass.count {
            Activation.tanh.multiply(count: input.count, derivativeAt: y.row(i), into: outputDelta.row(i))
        }
    }
}

/// The Gaussian error linear unit in its tanh form; see `Activation`.
struct GELULayer: Layer {
    let name = "gelu"
    let input: SampleShape
    var output: SampleShape { input }

    func forward(_ pass: LayerPass, input x: FloatRows, output y: FloatRows) {
        for i in 0..<pass.count { Activation.gelu.apply(count: input.count, x.row(i), into: y.row(i)) }
    }

    func backward(
        _ pass: LayerPass, input x: FloatRows, output y: FloatRows, outputDelta: FloatRows, inputDelta: FloatRows?,
        gradient: LayerGradient
    ) {
        guard let inputDelta else { return }
        for i in 0..<pass.count {
            inputDelta.row(i).update(from: outputDelta.row(i), count: input.count)
            Activation.gelu.multiply(count: input.count, derivativeAt: x.row(i), into: inputDelta.row(i))
        }
    }
}

/// Each value is 0 with the probability `rate` while the network is trained, and 1/(1 − rate) times itself otherwise; see
/// `Kernels.Dropout` for what the mask depends on. A network in use drops nothing.
struct DropoutLayer: Layer {
    let name = "dropout"
    let input: SampleShape
    let rate: Double
    var output: SampleShape { input }
    let worksInPlace = true

    func forward(_ pass: LayerPass, input x: FloatRows, output y: FloatRows) { drop(pass, y) }

    func backward(
        _ pass: LayerPass, input x: FloatRows, output y: FloatRows, outputDelta: FloatRows, inputDelta: FloatRows?,
        gradient: LayerGradient
    ) {
        drop(pass, outputDelta)
    }

    private func drop(_ pass: LayerPass, _ rows: FloatRows) {
        guard let chance = pass.chance, rate > 0 else { return }
        let dropout = Dropout(seed: chance.seed, draw: chance.draw, layer: chance.layer, rate: rate)
        withUnsafeTemporaryAllocation(of: Int.self, capacity: pass.count) { positions in
            guard let positions = positions.baseAddress else { return }
            for i in 0..<pass.count { positions[i] = chance.positions(i) }
            dropout.apply(
                rows: pass.count, units: input.count, stride: rows.stride, to: rows.pointer, positions: positions)
        }
    }
}
