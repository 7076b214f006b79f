import BigBatch
import Cluster
import Datasets
import Evaluation
import Kernels
import MPI
import Models
import Platform
import Runs
import Selection
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

    var isQuiet: Bool { command.run.quiet ?? false }

    /// What has gone wrong: also where only warnings are wanted.
    func sayInAnyCase(_ text: String) {
        if isQuiet { console.warn(text) } else { console.print("\n" + text) }
    }

    func say(_ text: String) {
        if !isQuiet { console.print(text) }
    }

    /// Returns the exit code.
    func run() throws -> Int32 {
        let folder = try world.onRoot {
            try RunFolder.prepare(
                output: command.run.output, data: command.data, overwrite: command.run.overwrite ?? false,
                resume: command.run.resume != .never)
        }
        do {
            try world.onRoot {
                // A run that goes on writes its own anew.
                if case .checkpoint = folder?.found { return }
                try command.run.coefficientsFile?.check()
            }
            return try run(in: folder)
        } catch {
            folder?.abandon()
            throw error
        }
    }

    private func run(in folder: RunFolder?) throws -> Int32 {
        let threads = try ThreadCount.settle(command.run.threads, world, note: console.note)
        let (plan, data, table, held) = try load(threads)
        let test = try held?.assemble(using: data.preprocessing) ?? loadTest(data.preprocessing, threads)
        describe(plan, data, table)
        let leaks = try LeakCheck.find(in: data.training, data.preprocessing, communicator: world).map {
            spelled($0.text)
        }
        for leak in leaks { say("note    \(leak.printable)") }
        var specification = ModelSpecification(
            kind: plan.kind, featureCount: data.preprocessing.featureCount,
            classCount: data.preprocessing.labels.classCount, hasIntercept: plan.hasIntercept, network: plan.network,
            input: plan.network == nil ? nil : data.training.sampleShape)
        let labels = data.preprocessing.labels.scale
        if plan.kind == .huber {
            specification.huberDelta = try command.model.huberDelta(of: data, world)
            say(
                "huber   squared errors up to \(NumberFormat.significant(specification.huberDelta, 4)), straight beyond"
            )
        }
        let model = try specification.makeModel(
            threads: plan.threads, labelScale: labels.scale, seed: command.run.seed ?? 0,
            labelSmoothing: command.model.labelSmoothing ?? 0,
            microBatch: command.expert.microBatch)
        try ModelMemory.check(
            parameters: model.parameterCount, folds: plan.penalty == .auto ? plan.folds : 0,
            limit: command.expert.memoryLimit?.bytes, world)
        let loadSeconds = try world.broadcastValue(monotonicSeconds() - start)
        var configuration = plan.trainerConfiguration(
            timeLeft: command.run.timeLimit.map { max(1e-3, $0.seconds - loadSeconds) })
        configuration.lossUnit = labels.lossUnit
        let goesOn = if case .checkpoint = folder?.found { 1.0 } else { 0.0 }
        let point =
            try world.broadcastValue(goesOn) == 1 ? nil : startingPoint(specification, data.preprocessing)
        guard var start = try begin(folder, plan, data, configuration) else { return 0 }
        start.parameters = point?.parameters
        let rows = RunRows(data)
        rows.remarks = leaks
        do {
            return try run(start, model, specification, plan, rows, test, configuration, loadSeconds)
        } catch let error where !(error is ReductionError || error is MPIError) {
            // What all ranks have met alike they would meet again; the loss of a rank may not come again.
            start.rankZero?.fail(spelled("\(error)"))
            throw error
        }
    }

    private func run(
        _ start: RunStart, _ model: some Model, _ specification: ModelSpecification, _ plan: TrainingPlan,
        _ rows: RunRows, _ test: Dataset?, _ configuration: TrainerConfiguration, _ loadSeconds: Double
    ) throws -> Int32 {
        let environment = try RunEnvironment.gather(world)
        if let advice = plan.advice(environment) { say("note    \(advice.text.printable)") }
        var (start, plan, configuration) = (start, plan, configuration)
        start.rankZero?.beginning.add("environment", environment.json)
        Signals.install()
        var choice: PenaltyChosen?
        if plan.penalty == .auto {
            switch try choosePenalty(model, rows, configuration, plan, start) {
            case .stopped(let code): return code
            case .chosen(let made):
                (plan.chosenL2, configuration.l2) = (made.l2, made.l2)
                configuration.timeLimit = configuration.timeLimit.map { max(1e-3, $0 - made.seconds) }
                choice = made
            }
        }
        let end = try train(model, on: rows, configuration, plan, start)
        let result = end.result
        let attempts = try world.broadcastValue(Double(start.rankZero?.attempt.number ?? 0))
        var report = ResultFile(
            result: result, objective: result.objective, model: plan.modelName, l2: plan.l2, rows: plan.rows,
            features: specification.featureCount, ranks: world.size, threads: plan.threads,
            attempts: Int(attempts), loadSeconds: loadSeconds, environment: environment, started: started,
            finished: timestamp())
        (report.penalty, report.penaltySeconds) = (choice?.curve, choice?.seconds ?? 0)
        let trained = try TrainedModel(
            specification, parameters: result.parameters, labels: rows.preprocessing.labels, threads: plan.threads)
        return try conclude(report, trained, rows, test, start.rankZero, end)
    }

    /// Reads the training data and settles what depends on it.
    private func load(_ threads: Int) throws -> (TrainingPlan, TrainingData, TableSummary, held: DistributedTable?) {
        var options = AssemblyOptions()
        if let seed = command.run.seed { options.seed = seed }
        options.standardization = command.model.standardize?.kind
        let network = try command.model.description
        options.storage = command.trainingData.storage?.kind
        options.isForNetwork = network != nil
        options.labelScaling = command.model.labelScaling(network)
        options.augmentation = command.trainingData.augment
        options.positive = command.trainingData.positive
        options.validationFraction = Defaults.validation(command, network)
        // A run's own configuration says what it took for granted.
        options.validationIsOptional = options.validationFraction == Defaults.validation(of: network)
        let progress = LoadProgress()
        let line = world.rank == 0 && !isQuiet ? ReadingLine(console: console) { progress.state } : nil
        line?.start()
        defer { line?.finish() }
        // What a cache keeps is all of the rows, as they are.
        let isChanged = command.trainingData.testShare != nil || command.trainingData.classWeight != nil
        var table = try DistributedTable.read(
            command.data, options: command.reading.applied(), storage: options.wantedStorage,
            memoryLimit: command.expert.memoryLimit?.bytes, threads: threads,
            cache: isChanged ? nil : command.trainingData.cache.map { DataCache($0.place, options: options) },
            communicator: world,
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
        var held: DistributedTable?
        if let share = command.trainingData.testShare {
            (table, held) = try table.split(
                holding: share, seed: options.seed, isStratified: kind.labels == .classes)
        }
        if let weights = command.trainingData.classWeight {
            guard kind.labels == .classes else {
                throw DatasetError("`classWeight` is for classes, and the labels are numbers: leave it out")
            }
            try table.weigh(weights)
        }
        if isChanged, command.trainingData.cache != nil {
            say("cache   not used: it keeps all rows as they are, and this run holds some back or weighs them")
        }
        let summary = TableSummary(table)
        let data = try table.assembleTraining(labels: kind.labels ?? .values, options: options)
        for note in table.cacheNotes { say("cache   \(note.printable)") }
        let plan = TrainingPlan(
            command: command, kind: kind, network: network, reason: reason,
            standardization: data.preprocessing.standardization.kind,
            threads: threads, rows: data.training.order.count)
        return (plan, data, summary, held)
    }

    private func loadTest(_ preprocessing: Preprocessing, _ threads: Int) throws -> Dataset? {
        guard !command.trainingData.testFiles.isEmpty else { return nil }
        var reading = command.reading.applied()
        reading.labels = command.trainingData.testLabels
        reading.isTraining = false
        let table = try DistributedTable.read(
            command.trainingData.testFiles, options: reading, schema: preprocessing.schema,
            memoryLimit: command.expert.memoryLimit?.bytes,
            threads: threads, communicator: world)
        return try table.assemble(using: preprocessing)
    }

    /// Trains.
    private func train(
        _ model: some Model, on rows: RunRows, _ configuration: TrainerConfiguration, _ plan: TrainingPlan,
        _ start: RunStart
    ) throws -> TrainingEnd {
        let hosts = try world.allgather(bytes: Array(hostName().utf8)).map { String(decoding: $0, as: UTF8.self) }
        let warn: @Sendable (String) -> Void = { [console] in console.warn($0) }
        var telemetry: RunTelemetry?
        var keeper: CheckpointKeeper?
        try world.onRoot {
            guard let zero = start.rankZero else { return }
            let attempt = zero.attempt
            let folder = zero.folder
            if zero.attempt.number > 1 {
                var reader = RunFolderReader(path: zero.folder.path)
                _ = reader.lastRecord()
                for gap in reader.lineGaps { console.warn("\(zero.folder.path)/\(gap)".printable) }
            }
            let from = try zero.head.map { try MetricsStart(path: zero.folder.metrics, after: $0.record) }
            let owns: @Sendable () -> Bool = { attempt.ownsFolder }
            let metrics = MetricsFile(
                path: zero.folder.metrics, from: from, place: { folder.at(attempt.place.path).metrics }, owns: owns,
                warn: warn)
            let events = EventsFile(
                path: zero.folder.events, attempt: attempt.number, place: { folder.at(attempt.place.path).events },
                owns: owns, warn: warn)
            let listener = RunTelemetry(
                sinks: [metrics, events, RankMessages(say: { say($0) }, warn: warn)] + sinks(plan, zero),
                progress: isQuiet ? nil : ProgressLine(console: console, rows: plan.rows), hosts: hosts, warn: warn)
            telemetry = listener
            listener.note(zero.beginning)
            let frame = CheckpointKeeper.Frame(
                attempt: attempt, status: zero.status, fingerprint: zero.fingerprint,
                tolerance: configuration.tolerance, patience: configuration.patience,
                note: listener.noting, sync: listener.syncing(metrics), warn: warn)
            keeper = CheckpointKeeper(
                frame, telemetry: listener, interval: command.run.checkpointEvery?.interval ?? .adaptive,
                from: zero.head?.iteration, damaged: zero.point?.damaged.map(\.name) ?? [])
        }
        var finished: TrainingResult?
        defer {
            keeper?.finish()
            telemetry?.finish(finished)
        }
        try reportStalls(start.rankZero, telemetry)
        let trainer = rows.handOver {
            Trainer(
                model: model, dataset: $0, validation: $1, communicator: world, configuration: configuration)
        }
        let request = stopRequest(start) {
            3 * (keeper?.writeSeconds ?? 0) + 2 * (telemetry?.iterationSeconds ?? 0)
        }
        if start.snapshot == nil, let parameters = start.parameters, try !trainer.begin(atBetterOf: parameters) {
            console.warn("the objective is higher at --start than without it: training begins anew")
        }
        let result = try trainer.run(
            observer: telemetry, from: start.snapshot, keeper: keeper, leavesObjective: plan.objectiveIsLossOfRows,
            stopRequested: { request.cause != nil })
        finished = result
        rows.take(back: trainer)
        // Other ranks have nothing to do until the files are on disk.
        try world.onRoot { keeper?.finish() }
        let refused = try world.allreduce(threadsWereRefused ? 1 : 0, .sum)
        if refused > 0 {
            console.warn(
                "on \(refused) of \(world.size) rank\(world.size == 1 ? "" : "s") the system gave fewer threads than "
                    + "--threads \(plan.threads): the others did their work too. See ulimit -u, and the job's limits.")
        }
        let isStopped = result.stopReason == .signal
        let cause = StopCause(code: isStopped ? try world.allreduce(request.cause?.code ?? 0, .maximum) : 0)
        telemetry?.note(
            RunEvent(
                "stop", iteration: result.iterations, seconds: result.seconds,
                [("reason", .string(cause?.name ?? result.stopReason.rawValue))]))
        try world.onRoot { telemetry?.finish(result) }
        telemetry = nil
        return TrainingEnd(result: result, cause: cause, checkpoint: keeper?.lastIteration ?? 0)
    }
}
