import ArgumentParser
import BigBatch

struct RunOptions: ParsableArguments {
    private static let standard = TrainerConfiguration()

    @Option(
        help: ArgumentHelp(
            "Folder for the run's files (default: a fresh one, runs/NAME-TIME).", valueName: "run"),
        completion: .directory)
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Write the coefficients of a linear model too, for other programs: FILE.csv or FILE.json.",
            valueName: "file"),
        completion: .file(extensions: ["csv", "json"]))
    var coefficientsFile: CoefficientsPath?

    @Option(
        help: ArgumentHelp(
            "Begin with the coefficients of another model, a run folder or a model file; features are matched by name.",
            discussion:
                "What is new starts at 0, and that is said. Networks need the same layers, features and classes.",
            valueName: "run"),
        completion: .file())
    var start: String?

    @Flag(
        inversion: .prefixedNo, exclusivity: .chooseLast,
        help: "Start anew in --output even if it holds a run; the old run is kept as RUN.old-1, RUN.old-2, …")
    var overwrite: Bool?

    @Option(
        help: ArgumentHelp(
            "Whether to go on with the run in --output (default: auto).",
            discussion: """
                auto: from its last checkpoint, on any number of ranks and threads; the data and the options that training \
                depends on must be the same. never: a folder that holds a run is refused.
                """))
    var resume: ResumeChoice?

    @Option(
        help: ArgumentHelp(
            "Time between checkpoints: 90, 30m, 2h; 0: only where the run stops (default: 5 s to 10m, a hundred times what "
                + "the last one took).",
            valueName: "time"))
    var checkpointEvery: CheckpointInterval?

    @Option(
        help: ArgumentHelp(
            "Read options from a YAML file; options on the command line win.",
            discussion: "Keys are option names without dashes. Relative paths are taken from the file's folder.",
            valueName: "file"), completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Relative error of the objective aimed at: smaller trains longer, 0 until it falls no more or a limit ends it "
                + "(default: \(standard.tolerance)).",
            valueName: "tolerance"),
        transform: NumberRange.nonNegative.parse)
    var tolerance: Double?

    @Option(
        help: ArgumentHelp(
            "Stop after this many passes over the data (default: none; networks: 40; 1000 for linear models with --step fixed "
                + "or sgd or --direction gradient, and no other limit).", valueName: "epochs"),
        transform: NumberRange.positive.parse)
    var maxEpochs: Double?

    @Option(
        help: ArgumentHelp(
            "Stop when the loss on held-back rows was not the lowest for this many evaluations, for networks one a pass "
                + "(default: \(standard.patience)).",
            valueName: "count"),
        transform: parseCount(atLeast: 1))
    var patience: Int?

    @Option(
        help: ArgumentHelp("Stop after this many iterations (default: none).", valueName: "count"),
        transform: parseCount(atLeast: 1))
    var maxIterations: Int?

    @Option(
        help: ArgumentHelp(
            "Stop after this much training over all starts of the run, and keep the model: 90 (seconds), 30m, 2h, HH:MM:SS; "
                + "loading counts (default: none).",
            valueName: "time"))
    var timeLimit: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "Stop before this moment of the local clock, with a checkpoint to go on from: 2025-01-31T14:25:01, or "
                + "@1738333501, seconds since 1970 (default: when the Slurm job ends, where Slurm tells).",
            discussion: """
                How long before: a tenth of the time that was left when the run started, 5 to 60 s, and what an iteration \
                and a checkpoint take.
                """,
            valueName: "moment"))
    var endTime: Moment?

    @Flag(
        inversion: .prefixedNo, exclusivity: .chooseLast,
        help: ArgumentHelp(
            "Go on to all rows and a bound on what is left to gain, also where a sample of the rows tells that it is within "
                + "the tolerance (default: no).",
            discussion: """
                For linear models. It takes several more passes over the data. The bound is at most ten times the tolerance; \
                where none that small is found, as without a penalty, the run says so.
                """))
    var certify: Bool?

    @Option(
        help: ArgumentHelp("Number that decides the order of rows (default: 0).", valueName: "number"),
        transform: parseSeed)
    var seed: UInt64?

    @Option(
        help: ArgumentHelp(
            "Threads per rank, at most 16 or four times the machine's processors (default: SLURM_CPUS_PER_TASK, else "
                + "OMP_NUM_THREADS, else 1).",
            valueName: "count"),
        transform: parseCount(atLeast: 1))
    var threads: Int?

    @Flag(
        inversion: .prefixedNo, exclusivity: .chooseLast,
        help: ArgumentHelp(
            "Write an event file for TensorBoard into RUN/tensorboard (default: yes).",
            discussion: "tensorboard --logdir runs shows all runs side by side, also while they train."))
    var tensorboard: Bool?

    @Option(
        help: ArgumentHelp(
            "Write the run's state every five seconds for the textfile collector of Prometheus' node_exporter "
                + "(default: no).",
            valueName: "file.prom"), completion: .file(extensions: ["prom"]),
        transform: { path in
            guard path.hasSuffix(".prom"), path.split(separator: "/").last != ".prom" else {
                throw ValidationError("expected a file whose name ends in .prom: the collector reads no other")
            }
            return path
        })
    var prometheus: String?

    @Flag(inversion: .prefixedNo, exclusivity: .chooseLast, help: "Print warnings and errors only.")
    var quiet: Bool?
}
