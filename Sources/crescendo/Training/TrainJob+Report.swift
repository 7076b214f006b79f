import BigBatch
import Datasets
import Evaluation
import MPI
import Models
import Pages
import Platform
import Runs
import Telemetry

/// What is said about a table after its rows have gone to their owners.
struct TableSummary {
    let rows: Int
    let columns: Int
    let density: Double
    let format: DataFile.Format
    let labels: LabelSummary
    /// Of classes that are texts, as `labels` counts them.
    let labelNames: [String]
    let notes: [String]

    init(_ table: DistributedTable) {
        rows = table.rows
        columns = table.columns
        density = table.density
        format = table.format
        labels = table.labels
        labelNames = table.labelNames
        notes = table.notes
    }
}

extension TrainJob {
    /// Says what will be trained on what.
    func describe(_ plan: TrainingPlan, _ data: TrainingData, _ table: TableSummary) {
        guard world.rank == 0, !(command.run.quiet ?? false) else { return }
        let storage = if case .dense = data.training.features { "dense" } else { "sparse" }
        // What was chosen by the data is among the notes.
        let scaling =
            switch (command.model.standardize ?? .auto, plan.standardization) {
            case (.auto, _): ""
            case (_, .mixed): ", scaled to mean 0 and deviation 1 but for zeros and ones"
            case (_, .zscore): ", scaled to mean 0 and deviation 1"
            case (_, .maxabs): ", scaled by the largest magnitude"
            case (_, .unit): ", all divided by one number"
            case (_, .none): ", not scaled"
            }
        console.print(
            "data    \(NumberFormat.count(table.rows)) rows × \(NumberFormat.count(table.columns)) features, "
                + "\(NumberFormat.percent(table.density)) non-zero, \(table.format.rawValue), kept \(storage)\(scaling)"
        )
        console.print("labels  \(describe(table, data.preprocessing.labels).printable)")
        for note in data.preprocessing.notes { console.print("note    \(spelled(note).printable)") }
        console.print(
            "model   \(plan.modelText), \(penaltyText(plan))"
                + (plan.reason.map { ". \($0)" } ?? ""))
        console.print(
            "ranks   \(world.size) × \(plan.threads) thread\(plan.threads == 1 ? "" : "s")")
        if let processors = usableProcessors(), plan.threads > processors {
            console.print(
                "note    \(plan.threads) threads take turns on \(processors) processor\(processors == 1 ? "" : "s"), all "
                    + "that this rank may use: give it more (mpirun --map-by slot:PE=\(plan.threads), "
                    + "srun --cpus-per-task) or ask for fewer threads")
        }
    }

    private func penaltyText(_ plan: TrainingPlan) -> String {
        guard let l2 = plan.penalty.number else { return "λ by cross-validation in \(plan.folds) folds" }
        return "λ = \(NumberFormat.significant(l2, 4))"
            + (command.model.l2 == nil && plan.network == nil ? " (1/N)" : "")
    }

    private func describe(_ table: TableSummary, _ encoding: LabelEncoding) -> String {
        let labels = table.labels
        guard case .classes(let names) = encoding else {
            return "numbers from \(NumberFormat.significant(labels.minimum, 5)) "
                + "to \(NumberFormat.significant(labels.maximum, 5))"
        }
        let counts = encoding.counts(labels, names: table.labelNames)
        let shares = counts.map { NumberFormat.percent(Double($0) / Double(labels.count)) }
        let shown = zip(names, shares).prefix(10).map { "\($0) (\($1))" }.joined(separator: ", ")
        return "\(names.count) classes: \(shown)" + (names.count > 10 ? ", …" : "")
    }

    /// Writes the model, judges it and says how it went. Returns the exit code: never that of a success, nor that the same
    /// command goes on, where the folder is no longer the one that was asked for.
    func conclude(
        _ report: ResultFile, _ trained: TrainedModel, _ rows: RunRows, _ test: Dataset?,
        _ start: RunStart.RankZero?, _ end: TrainingEnd
    ) throws -> Int32 {
        var code = try settle(report, trained, rows, test, start, end)
        if code == 0, let path = command.run.coefficientsFile {
            // What was asked for and is not there is no success; the model is there.
            var isWritten = true
            try world.onRoot {
                guard start != nil else { return }
                do {
                    try path.write(try modelFile(trained, rows))
                } catch {
                    isWritten = false
                    complain(
                        "\(error). The model is there: 'crescendo info RUN --coefficients-file FILE.csv' writes them."
                            .printable)
                }
            }
            if try world.broadcastValue(isWritten ? 1 : 0) == 0 { code = ExitCode.failure }
        }
        let displacement = start?.attempt.place.displacement
        guard try world.broadcastValue(displacement == nil ? 0 : 1) == 1 else { return code }
        if let displacement { complain(displacement) }
        return code == 0 || code == ExitCode.interrupted ? ExitCode.failure : code
    }

    private func settle(
        _ unjudged: ResultFile, _ trained: TrainedModel, _ rows: RunRows, _ test: Dataset?,
        _ start: RunStart.RankZero?, _ end: TrainingEnd
    ) throws -> Int32 {
        var report = unjudged
        let cause = end.cause
        // The checkpoint is there by now. A launcher that was told to stop leaves a second or so for the rest.
        try world.onRoot {
            guard let start else { return }
            try start.attempt.check()
            func writeModel() throws {
                let file = try modelFile(trained, rows)
                report.learned = LearnedModel(file, largest: LearnedModel.listed)
                try start.write { try file.write(to: $0.model, lasting: .contents, beforeRename: start.attempt.check) }
            }
            guard let cause else { return try writeModel() }
            // A full disk takes nothing from a run that goes on later.
            try warning {
                try start.status.write(
                    .interrupted, reason: cause.name, iteration: end.checkpoint, seconds: report.result.seconds)
            }
            sayInAnyCase(cause.explanation(folder: start.present.path, end))
            try warning {
                try writeModel()
                try write(report, start)
            }
        }
        // A run that goes on later has no time to lose.
        if let cause, cause.exitCode == ExitCode.interrupted { return cause.exitCode }
        func judge(_ rows: Dataset?, detailed: Bool, isUnseen: Bool = true) throws -> Quality? {
            try rows.map {
                try Quality.measure(
                    trained, on: $0, detailed: detailed, isUnseen: isUnseen && detailed,
                    positive: command.trainingData.positive == nil ? nil : 1,
                    communicator: world)
            }
        }
        // The report draws the rows that tell most.
        report.train = try judge(
            rows.training, detailed: test == nil && rows.validation == nil, isUnseen: false)
        report.validation = try judge(rows.validation, detailed: test == nil)
        report.test = try judge(test, detailed: true)
        let sampled = [test, rows.validation, rows.training].compactMap { $0 }.first {
            $0.order.count >= PermutationImportance.fewestRows
        }
        if trained.specification.network != nil, let judged = sampled {
            report.importance = try PermutationImportance(
                trained, rows.preprocessing, on: judged, communicator: world)
        }
        if case .classes(let names) = rows.preprocessing.labels, names.count <= ConfusionMatrix.largestCounted {
            report.classes = names
        }
        // Of a run that a sample ended only an estimate is known.
        if !report.objective.isFinite || report.result.sampleTest != nil, let train = report.train {
            let weights = trained.parameters.prefix(trained.model.penalisedCount)
            let penalty = 0.5 * report.l2 * weights.reduce(0.0) { $0 + Double($1) * Double($1) }
            report.objective = train.loss + penalty * trained.labels.lossUnit
        }
        report.label = rows.preprocessing.schema?.label.name
        if let positive = (report.test ?? report.validation ?? report.train)?.positive?.index {
            report.learned?.look(for: positive, rows.preprocessing.labels)
        }
        report.remarks =
            rows.remarks
            + Remarks.of(
                report, trained.specification, command.expert, certifies: command.run.certify ?? false)
        let reason = report.result.stopReason
        try world.onRoot {
            guard let start else { return }
            guard cause == nil else {
                try warning { try write(report, start) }
                return draw(start)
            }
            try write(report, start)
            try start.write { folder in
                try start.status.write(
                    reason == .divergence ? .failed : .finished, reason: reason.rawValue,
                    iteration: report.result.iterations, seconds: report.result.seconds)
                if reason.isConvergence { CheckpointFolder(path: folder.checkpoints).prune(keeping: 1) }
                ChoiceStore.remove(folder)
            }
            draw(start)
        }
        summarise(report, start?.present)
        if let cause { return cause.exitCode }
        guard reason == .divergence else { return 0 }
        if isQuiet { console.warn("training diverged: the loss is above that of the start, or not finite") }
        return ExitCode.diverged
    }

    /// Turns an error into a warning, but for the loss of the folder.
    private func warning(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as LostRun {
            throw error
        } catch {
            console.warn("\(error)")
        }
    }

    private func modelFile(_ trained: TrainedModel, _ rows: RunRows) throws -> ModelFile {
        ModelFile(
            specification: trained.specification, parameters: trained.parameters, preprocessing: rows.preprocessing,
            meanSquares: trained.specification.network == nil ? rows.training?.columnSquares : nil,
            version: programVersion,
            notes: ["reading": try StoredReading(command.reading.applied()).text].merging(
                command.trainingData.positive.map { ["positive": $0] } ?? [:]
            ) { $1 })
    }

    private func write(_ report: ResultFile, _ start: RunStart.RankZero) throws {
        var report = report
        report.finished = timestamp()
        let text = report.json.indentedText
        // In its place it lasts with `status.json`, which says last of all that the run has finished.
        try start.write {
            try AtomicFile.write(text, to: $0.result, lasting: .contents, beforeRename: start.attempt.check)
        }
    }

    /// The page for people; a run does not fail for want of it.
    private func draw(_ start: RunStart.RankZero) {
        draw(start.present.path, check: start.attempt.check)
    }

    /// What a run that finished and was killed then had no time for.
    func tidy(_ folder: RunFolder) {
        folder.clean()
        let reason = StoredStatus(folder: folder.path).flatMap { StopReason(rawValue: $0.reason) }
        CheckpointFolder(path: folder.checkpoints).prune(keeping: reason?.isConvergence ?? false ? 1 : 2)
        if access(RunReport.path(in: folder.path), F_OK) != 0 { draw(folder.path) {} }
    }

    private func draw(_ folder: String, check: () throws -> Void) {
        do {
            try AtomicFile.write(
                RunReport(folders: [folder]).html, to: RunReport.path(in: folder), lasting: .nothing,
                beforeRename: check)
        } catch {
            console.warn("\(error). The run has no report; 'crescendo report' draws it later.")
        }
    }

    private func summarise(_ report: ResultFile, _ folder: RunFolder?) {
        guard let folder, !(command.run.quiet ?? false) else { return }
        let qualities = [("training", report.train), ("validation", report.validation), ("test", report.test)]
        var summary = Summary(
            result: report.result,
            qualities: qualities.flatMap { name, quality in
                quality.map { $0.lines(name, classes: report.classes) } ?? []
            },
            remarks: report.remarks, objective: report.objective, loadSeconds: report.loadSeconds, folder: folder.path,
            files: ["report.html", "model.safetensors", "result.json", "metrics.jsonl", "config.yaml"]
                + (report.penalty == nil ? [] : ["penalty.json"]))
        let (name, judged) =
            report.test.map { ("test rows", $0) } ?? report.validation.map { ("validation rows", $0) }
            ?? ("training rows", report.train)
        summary.verdict = judged?.verdict(rows: name, classes: report.classes)
        console.print("\n" + summary.text)
    }
}
