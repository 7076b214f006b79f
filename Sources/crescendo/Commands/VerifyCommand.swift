import ArgumentParser

struct VerifyCommand: ParsableCommand {
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
        var train = try CommandLineReader.merge(
            configuration, of: file, into: TrainCommand.parse(own), ["train"] + own)
        if threads == nil { train.run.threads = nil }
        // Nothing but the model and its path: no other files, no clocks, and the data files themselves.
        train.run.overwrite = nil
        train.run.resume = .never
        train.run.timeLimit = nil
        train.run.endTime = nil
        train.run.prometheus = nil
        train.run.tensorboard = false
        train.run.quiet = true
        train.trainingData.test = []
        train.trainingData.testLabels = []
        train.trainingData.cache = nil
        return train
    }
}
