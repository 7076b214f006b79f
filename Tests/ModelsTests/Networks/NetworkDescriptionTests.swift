import Datasets
import Foundation
import Testing

@testable import Models

/// Layers as people write them: what is read, what is refused and why, and what the parameters begin at.
@Suite struct NetworkDescriptionTests {
    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: [
        ("dense", "units"), ("dense 0", "'0'"), ("conv 3", "window"), ("conv 3 5x", "5x"),
        ("conv 3 3 padding=3", "padding"),
        ("max-pool 2 stride=0", "stride"), ("relu 3", "too much"), ("relu stride=2", "stride"), ("dropout", "share"),
        ("dropout 1", "'1'"), ("dropout -0.1", "-0.1"), ("group-norm", "groups"), ("layer-norm 4", "too much"),
        ("batch-norm", "no sample has a gradient of its own"), ("swish", "'gelu'"),
    ])
    func refusesWithTheReason(text: String, reason: String) {
        let message = message { _ = try LayerDescription(text) }
        #expect(message.contains(reason) && message.contains(text.split(separator: " ")[0]))
    }

    @Test(arguments: [
        (["conv 4 3x3", "relu", "max-pool 9"], "layer 3 ('max-pool 9')"),
        (["dense 6", "conv 2 3x3"], "layer 2 ('conv 2 3x3')"),
        (["conv 6 3x3", "group-norm 4"], "layer 2 ('group-norm 4')"),
        (["conv 2 3x3", "max-pool 2", "conv 2 5x5"], "layer 3 ('conv 2 5x5')"),
    ])
    func namesTheLayerThatDoesNotFit(layers: [String], place: String) {
        let shape = SampleShape(channels: 1, height: 8, width: 8)
        let message = message {
            _ = try Network(try NetworkDescription(layers: layers), input: shape, loss: SoftmaxLoss(classes: 3))
        }
        #expect(message.contains(place))
    }

    @Test(arguments: [("mlp:512,256", 28, 535_818), ("lenet5", 28, 431_080), ("bigbatch-cnn", 32, 4_300_202)])
    func knownNetworks(name: String, side: Int, parameters: Int) throws {
        let description = try #require(try NetworkDescription(name: name))
        let network = try Network(
            description, input: SampleShape(channels: 1, height: side, width: side), loss: SoftmaxLoss(classes: 10))
        #expect(network.parameterCount == parameters)
        let copy = try JSONDecoder().decode(NetworkDescription.self, from: JSONEncoder().encode(description))
        #expect(copy == description)
    }

    @Test func initialParametersBySeedAndRule() throws {
        let description = try NetworkDescription(layers: [
            "conv 40 5x5", "max-pool 2", "layer-norm", "relu", "dense 60", "tanh",
        ])
        let shape = SampleShape(channels: 3, height: 12, width: 12)
        let network = try Network(description, input: shape, loss: SoftmaxLoss(classes: 10))
        let x = network.initialParameters(seed: 3)
        #expect(x == network.initialParameters(seed: 3) && x != network.initialParameters(seed: 4))
        // Behind a rectifier He's variance 2 / inputs, else Glorot's 2 / (inputs + outputs).
        var start = 0
        for (count, variance) in [(3000, 2.0 / 75), (640 * 60, 2.0 / 700), (600, 2.0 / 70)] {
            let found = x[start..<start + count].reduce(0.0) { $0 + Double($1) * Double($1) } / Double(count)
            #expect(abs(found / variance - 1) < 0.15)
            start += count
        }
        #expect(start == network.penalisedCount)
        // Biases 0, gains 1.
        #expect(x[start..<start + 40].allSatisfy { $0 == 0 })
        #expect(x[(start + 40)..<(start + 80)].allSatisfy { $0 == 1 })
        #expect(x[(start + 80)...].allSatisfy { $0 == 0 })
    }

    /// A trained network drops nothing, and what training drops is another in every draw.
    @Test func dropoutIsForTraining() throws {
        let data = TestData(rows: 6, columns: 20, labels: .classes(3), density: 1)
        let dataset = data.dataset(sparse: false)
        func network(_ layers: [String]) throws -> Network<SoftmaxLoss> {
            try Network(
                try NetworkDescription(layers: layers), input: .features(20), loss: SoftmaxLoss(classes: 3), seed: 1)
        }
        let (plain, dropping) = (try network(["dense 9", "relu"]), try network(["dense 9", "relu", "dropout 0.5"]))
        let x = plain.initialParameters(seed: 2)
        func loss(_ network: Network<SoftmaxLoss>, _ draw: UInt64) -> Double {
            x.withUnsafeBufferPointer {
                network.loss(Batch(dataset: dataset, first: 0..<6, draw: draw), at: $0)
            }
        }
        func predictions(_ network: Network<SoftmaxLoss>) -> [Float] {
            var outputs = [Float](repeating: 0, count: 18)
            x.withUnsafeBufferPointer { x in
                outputs.withUnsafeMutableBufferPointer { network.predict(dataset.all, at: x, into: $0) }
            }
            return outputs
        }
        #expect(predictions(plain) == predictions(dropping))
        #expect(loss(plain, 1) == loss(plain, 2))
        #expect(loss(dropping, 1) == loss(dropping, 1) && loss(dropping, 1) != loss(dropping, 2))
    }
}
