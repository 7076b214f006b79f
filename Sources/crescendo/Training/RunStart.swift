import BigBatch
import Datasets
import MPI
import Models
import Platform
import Runs
import Telemetry

/// How a run begins: from nothing, or where an earlier start of it has stopped.
struct RunStart {
    /// On rank 0: the folder's part of it.
    var rankZero: RankZero?
    /// Where to go on; the same on all ranks.
    var snapshot: Snapshot?
    /// Where to begin, where nothing is to be gone on with: another model's; the same on all ranks.
    var parameters: [Float]?

    struct RankZero {
        var folder: RunFolder
        var attempt: RunAttempt
        var fingerprint: RunFingerprint
        var point: FoundRun.Point?
        var head: Checkpoint.Head?
        /// For `events.jsonl`.
        var beginning: RunEvent
        var status: StatusFile

        /// The folder where it is now.
        var present: RunFolder { folder.at(attempt.place.path) }

        /// Writes into the folder, once more where it was renamed or deleted meanwhile.
        func write(_ body: (RunFolder) throws -> Void) throws {
            let folder = present
            do {
                try body(folder)
            } catch {
                let moved = present
                guard moved.path != folder.path else { throw error }
                try body(moved)
            }
        }

        /// Where an error ends it; that one counts.
        func fail(_ reason: String) {
            let iteration = StoredStatus(folder: present.path)?.iteration ?? 0
            try? status.write(.failed, reason: reason, iteration: iteration, seconds: 0)
        }
    }
}

/// What the folder allows, decided before anything in it is touched.
enum RunDecision {
    case fresh
    case goOn(FoundRun.Point, Checkpoint.Head)
    /// There is nothing left to do.
    case finished(String)

    /// - Throws: `RunFolderError` where the run in the folder is another one.
    init(_ folder: RunFolder, _ fingerprint: RunFingerprint, _ configuration: TrainerConfiguration) throws {
        guard case .checkpoint(let point) = folder.found else {
            self = .fresh
            return
        }
        let head = try point.checkpoint.head()
        let differences = fingerprint.differences(from: head.fingerprint)
        guard differences.isEmpty else {
            throw RunFolderError(
                description: "the run in \(folder.path.printable) was started with other data or options:\n"
                    + differences.map { "  \($0.printable)\n" }.joined() + "Give the same to go on with it ("
                    + ShellWord.quoted([
                        "crescendo", "train", "--config", folder.configuration, "--output", folder.path,
                    ])
                    + "), or choose another --output, or --overwrite to start anew and keep it under another "
                    + "name")
        }
        guard point.status?.state == "finished",
            !RunDecision.goesFurther(point.status?.reason ?? "", head, configuration),
            RunDecision.damage(of: folder) == nil
        else {
            self = .goOn(point, head)
            return
        }
        let reason = StopReason(rawValue: point.status?.reason ?? "")?.explanation ?? ""
        self = .finished(
            "The run in \(folder.path.printable) has finished already. \(reason)\n"
                + "A higher limit or a lower --tolerance goes on with it; --overwrite starts anew and keeps it under another "
                + "name.")
    }

    /// What a finished run should have left and cannot be read: the run goes on once more to write it.
    static func damage(of folder: RunFolder) -> String? {
        do {
            _ = try ModelFile.read(folder.model)
            guard try JSON(text: WholeFile.text(of: folder.result)).members != nil else {
                return "\(folder.result) holds no JSON object"
            }
            return nil
        } catch {
            return error is ModelError
                ? ModelLocation.withoutRemedy(error) : "\(folder.result) cannot be read: \(error)"
        }
    }

    /// Whether what ended a run would not end it now.
    private static func goesFurther(
        _ reason: String, _ head: Checkpoint.Head, _ configuration: TrainerConfiguration
    ) -> Bool {
        switch StopReason(rawValue: reason) {
        case .passLimit: configuration.maxEpochs.map { $0 > head.record.gradientPasses } ?? true
        case .iterationLimit: configuration.maxIterations.map { $0 > head.iteration } ?? true
        case .timeLimit: configuration.timeLimit.map { $0 > head.seconds } ?? true
        case .sampleTest: configuration.certify || configuration.tolerance < head.tolerance
        case .gradientNorm, .objectivePlateau: configuration.tolerance < head.tolerance
        case .validationPlateau: configuration.patience > head.patience
        case .lineSearchExhausted, .divergence, .signal, nil: false
        }
    }
}

extension TrainJob {
    /// Takes the folder and reads where to go on. Collective.
    /// - Returns: nil when there is nothing left to do, which has been said.
    func begin(
        _ folder: RunFolder?, _ plan: TrainingPlan, _ data: TrainingData, _ configuration: TrainerConfiguration
    ) throws -> RunStart? {
        var rankZero: RunStart.RankZero?
        var isFinished = false
        try world.onRoot {
            guard let folder else { return }
            let fingerprint = plan.fingerprint(data)
            switch try RunDecision(folder, fingerprint, configuration) {
            case .finished(let text):
                console.print(text)
                tidy(folder)
                if let path = command.run.coefficientsFile, access(path.path, F_OK) != 0 {
                    try path.write(try ModelFile.read(folder.model))
                }
                isFinished = true
            case .fresh: rankZero = try open(folder, plan, fingerprint, nil, nil)
            case .goOn(let point, let head):
                if point.status?.state == "finished", let damage = RunDecision.damage(of: folder) {
                    console.warn("the run had finished, but \(damage): its last checkpoint is used to write it anew")
                }
                rankZero = try open(folder, plan, fingerprint, point, head)
            }
        }
        if try world.broadcastValue(isFinished ? 1 : 0) == 1 { return nil }
        let point = rankZero?.point
        let parts = try [point?.checkpoint.document, point?.checkpoint.arrays].map {
            try world.broadcast(bytes: $0 ?? [])
        }
        rankZero?.point?.checkpoint = Checkpoint(document: [], arrays: [])
        guard !parts[0].isEmpty else { return RunStart(rankZero: rankZero) }
        let snapshot = try world.together { try Checkpoint(document: parts[0], arrays: parts[1]).snapshot() }
        return RunStart(rankZero: rankZero, snapshot: snapshot)
    }

    /// On rank 0.
    private func open(
        _ folder: RunFolder, _ plan: TrainingPlan, _ fingerprint: RunFingerprint, _ point: FoundRun.Point?,
        _ head: Checkpoint.Head?
    ) throws -> RunStart.RankZero {
        let old = try folder.open()
        if let old {
            say("The run that was in \(folder.path.printable) is now in \(old.printable).")
        }
        let launcher = world.size > 1 ? "mpirun -n \(world.size) " : ""
        let configuration = plan.resolved().yaml(header: [
            "Crescendo \(programVersion): the options of this run, defaults included. Once more:",
            "  \(launcher)" + ShellWord.quoted(["crescendo", "train", "--config", absolutePath(folder.configuration)]),
        ])
        let attempt = try RunAttempt(
            folder: folder, ranks: world.size, threads: plan.threads,
            expected: old == nil ? folder.lengthOfAttempts : 0, configuration: configuration,
            warn: { [console] in console.warn($0) })
        let status = StatusFile(
            attempt: attempt, ranks: world.size, threads: plan.threads, started: started)
        folder.clean()
        try status.write(.running, iteration: head?.iteration ?? 0, seconds: head?.seconds ?? 0)
        try AtomicFile.write(
            configuration, to: folder.configuration, lasting: .contents, beforeRename: attempt.check)
        for damaged in point?.damaged ?? [] {
            console.warn(
                "\(folder.checkpoints)/\(damaged.name.document) is passed over: \(damaged.reason). "
                    .printable + "An earlier checkpoint is used.")
        }
        if let head {
            say("resume  after iteration \(NumberFormat.count(head.iteration)), attempt \(attempt.number)")
        } else if attempt.number > 1 {
            say("resume  from the beginning: there is no checkpoint yet; attempt \(attempt.number)")
        }
        let beginning = RunEvent(
            attempt.number == 1 ? "start" : "restart", iteration: head?.iteration ?? 0, seconds: head?.seconds ?? 0,
            [
                ("ranks", .integer(world.size)), ("threads", .integer(plan.threads)), ("host", .string(attempt.host)),
                ("time", .string(started)),
            ])
        return RunStart.RankZero(
            folder: folder, attempt: attempt, fingerprint: fingerprint, point: point, head: head,
            beginning: beginning, status: status)
    }
}
