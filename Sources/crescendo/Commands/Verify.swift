import ArgumentParser
import BigBatch
import FoundationEssentials
import MPI
import Models
import Platform
import Runs
import Telemetry

struct VerifyCommand: RankCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Train a finished run again and say whether the result is the same, bit for bit.",
        discussion: """
            Examples:
              crescendo verify runs/clicks
              mpirun -n 4 crescendo verify runs/clicks copy-of/clicks.csv

            Trains with the options of config.yaml, on whatever ranks and threads there are here, in a temporary folder, and \
            compares the model's parameters and every iteration of metrics.jsonl. The run stays as it is.

            The result is the same on any machine with AVX2 and FMA, on any number of ranks and threads.

            Exit codes: 0 the same; 1 not the same, and the first iteration that differs is named, or the run cannot be \
            trained again.
            """)

    @Argument(help: ArgumentHelp("A run folder.", valueName: "run"), completion: .directory)
    var path: String

    @Argument(
        help: ArgumentHelp(
            "The data files, where they are elsewhere now (default: those of the run).", valueName: "data"),
        completion: .file())
    var data: [String] = []

    @Option(
        help: ArgumentHelp("Threads per rank (default: as for train).", valueName: "count"),
        transform: parseCount(atLeast: 1))
    var threads: Int?

    /// `train` as the run was started, where it is to be trained again.
    func training(configuration: String, file: String) throws -> TrainCommand {
        var own = threads.map { ["--threads", "\($0)"] } ?? []
        if !data.isEmpty { own += ["--"] + data }
        var train = try TrainCommand.parse(own).merging(configuration, of: file, ["train"] + own)
        if threads == nil { train.run.threads = nil }
        // Nothing but the model and its path: no other files, no clocks, and the data files themselves.
        train.run.overwrite = nil
        train.run.resume = .never
        train.run.timeLimit = nil
        train.run.endTime = nil
        train.run.prometheus = nil
        train.run.tensorboard = false
        train.run.quiet = true
        // A share of the rows is held back as it was.
        if train.trainingData.testShare == nil { train.trainingData.test = [] }
        train.trainingData.testLabels = []
        train.trainingData.cache = nil
        return train
    }
}

extension VerifyCommand {
    static let traits: Set<CommandTrait> = [.needsRanks]

    func run(on world: any Communicator) throws -> Int32 { try VerifyJob(command: self, world: world).run() }
}

/// `crescendo verify` on all ranks. Rank 0 reads and compares.
struct VerifyJob {
    let command: VerifyCommand
    let world: any Communicator

    func run() throws -> Int32 {
        let console = Console(speaks: world.rank == 0)
        let old = try world.onRoot { try StoredRun(folder: command.path) }
        let configuration = try world.onRoot { try WholeFile.text(of: command.path + "/config.yaml") }
        let text = try world.broadcast(bytes: Array((configuration ?? "").utf8))
        var training = try world.together {
            try command.training(
                configuration: String(decoding: text, as: UTF8.self), file: command.path + "/config.yaml")
        }
        // A clock or a signal ended it: this one ends there too.
        let limit = try world.broadcastValue(Double(old?.iterations ?? 0))
        let wasCut = try world.broadcastValue(old?.wasCut == true ? 1.0 : 0.0)
        if wasCut == 1 { training.run.maxIterations = max(1, Int(limit)) }
        let folder = try world.onRoot { try TemporaryFolder() }
        defer { folder?.remove() }
        let place = try world.broadcast(bytes: Array((folder?.path ?? "").utf8))
        training.run.output = String(decoding: place, as: UTF8.self) + "/run"
        console.print("training \(command.path) again on \(world.size) rank\(world.size == 1 ? "" : "s")")
        _ = try TrainJob(training, world: world).run()
        let verdict = try world.onRoot { () -> Verdict in
            guard let old, let folder else { return Verdict(isSame: false, text: "") }
            return Verdict(old, try StoredRun(folder: folder.path + "/run"))
        }
        if let verdict { console.print(verdict.text) }
        return try world.broadcastValue(verdict?.isSame == true ? 0.0 : 1.0) == 0 ? 0 : ExitCode.failure
    }

    /// What is left of a run.
    fileprivate struct StoredRun {
        let model: ModelFile
        let lines: [MetricsLine]
        let iterations: Int
        let wasCut: Bool
        let objective: Double?

        init(folder: String) throws {
            var reader = RunFolderReader(path: folder)
            lines = reader.refresh().lines
            guard let result = reader.result, let found = result["iterations"]?.integer else {
                throw RunFolderError(description: "\(folder) holds no result.json of a run that has ended")
            }
            iterations = found
            objective = result["objective"]?.double
            let reason = result["stopReason"]?.string.flatMap { StopReason(rawValue: $0) }
            wasCut = reason == .timeLimit || reason == .signal
            model = try ModelLocation(folder).read()
        }

        /// What the model computes with. What else its file says may be said in other words.
        var bits: [UInt64] {
            let scaling = model.preprocessing.standardization
            return model.parameters.map { UInt64($0.bitPattern) } + (scaling.mean + scaling.scale).map(\.bitPattern)
        }
    }

    fileprivate struct Verdict {
        let isSame: Bool
        let text: String

        init(isSame: Bool, text: String) {
            self.isSame = isSame
            self.text = text
        }

        init(_ old: StoredRun, _ new: StoredRun) {
            let parting = Verdict.parting(old.lines, new.lines)
            guard old.bits != new.bits || parting != nil else {
                isSame = true
                text =
                    "the same: \(NumberFormat.count(new.iterations)) iterations and "
                    + "\(NumberFormat.count(new.model.parameters.count)) parameters, bit for bit"
                return
            }
            isSame = false
            let found = [old.objective, new.objective].map { $0.map { "\($0)" } ?? "none" }
            text =
                "not the same: " + (parting ?? "the paths agree, the models do not")
                + "; objective \(found[0]) then, \(found[1]) now. A run that went on with another --tolerance, or with --certify, "
                + "cannot be trained again in one go."
        }

        /// The first iteration in which the two differ.
        private static func parting(_ old: [MetricsLine], _ new: [MetricsLine]) -> String? {
            let known = Dictionary(
                new.map { ($0.record.iteration, $0.record) }, uniquingKeysWith: { first, _ in first })
            for line in old {
                let record = line.record
                // Long runs put several iterations on a line, not always the same ones.
                guard let other = known[record.iteration] else { continue }
                for (name, path) in fields where record[keyPath: path].bitPattern != other[keyPath: path].bitPattern {
                    return "iteration \(record.iteration) has \(name) \(record[keyPath: path]) then, "
                        + "\(other[keyPath: path]) now"
                }
                if record.batchSize != other.batchSize {
                    return
                        "iteration \(record.iteration) has batchSize \(record.batchSize) then, \(other.batchSize) now"
                }
            }
            let ends = (old.last?.record.iteration ?? 0, new.last?.record.iteration ?? 0)
            return ends.0 == ends.1 ? nil : "\(ends.0) iterations then, \(ends.1) now"
        }

        private static var fields: [(String, KeyPath<IterationRecord, Double>)] {
            [
                ("gradientPasses", \.gradientPasses), ("loss", \.loss), ("gradientNorm", \.gradientNorm),
                ("signalToNoise", \.signalToNoise), ("stepSize", \.stepSize),
            ]
        }
    }

    /// Gone with the command.
    private struct TemporaryFolder {
        let path: String

        init() throws {
            let parent = Environment["TMPDIR"] ?? "/tmp"
            var template = Array("\(parent)/crescendo-verify.XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else {
                throw RunFolderError(
                    description: "cannot make a folder in \(parent): \(String(cString: strerror(errno))); set TMPDIR")
            }
            path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }

        func remove() { try? FileManager.default.removeItem(atPath: path) }
    }
}
