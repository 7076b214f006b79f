// Training steps of networks, and training to a test accuracy. Prints one JSON object a batch size, or writes a curve.
//
//     [mpirun -n 2] network-benchmark --network mlp|lenet|paper|small --batches 256,1024 [--threads 2] [--seconds 1]
//
// Samples a second of whole steps (gradient, norms, reduction, momentum) and of the gradient pass alone, and their share
// of the rate of large square products that take turns with them.
//
//     [mpirun -n 2] network-benchmark --train FOLDER --network lenet --json FILE [--threads 2] [--epochs 10] [--seed 1]
//
// Trains on MNIST's files in FOLDER with default options, and writes test accuracy against seconds, passes and bytes.
import MPI

let arguments = Arguments(CommandLine.arguments)
let environment = try MPIEnvironment.start()
do {
    guard let network = try MeasuredNetwork(arguments.network) else {
        complain("network-benchmark: --network is mlp, lenet, paper or small")
    }
    if let folder = arguments.train {
        try Training(network: network, arguments: arguments, communicator: environment.world).run(folder)
    } else {
        let rows = max(8192, arguments.batches.max() ?? 0)
        let dataset = noise(network.input, count: rows, communicator: environment.world)
        for batch in arguments.batches {
            let measurement = StepMeasurement(
                network: network, threads: arguments.threads, seconds: arguments.seconds,
                communicator: environment.world)
            try measurement.measure(batch: batch, dataset)
        }
    }
    try environment.finalize()
} catch {
    environment.abort("network-benchmark: \(error)", code: 1)
}
