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
    ) {
        let n = pass.count
        withUnsafeTemporaryAllocation(of: RowNorms.self, capacity: 2 * n) { norms in
            guard let ofDelta = norms.baseAddress else { return }
            let ofValues = ofDelta + n
            RowNorms.write(outputDelta, rows: n, columns: output.count, to: ofDelta)
            RowNorms.write(x, rows: n, columns: input.count, to: ofValues)
            addWeights(pass, x, outputDelta, ofValues, ofDelta, to: gradient)
            for i in 0..<n {
                gradient.squares[i] += gradient.biases.add(outputDelta.row(i), count: output.count)
            }
        }
        if let inputDelta {
            Gemm.multiply(
                n, input.count, output.count, outputDelta, weights(pass), transposingB: true, into: inputDelta)
        }
    }

    private func addWeights(
        _ pass: LayerPass, _ x: FloatRows, _ delta: FloatRows, _ values: UnsafePointer<RowNorms>,
        _ deltas: UnsafePointer<RowNorms>, to gradient: LayerGradient
    ) {
        switch gradient.weights {
        case .sums(let units, let grid, let size):
            WholeSums.addOuterProduct(
                groups: gradient.groups, inputs: input.count, x, outputs: output.count, delta, unit: grid.unit,
                to: units)
            for i in 0..<pass.count {
                gradient.weights.note(Double(values[i].largest) * Double(deltas[i].largest), in: size, grid)
                gradient.squares[i] += values[i].squares * deltas[i].squares
            }
        case .norms(nil):
            for i in 0..<pass.count { gradient.squares[i] += values[i].squares * deltas[i].squares }
        case .norms(let preconditioner?):
            addSquares(pass, x, delta, preconditioner, to: gradient.squares)
        }
    }

    /// Σ_jk P_jk (x_ij δ_ik)² = Σ_k (X∘X P)_ik δ_ik².
    private func addSquares(
        _ pass: LayerPass, _ x: FloatRows, _ delta: FloatRows, _ preconditioner: UnsafePointer<Float>,
        to squares: UnsafeMutablePointer<Double>
    ) {
        let n = pass.count
        withUnsafeTemporaryAllocation(of: Float.self, capacity: n * (input.count + output.count)) { memory in
            guard let start = memory.baseAddress else { return }
            let squared = FloatRows(start, stride: input.count)
            let products = FloatRows(start + n * input.count, stride: output.count)
            for i in 0..<n {
                for j in 0..<input.count { squared.row(i)[j] = x.row(i)[j] * x.row(i)[j] }
            }
            Gemm.multiply(
                n, output.count, input.count, squared,
                FloatRows(UnsafeMutablePointer(mutating: preconditioner), stride: output.count), into: products)
            for i in 0..<n {
                squares[i] += Norms.squares(count: output.count, delta.row(i), weights: products.row(i))
            }
        }
    }

    private func weights(_ pass: LayerPass) -> FloatRows {
        FloatRows(UnsafeMutablePointer(mutating: pass.weights), stride: output.count)
    }
}

/// ‖x_i‖² and the largest |x_ij| of a sample.
private struct RowNorms: BitwiseCopyable {
    var squares = 0.0
    var largest: Float = 0

    static func write(_ rows: FloatRows, rows count: Int, columns: Int, to norms: UnsafeMutablePointer<RowNorms>) {
        for i in 0..<count {
            var found = RowNorms()
            Norms.ofRows(
                rows: 1, columns: columns, stride: columns, rows.row(i), squares: &found.squares,
                largest: &found.largest)
            norms[i] = found
        }
    }
}
