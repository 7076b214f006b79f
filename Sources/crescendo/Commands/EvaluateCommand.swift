import ArgumentParser

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Judge a model on labelled rows.",
        discussion: """
            Examples:
              crescendo evaluate --model runs/clicks held-out.svm
              mpirun -n 8 crescendo evaluate --model runs/clicks held-out.svm --json

            Prints accuracy, log loss and AUC for classes, RMSE and R² for values.
            """)

    @Option(help: ArgumentHelp("A run folder or a model file.", valueName: "run"), completion: .file())
    var model: String

    @Argument(help: ArgumentHelp("Data files.", valueName: "data"), completion: .file())
    var data: [String]

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Reading") var reading: ReadingOptions

    @Option(
        help: ArgumentHelp("End the job when a rank does not answer for this long (default: 10m).", valueName: "time"))
    var stallTimeout: StallTimeout?
}
