import BigBatch
import Datasets
import MPI
import Models
import Planning
import Platform
import Telemetry

extension PilotData {
    /// Reads the files. Collective.
    init(_ command: PilotCommand, threads: Int, world: any Communicator, console: Console?) throws {
        let network = try command.model.description
        var options = AssemblyOptions()
        options.seed = command.seed ?? options.seed
        options.standardization = command.model.standardize?.kind
        options.isForNetwork = network != nil
        options.labelScaling = command.model.labelScaling(network)
        options.validationFraction = command.validation ?? 0.1
        options.validationIsOptional = command.validation == nil
        let table = try DistributedTable.read(
            command.data, options: command.reading.applied(), storage: options.wantedStorage,
            memoryLimit: command.memoryLimit?.bytes, threads: threads, communicator: world,
            accept: { try network?.check(input: $0) })
        var kind = command.model.model?.kind ?? .auto
        if kind == .auto { kind = ModelKind.choose(from: table.labels).kind }
        if network != nil { kind = kind.labels == .classes ? .softmax : .ridge }
        try kind.check(table.labels)
        console?.print(
            "data    \(NumberFormat.count(table.rows)) rows × \(NumberFormat.count(table.columns)) features, \(kind.rawValue)"
        )
        let data = try table.assembleTraining(labels: kind.labels ?? .values, options: options)
        var specification = ModelSpecification(
            kind: kind, featureCount: data.preprocessing.featureCount,
            classCount: data.preprocessing.labels.classCount, hasIntercept: command.model.intercept ?? true,
            network: network, input: network == nil ? nil : data.training.sampleShape)
        let labels = data.preprocessing.labels
        if kind == .huber { specification.huberDelta = try command.model.huberDelta(of: data, world) }
        let model = try specification.makeModel(
            threads: threads, labelScale: labels.scale.scale, seed: command.seed ?? 0,
            labelSmoothing: command.model.labelSmoothing ?? 0)
        let l2 = network == nil ? 1 / Double(data.training.order.count) : TrainerConfiguration.nonConvex.l2
        try self.init(
            files: command.data, training: data.training, validation: data.validation, specification: specification,
            labels: labels, model: model,
            modelName: network == nil ? kind.rawValue : command.model.model?.text ?? ModelChoice.listed,
            l2: command.model.l2?.number ?? l2,
            tolerance: command.tolerance ?? (model.isConvex ? TrainerConfiguration().tolerance : 0.05),
            trainOptions: Self.trainOptions(command), world: world)
    }

    /// Data, model and reading options as `train` takes them.
    private static func trainOptions(_ command: PilotCommand) throws -> [String] {
        var train = try TrainCommand.parse([])
        train.data = command.data
        train.model = command.model
        train.reading = command.reading
        if command.model.isLinear { train.run.tolerance = command.tolerance }
        train.run.threads = command.threads
        return train.words
    }
}

extension ModelOptions {
    /// The model is linear, as far as the options tell.
    fileprivate var isLinear: Bool { network.isEmpty && model?.network == nil }
}
