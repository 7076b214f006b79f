import Datasets
import Kernels

/// Values of mean 0 and variance 1 in each group of channels of a sample, then a gain and a bias per channel; one group
/// is layer normalisation. See `Kernels.Normalisation`. Gains begin at 1; neither they nor the biases are penalised.
struct NormalisationLayer: Layer {
    let name: String
    let input: SampleShape
    private let normalisation: Normalisation
    var output: SampleShape { input }

    /// nil where the groups do not divide the channels.
    init?(input: SampleShape, groups: Int?) {
        guard input.channels % (groups ?? 1) == 0 else { return nil }
        name = groups == nil ? "layer-norm" : "group-norm"
        self.input = input
        normalisation = Normalisation(
            channels: input.channels, positions: input.height * input.width, groups: groups ?? 1)
    }

    /// Gains, then biases.
    var biasCount: Int { 2 * input.channels }
    /// One sample's gradient.
    var scratchCount: Int { biasCount }
    /// The mean of each group and the inverse of its deviation.
    var keptCount: Int { 2 * normalisation.groups }

    func initialise(
        weights: UnsafeMutablePointer<Float>, biases: UnsafeMutablePointer<Float>, random: inout InitialRandom
    ) {
        for c in 0..<input.channels { biases[c] = 1 }
    }

    func forward(_ pass: LayerPass, input x: FloatRows, output y: FloatRows) {
        for i in 0..<pass.count {
            let kept = pass.kept + i * keptCount
            normalisation.apply(
                samples: 1, x.row(i), gain: pass.biases, bias: pass.biases + input.channels, into: y.row(i), mean: kept,
                inverse: kept + normalisation.groups)
        }
    }

    func backward(
        _ pass: LayerPass, input x: FloatRows, output y: FloatRows, outputDelta: FloatRows, inputDelta: FloatRows?,
        gradient: LayerGradient
    ) {
        for i in 0..<pass.count {
            let kept = pass.kept + i * keptCount
            // Without an input delta the rows of the output's may be spent as well.
            let delta = (inputDelta ?? outputDelta).row(i)
            if inputDelta != nil { delta.update(from: outputDelta.row(i), count: input.count) }
            normalisation.backward(
                x.row(i), mean: kept, inverse: kept + normalisation.groups, gain: pass.biases, delta: delta,
                gains: pass.scratch, biases: pass.scratch + input.channels)
            gradient.squares[i] += gradient.biases.add(pass.scratch, count: biasCount)
        }
    }
}
