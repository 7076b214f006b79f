import Datasets
import Models

/// A network that is measured: what it sees, and the multiply-adds of a sample in each layer with weights.
struct MeasuredNetwork {
    let name: String
    let description: NetworkDescription
    let input: SampleShape
    let products: [Int]
    /// From the input to the outputs, where all layers with weights are dense.
    var denseWidths: [Int]? { name == "mlp" ? [784, 512, 256, 10] : nil }

    /// Of forward, both gradients, and no gradient of the input: 2 operations a multiply-add.
    var operationsPerSample: Double { 2 * Double(3 * products.reduce(0, +) - products[0]) }

    /// The same as in Peers/networks.py.
    init?(_ name: String) throws {
        self.name = name
        let named: NetworkDescription?
        switch name {
        case "mlp":
            named = try NetworkDescription(name: "mlp:512,256")
            input = .features(784)
            products = [784 * 512, 512 * 256, 256 * 10]
        case "lenet":
            named = try NetworkDescription(name: "lenet5")
            input = SampleShape(channels: 1, height: 28, width: 28)
            products = [25 * 20 * 24 * 24, 20 * 25 * 50 * 8 * 8, 800 * 500, 500 * 10]
        case "paper":
            named = try NetworkDescription(name: "bigbatch-cnn")
            input = SampleShape(channels: 1, height: 32, width: 32)
            products = [25 * 16 * 32 * 32, 16 * 25 * 256 * 16 * 16, 256 * 64 * 256, 256 * 10]
        case "small":
            named = try NetworkDescription(layers: [
                "conv 32 3x3 padding=1", "relu", "max-pool 2", "conv 64 3x3 padding=1", "relu", "max-pool 2",
                "dense 128",
                "relu",
            ])
            input = SampleShape(channels: 1, height: 28, width: 28)
            products = [9 * 32 * 28 * 28, 32 * 9 * 64 * 14 * 14, 64 * 49 * 128, 128 * 10]
        default: return nil
        }
        guard let named else { return nil }
        description = named
    }

    func model(threads: Int) throws -> Network<SoftmaxLoss> {
        try Network(description, input: input, loss: SoftmaxLoss(classes: 10), threads: threads, seed: 1)
    }
}
