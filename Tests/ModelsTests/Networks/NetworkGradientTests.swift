import Datasets
import Foundation
import Kernels
import Testing

@testable import Models

/// Gradients, losses and Σ‖∇f_i‖² of networks beside central differences of a twin in Double, for each layer and for
/// whole networks.
@Suite struct NetworkGradientTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let input: SampleShape
        let layers: [String]
        var testDescription: String { layers.isEmpty ? "no hidden layer" : layers.joined(separator: ", ") }

        init(_ channels: Int, _ height: Int, _ width: Int, _ layers: String...) {
            input = SampleShape(channels: channels, height: height, width: width)
            self.layers = layers
        }
    }

    static let cases = [
        Case(5, 1, 1), Case(1, 1, 1, "dense 1"), Case(7, 1, 1, "dense 5", "relu"),
        Case(3, 1, 1, "dense 9", "gelu", "dense 4", "tanh"), Case(6, 1, 1, "dense 6", "layer-norm", "relu", "dense 3"),
        Case(4, 1, 1, "layer-norm"), Case(4, 1, 1, "relu", "dense 3", "tanh"),
        Case(5, 1, 1, "dropout 0.4", "dense 7", "relu", "dropout 0.5"),
        Case(1, 6, 5, "conv 3 3x3", "relu"), Case(2, 5, 7, "conv 3 3x2 stride=2x1 padding=1x1", "tanh"),
        Case(2, 4, 4, "conv 17 1", "gelu"),
        Case(1, 7, 7, "conv 4 3 padding=1", "group-norm 2", "relu", "average-pool 2"),
        Case(2, 6, 6, "conv 2 3", "layer-norm", "relu", "conv 3 2"),
        Case(1, 8, 8, "conv 3 3", "max-pool 2", "conv 4 2"), Case(2, 7, 8, "conv 5 3 padding=2", "relu", "max-pool 2"),
        Case(1, 9, 9, "conv 2 2", "max-pool 3 stride=2 padding=1", "relu"),
        Case(1, 6, 6, "conv 2 3", "max-pool 2 stride=1"), Case(2, 5, 5, "max-pool 2", "dense 3"),
        Case(2, 5, 6, "average-pool 3 stride=2 padding=1"), Case(1, 4, 4, "pad 1", "conv 3 3", "relu", "max-pool 2"),
        Case(1, 10, 10, "conv 3 3", "relu", "max-pool 2", "conv 4 2", "relu", "max-pool 2", "dense 6", "relu"),
        Case(
            2, 6, 6, "conv 3 5 padding=2", "max-pool 2", "relu", "dropout 0.3", "conv 4 3 padding=1", "average-pool 2"),
    ]

    @Test(arguments: cases)
    func classifier(of network: Case) throws {
        try check(network, SoftmaxLoss(classes: 3), .classes(3)) { outputs, label in
            let top = outputs.max() ?? 0
            return top + log(outputs.reduce(0) { $0 + exp($1 - top) }) - outputs[Int(label)]
        }
    }

    @Test func smoothedLabels() throws {
        let share = 0.3
        try check(
            Case(4, 1, 1, "dense 5", "tanh"), SmoothedSoftmaxLoss(classes: 3, smoothing: share), .classes(3)
        ) { outputs, label in
            let top = outputs.max() ?? 0
            let mean = outputs.reduce(0, +) / 3
            return top + log(outputs.reduce(0) { $0 + exp($1 - top) }) - (1 - share) * outputs[Int(label)] - share
                * mean
        }
    }

    @Test func regression() throws {
        try check(Case(4, 1, 1, "dense 5", "tanh", "dense 4", "gelu"), SquaredError(), .real) { outputs, label in
            (outputs[0] - label) * (outputs[0] - label) / 2
        }
    }

    /// Whole numbers lose nothing that matters: the gradient of many rows beside the sum in Double of what each has by itself.
    @Test(arguments: [
        Case(20, 1, 1, "dense 30", "relu"), Case(1, 8, 8, "conv 4 3x3", "max-pool 2", "layer-norm", "relu"),
    ])
    func sumsOfManyRows(network: Case) throws {
        let rows = 2048
        let data = TestData(
            rows: rows, columns: network.input.count, labels: .classes(3), weighted: true, density: 1, seed: 3)
        let model = try Network(
            NetworkDescription(layers: network.layers), input: network.input, loss: SoftmaxLoss(classes: 3), seed: 7)
        let dataset = data.dataset(sparse: false)
        let parameters = model.initialParameters(seed: 5)
        func gradient(_ rows: Range<Int>) -> [Double] {
            var sums = [Double](repeating: 0, count: model.parameterCount)
            _ = parameters.withUnsafeBufferPointer { x in
                sums.withUnsafeMutableBufferPointer {
                    model.accumulate(Batch(dataset: dataset, first: rows, draw: 1), at: x, gradient: $0)
                }
            }
            return sums
        }
        let together = gradient(0..<rows)
        var alone = [Double](repeating: 0, count: model.parameterCount)
        var size = 0.0
        for row in 0..<rows {
            let own = gradient(row..<row + 1)
            for j in alone.indices { alone[j] += own[j] }
            size += own.map(abs).max() ?? 0
        }
        let error = zip(together, alone).map { abs($0 - $1) }.max() ?? .infinity
        #expect(error <= 2e-7 * size)
    }

    private func check<Loss: MarginLoss>(
        _ network: Case, _ loss: Loss, _ labels: TestLabels, _ reference: ([Double], Double) -> Double
    ) throws {
        let samples = 4
        let data = TestData(
            rows: samples, columns: network.input.count, labels: labels, weighted: true, density: 1, seed: 3)
        let description = try NetworkDescription(layers: network.layers)
        let model = try Network(description, input: network.input, loss: loss, seed: 77)
        var twin = TwinNetwork(description: description, input: network.input, outputs: loss.classes)
        var random = Generator(state: 4)
        // Away from the initial zeros and ones, so that every parameter counts.
        let parameters = model.initialParameters(seed: 5).map { $0 + 0.1 * random.normal() }
        let batch = Batch(dataset: data.dataset(sparse: false), first: 0..<samples, draw: 9)

        var expected = [Double](repeating: 0, count: model.parameterCount)
        var size = 0.0
        var total = 0.0
        var squares = 0.0
        for row in 0..<samples {
            twin.mask = mask(of: model.layers, batch.dataset.order.position(ofLocal: row), draw: 9)
            let weight = Double(data.weights?[row] ?? 1)
            func value(_ x: [Double]) -> Double {
                weight
                    * reference(
                        twin.outputs(of: data.row(row), parameters: x, weightCount: model.penalisedCount),
                        Double(data.labels[row]))
            }
            var x = parameters.map(Double.init)
            total += value(x)
            for index in x.indices {
                let at = x[index]
                x[index] = at + 1e-6
                let up = value(x)
                x[index] = at - 1e-6
                let slope = (up - value(x)) / 2e-6
                x[index] = at
                expected[index] += slope
                squares += slope * slope
                size = max(size, abs(slope))
            }
        }

        for (threads, microBatch) in [(1, nil), (1, 1), (1, 2), (2, 3)] {
            let model = try Network(
                description, input: network.input, loss: loss, threads: threads, seed: 77, microBatch: microBatch)
            var gradient = [Double](repeating: 0, count: model.parameterCount)
            let (sums, lossAlone) = parameters.withUnsafeBufferPointer { x in
                (
                    gradient.withUnsafeMutableBufferPointer { model.accumulate(batch, at: x, gradient: $0) },
                    model.loss(batch, at: x)
                )
            }
            #expect(abs(sums.loss - total) <= 1e-5 * (1 + abs(total)))
            #expect(abs(lossAlone - sums.loss) <= 1e-6 * (1 + abs(total)))
            #expect(abs(sums.squaredNorms - squares) <= 1e-4 * squares)
            for index in gradient.indices {
                #expect(
                    abs(gradient[index] - expected[index]) <= 1e-4 * max(size, abs(expected[index])),
                    "parameter \(index) of \(gradient.count)")
            }
        }
    }

    /// The masks of one sample, from a hash written out by itself.
    private func mask(of layers: [any Layer], _ position: Int, draw: UInt64) -> (Int, Int) -> Double {
        let dropouts = layers.enumerated().compactMap { index, layer in
            (layer as? DropoutLayer).map { (UInt64(index), $0.rate) }
        }
        return { dropout, unit in
            let (layer, rate) = dropouts[dropout]
            func mix(_ value: UInt64) -> UInt64 {
                var z = value
                z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
                z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
                return z ^ (z >> 31)
            }
            func mix32(_ value: UInt32) -> UInt32 {
                var x = value
                x = (x ^ (x >> 16)) &* 0x7FEB_352D
                x = (x ^ (x >> 15)) &* 0x846C_A68B
                return x ^ (x >> 16)
            }
            let golden: UInt64 = 0x9E37_79B9_7F4A_7C15
            let call = mix(mix(mix(77 &+ golden) &+ draw &+ golden) &+ layer &+ golden)
            let key = mix(call &+ UInt64(position) &* golden)
            let hash = mix32(mix32(UInt32(unit) &+ UInt32(truncatingIfNeeded: key)) ^ UInt32(key >> 32))
            return Double(hash) < rate * 4_294_967_296 ? 0 : 1 / (1 - rate)
        }
    }
}
