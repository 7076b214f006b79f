import BigBatch
import Datasets
import MPI
import Models
import Telemetry

/// The data of a pilot as all ranks hold it, and the model to train on it.
struct PilotData {
    let training: Dataset
    let validation: Dataset?
    let specification: ModelSpecification
    let labels: LabelEncoding
    let model: any Model
    let modelName: String
    let l2: Double
    let tolerance: Double
    /// Mean ‖x‖² of a row, intercept included.
    let meanSquaredNorm: Double
    /// Options of `train` for the same data and model.
    let trainOptions: [String]
    private let files: [String]
    private let world: any Communicator

    /// Reads the files. Collective.
    init(_ command: PilotCommand, threads: Int, world: any Communicator, console: Console?) throws {
        self.world = world
        files = command.data
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
        training = data.training
        validation = data.validation
        var specification = ModelSpecification(
            kind: kind, featureCount: data.preprocessing.featureCount,
            classCount: data.preprocessing.labels.classCount, hasIntercept: command.model.intercept ?? true,
            network: network, input: network == nil ? nil : data.training.sampleShape)
        labels = data.preprocessing.labels
        if kind == .huber { specification.huberDelta = try command.model.huberDelta(of: data, world) }
        self.specification = specification
        model = try specification.makeModel(
            threads: threads, labelScale: labels.scale.scale, seed: command.seed ?? 0,
            labelSmoothing: command.model.labelSmoothing ?? 0)
        modelName = network == nil ? kind.rawValue : command.model.model?.text ?? ModelChoice.listed
        let rows = training.order.count
        l2 = command.model.l2 ?? (network == nil ? 1 / Double(rows) : TrainerConfiguration.nonConvex.l2)
        tolerance = command.tolerance ?? (model.isConvex ? TrainerConfiguration().tolerance : 0.05)
        let local = training
        let sum = (0..<local.order.localCount).reduce(0.0) { $0 + Double(local.squaredNorms[$1]) }
        meanSquaredNorm = try world.broadcastValue(world.allreduce(sum, .sum) / Double(rows)) + 1
        trainOptions = PilotData.trainOptions(command)
    }

    /// Rows to train on: what was asked for, or all that leave time for every method on every number of ranks and fit into
    /// half of rank 0's memory. The same on all ranks. Collective.
    func sampleRows(asked: Int?, secondsPerRow: Double, seconds: Double?, counts: [Int]) throws -> Int {
        let rows = training.order.count
        if let asked { return min(asked, rows) }
        // Sum of the shares that rank 0 holds at once, one for each number of ranks.
        let shares = counts.reduce(0) { $0 + 1 / Double($1) }
        var most = Double(rows)
        if let seconds, secondsPerRow > 0 {
            // About forty passes for each of six methods in a third of the time.
            most = min(most, max(1000, 0.35 * seconds / (240 * secondsPerRow * shares)))
        }
        let bytesPerRow =
            switch training.features {
            case .dense(let matrix): 4 * Double(matrix.stride)
            case .sparse(let matrix): 8 * Double(matrix.nonZeros) / Double(max(1, matrix.rows))
            }
        let room = 0.5 * Double(min(AvailableMemory().bytes, AvailableMemory.addressSpace))
        most = min(most, max(1000, room / (shares * (bytesPerRow + 24))))
        return max(2, min(rows, Int(try world.broadcastValue(most))))
    }

    /// The sample and the rows held back, for each number of ranks. Collective.
    func spread(_ count: Int, _ groups: RankGroups) throws -> [Int: GroupData] {
        var parts: [Int: GroupData] = [:]
        for ranks in groups.counts {
            guard ranks < world.size || count < training.order.count else {
                parts[ranks] = GroupData(training: training, validation: validation)
                continue
            }
            let rows = try training.spread(over: ranks, count: count, communicator: world)
            let held = try validation?.spread(
                over: ranks, count: validation?.order.count ?? 0, communicator: world)
            if let rows { parts[ranks] = GroupData(training: rows, validation: held) }
        }
        return parts
    }

    func facts(_ sample: Int) -> PilotFile.Data {
        PilotFile.Data(
            files: files, rows: training.order.count, features: specification.featureCount,
            parameters: model.parameterCount, model: modelName, sampleRows: sample,
            validationRows: validation?.order.count ?? 0, l2: l2)
    }

    /// Data, model and reading options as `train` takes them.
    static func trainOptions(_ command: PilotCommand) -> [String] {
        var words = command.data
        func add(_ name: String, _ value: String?) {
            if let value { words += ["--" + name, value] }
        }
        let model = command.model
        add("model", model.model?.text)
        for layer in model.network { add("network", layer) }
        add("l2", model.l2.map { "\($0)" })
        add("huber-delta", model.huberDelta.map { "\($0)" })
        add("standardize", model.standardize?.rawValue)
        add("label-smoothing", model.labelSmoothing.map { "\($0)" })
        if model.intercept == false { words.append("--no-intercept") }
        let reading = command.reading
        add("format", reading.format?.rawValue)
        add("label", reading.label)
        for file in reading.labels { add("labels", file) }
        add("input-shape", reading.inputShape?.description)
        for column in reading.drop { add("drop", column) }
        for column in reading.id { add("id", column) }
        add("weight", reading.weight)
        if let header = reading.header { words.append(header ? "--header" : "--no-header") }
        if let zeroBased = reading.zeroBased { words.append(zeroBased ? "--zero-based" : "--no-zero-based") }
        if let tolerance = command.tolerance, model.isLinear { add("tolerance", "\(tolerance)") }
        add("threads", command.threads.map { "\($0)" })
        return words
    }
}

extension ModelOptions {
    /// The model is linear, as far as the options tell.
    fileprivate var isLinear: Bool { network.isEmpty && model?.network == nil }
}
