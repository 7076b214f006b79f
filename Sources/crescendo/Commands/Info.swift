import ArgumentParser
import BigBatch
import Datasets
import Evaluation
import MPI
import Models
import Platform
import Runs
import Telemetry

struct InfoCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show what a run or a model holds.",
        discussion: """
            Example:
              crescendo info runs/clicks

            Kind, classes, features, what was done to the data, what the columns do to the answer, and how the run ended.

            Files of the run that are damaged are named on standard error, with the remedy; what the others tell is shown, \
            and the exit code is 1.
            """)

    @Argument(help: ArgumentHelp("A run folder or a model file.", valueName: "run"), completion: .file())
    var path: String

    @Option(
        help: ArgumentHelp(
            "Write all coefficients of a linear model, for other programs: FILE.csv or FILE.json.", valueName: "file"),
        completion: .file(extensions: ["csv", "json"]))
    var coefficientsFile: CoefficientsPath?

    @Option(
        help: ArgumentHelp("How many columns to show (default: 10).", valueName: "count"),
        transform: parseCount(atLeast: 0))
    var coefficients: Int?
}

extension InfoCommand {
    func run(on world: any Communicator) throws -> Int32 { try InfoJob(command: self, world: world).run() }
}

/// `crescendo info`: what a model file and its run folder hold. Rank 0 reads and prints.
struct InfoJob {
    let command: InfoCommand
    let world: any Communicator

    func run() throws -> Int32 {
        var isDamaged = false
        try world.onRoot {
            try command.coefficientsFile?.check()
            let (lines, damage) = try look()
            StandardStream.output.say(lines.map(\.printable).joined(separator: "\n") + "\n")
            for text in damage { complain(text.printable) }
            isDamaged = !damage.isEmpty
            try command.coefficientsFile?.write(try ModelLocation(command.path).read())
        }
        return try world.broadcastValue(isDamaged ? 1 : 0) == 1 ? ExitCode.failure : 0
    }

    /// What is printed; names in it are as they are.
    func lines() throws -> [String] { try look().lines }

    /// What the files tell, and which of them cannot be read, each with the remedy.
    private func look() throws -> (lines: [String], damage: [String]) {
        let location = ModelLocation(command.path)
        guard location.isFolder else { return (modelLines(try location.read()), []) }
        var reader = RunFolderReader(path: location.path)
        let last = reader.lastRecord()
        var (lines, damage) = runLines(reader, last, location.path)
        // The class that the report speaks of.
        let positive = ["test", "validation", "train"].compactMap { reader.result?[$0]?["positive"]?.integer }.first
        // A run that was killed has no model, and still something to tell.
        if !lines.isEmpty, !location.hasModel {
            lines.append(line("model", "none: the run ended before it could write one"))
        } else {
            do {
                lines += modelLines(try location.read(), lookingFor: positive)
            } catch  where !lines.isEmpty {
                lines.append(line("model", "cannot be read"))
                damage.append(ModelLocation.withoutRemedy(error))
            }
        }
        return (lines, damage.map { $0 + remedy(location.path) })
    }

    /// A run whose files are damaged does not count as finished: see `RunDecision`.
    private func remedy(_ folder: String) -> String {
        let run = RunFolder(path: folder, overwrite: false)
        guard access(run.configuration, R_OK) == 0, !CheckpointFolder(path: run.checkpoints).names.isEmpty else {
            return ". Copy the file again; there is no checkpoint from which the run could write it anew."
        }
        return ". Copy the file again, or have the run write it anew from its last checkpoint: "
            + ShellWord.quoted(["crescendo", "train", "--config", run.configuration, "--output", folder])
    }

    private func line(_ name: String, _ text: String) -> String {
        name + String(repeating: " ", count: max(1, 14 - name.count)) + text
    }

    /// What the folder's files tell of the run; empty where it holds none.
    private func runLines(
        _ reader: RunFolderReader, _ last: IterationRecord?, _ folder: String
    ) -> (lines: [String], damage: [String]) {
        let gaps = reader.lineGaps.map { line("damaged", $0) }
        let damage = reader.faults.map { "\(folder)/\($0.dropLast())" }
        if let result = reader.result {
            return ([line("run", folder)] + gaps + stateLines(reader.status) + resultLines(result), damage)
        }
        guard reader.hasMetrics || reader.status != nil || !gaps.isEmpty || !damage.isEmpty else { return ([], []) }
        var lines = [line("run", folder)] + gaps + stateLines(reader.status)
        lines.append(line("ended", "unknown: there is no result.json that can be read, the run did not finish"))
        if let last {
            lines.append(
                line(
                    "last seen",
                    "iteration \(NumberFormat.count(last.iteration)), \(NumberFormat.duration(last.seconds)), "
                        + "\(NumberFormat.significant(last.gradientPasses, 3)) gradient passes, "
                        + "batch \(NumberFormat.count(last.batchSize)), loss \(NumberFormat.significant(last.loss, 6))")
            )
        }
        return (lines, damage)
    }

    /// From `status.json`, of a run that has not finished.
    private func stateLines(_ status: JSON?) -> [String] {
        guard let status, let state = status["state"]?.string, state != "finished" else { return [] }
        let reason = status["reason"]?.string ?? ""
        let place =
            "attempt \(status["attempt"]?.integer ?? 0), last checkpoint after iteration "
            + NumberFormat.count(status["iteration"]?.integer ?? 0)
        switch state {
        case "running": return [line("state", "running, or killed: \(place)")]
        case "interrupted": return [line("state", "interrupted by \(reason), can go on: \(place)")]
        default: return [line("state", "\(state): \(reason)")]
        }
    }

    private func resultLines(_ result: JSON) -> [String] {
        func count(_ key: String) -> String { result[key]?.integer.map { NumberFormat.count($0) } ?? "unknown" }
        func number(_ key: String, _ digits: Int) -> String {
            result[key]?.double.map { NumberFormat.significant($0, digits) } ?? "unknown"
        }
        var lines = [
            line("ended", StopReasonText.explain(result["stopReason"]?.string ?? "unknown")),
            line(
                "work",
                "\(count("iterations")) iterations, \(number("gradientPasses", 3)) gradient passes, "
                    + "\(number("seconds", 3)) s on \(count("ranks")) ranks × \(count("threads")) threads"),
            line("objective", "\(number("objective", 7)), λ = \(number("l2", 4))"),
        ]
        if let text = result["penalty"]?["explanation"]?.string { lines.append(line("choice", text.printable)) }
        for part in ["train", "validation", "test"] {
            let metrics = (result[part]?.members ?? []).compactMap { key, value -> String? in
                guard key != "rows", key != "loss", value.array == nil, value.members == nil else { return nil }
                return key + " " + (value.double.map { NumberFormat.significant($0, 5) } ?? "undefined")
            }
            if !metrics.isEmpty { lines.append(line(part, metrics.joined(separator: ", "))) }
        }
        return lines
    }

    private func modelLines(_ file: ModelFile, lookingFor positive: Int? = nil) -> [String] {
        let specification = file.specification
        let preprocessing = file.preprocessing
        var lines = [
            line(
                "model",
                (specification.network == nil
                    ? "\(specification.kind.rawValue), \(specification.hasIntercept ? "with" : "without") intercept, "
                    : "network, \(specification.kind.rawValue), \(NumberFormat.count(file.parameters.count)) parameters, ")
                    + "written by crescendo \(file.version)"),
            line("features", NumberFormat.count(specification.featureCount)),
        ]
        for (index, layer) in (specification.network?.layers ?? []).enumerated() {
            lines.append(line(index == 0 ? "layers" : "", layer.text))
        }
        if !file.classLabels.isEmpty {
            let shown = file.classLabels.prefix(20).joined(separator: ", ")
            lines.append(
                line("classes", "\(file.classLabels.count): \(shown)" + (file.classLabels.count > 20 ? ", …" : "")))
        }
        lines.append(line("scaling", preprocessing.standardization.kind.rawValue))
        for note in preprocessing.notes { lines.append(line("note", spelled(note))) }
        return lines + coefficientLines(file, lookingFor: positive)
    }

    /// What columns do to the answer, those of the largest influence first.
    private func coefficientLines(_ file: ModelFile, lookingFor positive: Int?) -> [String] {
        let count = command.coefficients ?? 10
        guard count > 0, var learned = LearnedModel(file, largest: count) else { return [] }
        if let positive { learned.look(for: positive, file.preprocessing.labels) }
        let shown = learned.columns.filter { $0.influence > 0 }
        guard !shown.isEmpty else { return ["", "no column has a coefficient other than 0"] }
        var lines = ["", "what it learned: \(learned.effectText)"]
        let width = min(30, shown.map { $0.name.count }.max() ?? 0)
        for column in shown {
            let name = column.kind == .feature ? "feature \(column.name)" : column.name
            lines.append(
                "  " + name + String(repeating: " ", count: max(2, width + 2 - name.count)) + learned.describe(column))
        }
        if learned.columnCount > shown.count {
            lines.append(
                "  … \(shown.count) of \(NumberFormat.count(learned.columnCount)) columns (--coefficients COUNT)")
        }
        for column in shown {
            if let gaps = column.gaps { lines.append(line("gaps", "\(column.name): \(gaps)")) }
        }
        for column in learned.leftOut { lines.append(line("left out", "\(column.name): \(column.reason)")) }
        return lines
    }
}
