import BigBatch
import Datasets
import MPI
import Models
import Telemetry

/// `crescendo train` on all ranks, from the data files to the run folder.
struct TrainJob {
    let command: TrainCommand
    let world: any Communicator
    let console: Console
    let start = monotonicSeconds()
    let started = timestamp()

    init(_ command: TrainCommand, world: any Communicator) {
        self.command = command
        self.world = world
        console = Console(speaks: world.rank == 0)
    }

    private var isQuiet: Bool { command.run.quiet ?? false }

    private func say(_ text: String) {
        if !isQuiet { console.print(text) }
    }

    /// Returns the exit code.
    func run() throws -> Int32 {
        Signals.installEarly()
        let folder = try world.onRoot {
            try RunFolder.prepare(
                output: command.run.output, data: command.data, overwrite: command.run.overwrite ?? false)
        }
        do {
            return try run(in: folder)
        } catch {
            folder?.abandon()
            throw error
        }
    }

    private func run(in folder: RunFolder?) throws -> Int32 {
        let (plan, data, table) = try load()
        let test = try loadTest(data.preprocessing)
        describe(plan, data, table)
        let specification = ModelSpecification(
            kind: plan.kind, featureCount: data.preprocessing.featureCount,
            classCount: data.preprocessing.labels.classCount, hasIntercept: plan.hasIntercept, network: plan.network,
            input: plan.network == nil ? nil : data.training.sampleShape)
        let model = try specification.makeModel(
            threads: plan.threads, seed: command.run.seed ?? 0, labelSmoothing: command.model.labelSmoothing ?? 0,
            microBatch: command.expert.microBatch)
        let loadSeconds = try world.broadcastValue(monotonicSeconds() - start)
        let configuration = plan.trainerConfiguration(
            timeLeft: command.run.timeLimit.map { max(1e-3, $0.seconds - loadSeconds) })
        try world.onRoot { try folder.map { try open($0, plan) } }

        Signals.install()
        let result = try train(model, on: data, configuration, plan, folder)
        let report = ResultFile(
            result: result, objective: result.objective, model: plan.modelName, l2: plan.l2, rows: plan.rows,
            features: specification.featureCount, ranks: world.size, threads: plan.threads, loadSeconds: loadSeconds,
            started: started, finished: timestamp())
        let trained = try TrainedModel(specification, parameters: result.parameters, threads: plan.threads)
        return try conclude(report, trained, data, test, folder)
    }

    /// Reads the training data and settles what depends on it.
    private func load() throws -> (TrainingPlan, TrainingData, TableSummary) {
        var options = AssemblyOptions()
        if let seed = command.run.seed { options.seed = seed }
        options.standardization = command.model.standardize?.kind
        let network = try command.model.description
        options.storage = command.trainingData.storage?.kind
        options.isForNetwork = network != nil
        options.augmentation = command.trainingData.augment
        options.validationFraction = Defaults.validation(command, network)
        options.validationIsOptional = command.trainingData.validation == nil
        let threads = threadCount(command.run.threads)
        let progress = LoadProgress()
        let line = world.rank == 0 && !isQuiet ? ReadingLine(console: console) { progress.state } : nil
        line?.start()
        defer { line?.finish() }
        let table = try DistributedTable.read(
            command.data, options: command.reading.applied(), storage: options.wantedStorage,
            memoryLimit: command.expert.memoryLimit?.bytes, threads: threads,
            cache: command.trainingData.cache.map { DataCache($0.place, options: options) }, communicator: world,
            progress: progress, report: { say($0.line.replacing("memory: ", with: "memory  ")) },
            accept: { try network?.check(input: $0) })
        line?.finish()
        var kind = command.model.model?.kind ?? .auto
        var reason: String?
        if kind == .auto { (kind, reason) = ModelKind.choose(from: table.labels) }
        if network != nil {
            kind = kind.labels == .classes ? .softmax : .ridge
            reason = kind == .softmax ? "The labels are classes: softmax." : "The labels are numbers: squared error."
        }
        try kind.check(table.labels)
        let summary = TableSummary(table)
        let data = try table.assembleTraining(labels: kind.labels ?? .values, options: options)
        for note in table.cacheNotes { say("cache   \(note)") }
        let plan = TrainingPlan(
            command: command, kind: kind, network: network, reason: reason,
            standardization: data.preprocessing.standardization.kind,
            threads: threads, rows: data.training.order.count)
        return (plan, data, summary)
    }

    private func loadTest(_ preprocessing: Preprocessing) throws -> Dataset? {
        guard !command.trainingData.test.isEmpty else { return nil }
        var reading = command.reading.applied()
        reading.labels = command.trainingData.testLabels
        reading.isTraining = false
        let table = try DistributedTable.read(
            command.trainingData.test, options: reading, schema: preprocessing.schema,
            memoryLimit: command.expert.memoryLimit?.bytes,
            threads: threadCount(command.run.threads), communicator: world)
        return try table.assemble(using: preprocessing)
    }

    private func open(_ folder: RunFolder, _ plan: TrainingPlan) throws {
        if let old = try folder.open() { say("The run that was in \(folder.path) is now in \(old).") }
        let launcher = world.size > 1 ? "mpirun -n \(world.size) " : ""
        try AtomicFile.write(
            plan.resolved().yaml(header: [
                "Crescendo \(Crescendo.version): the options of this run, defaults included. Once more:",
                "  \(launcher)crescendo train --config \(absolutePath(folder.configuration))",
            ]), to: folder.configuration)
    }

    private func train(
        _ model: some Model, on data: TrainingData, _ configuration: TrainerConfiguration, _ plan: TrainingPlan,
        _ folder: RunFolder?
    ) throws -> TrainingResult {
        let telemetry = folder.map { folder in
            RunTelemetry(
                sinks: [MetricsFile(path: folder.metrics)] + sinks(plan, folder),
                progress: isQuiet ? nil : ProgressLine(console: console, rows: data.training.order.count),
                warn: { [console] in console.warn($0) })
        }
        var result: TrainingResult?
        defer { telemetry?.finish(result) }
        let trainer = Trainer(
            model: model, dataset: data.training, validation: data.validation, communicator: world,
            configuration: configuration)
        let finished = try trainer.run(observer: telemetry, stopRequested: { Signals.received != 0 })
        result = finished
        return finished
    }
}

extension StandardizeChoice {
    /// nil: chosen by the density.
    var kind: StandardizationKind? {
        switch self {
        case .auto: nil
        case .zscore: .zscore
        case .maxabs: .maxabs
        case .unit: .unit
        case .none: StandardizationKind.none
        }
    }
}

extension StorageChoice {
    /// nil: chosen by the density.
    var kind: StorageKind? {
        switch self {
        case .auto: nil
        case .dense: .dense
        case .sparse: .sparse
        }
    }
}

extension Communicator {
    /// Rank 0's value on every rank.
    func broadcastValue(_ value: Double) throws -> Double {
        var values = [value]
        try values.withUnsafeMutableBufferPointer { try broadcast($0, root: 0) }
        return values[0]
    }
}
