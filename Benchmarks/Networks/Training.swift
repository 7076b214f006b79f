import BigBatch
import Datasets
import MPI
import Models
import Platform
import Telemetry

/// Trains with default options, keeps the parameters along the way, and judges them on the test set afterwards.
struct Training {
    let network: MeasuredNetwork
    let arguments: Arguments
    let communicator: any Communicator

    func run(_ folder: String) throws {
        let counted = CountingCommunicator(communicator)
        let (data, test) = try load(folder)
        let model = try network.model(threads: arguments.threads)
        var configuration = TrainerConfiguration.nonConvex
        configuration.seed = arguments.seed
        configuration.maxEpochs = arguments.epochs
        let trainer = Trainer(
            model: model, dataset: data.training, validation: data.validation, communicator: counted,
            configuration: configuration)
        let follower = CurveFollower(counted)
        try communicator.barrier()
        let result = try trainer.run(observer: follower)
        var points: [JSON] = []
        for snapshot in follower.snapshots {
            let accuracy = try accuracy(model, snapshot.parameters, test)
            points.append(
                .object([
                    ("epochs", .number(snapshot.record.gradientPasses)),
                    ("featurePasses", .number(snapshot.record.featurePasses)),
                    ("seconds", .number(snapshot.seconds)),
                    ("processorSeconds", .number(snapshot.processorSeconds)),
                    ("allreduces", .integer(snapshot.record.allreduces)),
                    ("bytes", .integer(snapshot.bytes)), ("testAccuracy", .number(accuracy)),
                    ("loss", .number(snapshot.record.loss)), ("batchSize", .integer(snapshot.record.batchSize)),
                    ("stepSize", .number(snapshot.record.stepSize)),
                ]))
        }
        guard communicator.rank == 0 else { return }
        let document = JSON.object([
            ("network", .string(network.name)), ("ranks", .integer(communicator.size)),
            ("threads", .integer(arguments.threads)), ("parameters", .integer(model.parameterCount)),
            ("stop", .string(result.stopReason.rawValue)), ("seconds", .number(result.seconds)),
            ("points", .array(points)),
        ])
        if let path = arguments.json {
            try AtomicFile.write(document.indentedText, to: path)
        } else {
            print(document.indentedText)
        }
    }

    private func load(_ folder: String) throws -> (training: TrainingData, test: Dataset) {
        var options = AssemblyOptions()
        options.seed = arguments.seed
        options.isForNetwork = true
        options.standardization = .unit
        // As the command line has it for networks.
        options.validationFraction = 0.05
        var reading = ReadOptions()
        if network.input.height > 1 { reading.inputShape = network.input }
        func table(_ part: String) throws -> DistributedTable {
            try DistributedTable.read(
                ["\(folder)/\(part)-images-idx3-ubyte.gz"], options: reading, communicator: communicator)
        }
        let data = try table("train").assembleTraining(labels: .classes, options: options)
        return (data, try table("t10k").assemble(using: data.preprocessing, storage: .dense))
    }

    /// Share of the test rows whose likeliest class is theirs.
    private func accuracy(_ model: Network<SoftmaxLoss>, _ parameters: [Float], _ test: Dataset) throws -> Double {
        let classes = model.outputCount
        var outputs = [Float](repeating: 0, count: test.order.localCount * classes)
        parameters.withUnsafeBufferPointer { x in
            outputs.withUnsafeMutableBufferPointer { model.predict(test.all, at: x, into: $0) }
        }
        var right = 0.0
        for row in 0..<test.order.localCount {
            let output = outputs[row * classes..<(row + 1) * classes]
            if let best = output.max(), output[row * classes + Int(test.labels[row])] == best { right += 1 }
        }
        return try communicator.allreduce(right, .sum) / Double(test.order.count)
    }
}

/// Keeps parameters at growing distances: four an epoch for two epochs, then two. Copying is not part of the time.
final class CurveFollower: TrainingObserver {
    typealias Snapshot = (
        seconds: Double, processorSeconds: Double, bytes: Int, record: IterationRecord, parameters: [Float]
    )
    private(set) var snapshots: [Snapshot] = []
    /// Copies count here; they are few.
    private let processorStart = Clock.processor.now()
    private let communicator: CountingCommunicator
    private var record = IterationRecord()
    private var due = 0.125
    private var copying = Duration.zero

    init(_ communicator: CountingCommunicator) { self.communicator = communicator }

    func iterationDidEnd(_ record: IterationRecord) { self.record = record }

    func parametersDidChange(_ parameters: [Float]) {
        guard record.gradientPasses >= due else { return }
        let seconds = record.seconds - copying / .seconds(1)
        copying += ContinuousClock().measure {
            let copy = [Float](unsafeUninitializedCapacity: parameters.count) { target, count in
                count = target.initialize(fromContentsOf: parameters)
            }
            let processor = Clock.processor.now() - processorStart
            snapshots.append((seconds, processor, communicator.reducedBytes, record, copy))
        }
        while due <= record.gradientPasses { due += due < 2 ? 0.125 : 0.5 }
    }
}
