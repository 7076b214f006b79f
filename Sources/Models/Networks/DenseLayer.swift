import Datasets
import Kernels

/// y = xW + b with W feature-major (input × output).
///
/// ∇_W f_i = x_i ⊗ δ_i and ∇_b f_i = δ_i, so the squared norm of a sample is ‖δ_i‖² (‖x_i‖² + 1).
struct DenseLayer: Layer {
    let name = "dense"
    let input: SampleShape
    let output: SampleShape
    /// Followed by a rectifier.
    let isRectified: Bool

    init(input: SampleShape, units: Int, isRectified: Bool) {
        self.input = input
        output = .features(units)
        self.isRectified = isRectified
    }

    var weightCount: Int { input.count * output.count }
    var biasCount: Int { output.count }
    var weightShape: [Int] { [input.count, output.count] }

    func initialise(
        weights: UnsafeMutablePointer<Float>, biases: UnsafeMutablePointer<Float>, random: inout InitialRandom
    ) {
        random.fill(
            weights, count: weightCount, fanIn: input.count, fanOut: output.count, isRectified: isRectified)
    }

    func forward(_ pass: LayerPass, input x: FloatRows, output y: FloatRows) {
        Gemm.multiply(pass.count, output.count, input.count, x, weights(pass), into: y)
        Bias.addToRows(rows: pass.count, columns: output.count, stride: y.stride, pass.biases, into: y.pointer)
    }

    func backward(
        _ pass: LayerPass, input x: FloatRows, output y: FloatRows, outputDelta: FloatRows, inputDelta: FloatRows?,
        gradient: LayerGradient
    ) -> Double {
        let n = pass.count
        Gemm.multiply(
            input.count, output.count, n, x, outputDelta, transposingA: true,
            into: FloatRows(gradient.weights, stride: output.count), adding: gradient.addsWeights)
        Bias.addColumnSums(
            rows: n, columns: output.count, stride: outputDelta.stride, outputDelta.pointer, into: gradient.biases)
        if let inputDelta {
            Gemm.multiply(
                n, input.count, output.count, outputDelta, weights(pass), transposingB: true, into: inputDelta)
        }
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * n) { squares in
            guard let delta = squares.baseAddress else { return 0 }
            let values = delta + n
            Squares.ofRows(
                rows: n, columns: output.count, stride: outputDelta.stride, outputDelta.pointer, into: delta)
            Squares.ofRows(rows: n, columns: input.count, stride: x.stride, x.pointer, into: values)
            return (0..<n).reduce(0) { $0 + delta[$1] * (values[$1] + 1) }
        }
    }

    private func weights(_ pass: LayerPass) -> FloatRows {
        FloatRows(UnsafeMutablePointer(mutating: pass.weights), stride: output.count)
    }
}
