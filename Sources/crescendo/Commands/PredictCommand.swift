import ArgumentParser

struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Write predictions for the rows of DATA as CSV.",
        discussion: """
            Examples:
              crescendo predict --model runs/clicks new.svm > predictions.csv
              zcat new.csv.gz | crescendo predict --model model.safetensors -
              mpirun -n 8 crescendo predict --model runs/clicks new.svm --output predictions.csv

            One line per row of DATA, in its order: the identifying columns (--id), then the label and the \
            probability of each class, or the value. Rows need no label.
            """)

    @Option(help: ArgumentHelp("A run folder or a model file.", valueName: "run"), completion: .file())
    var model: String

    @Argument(help: ArgumentHelp("Data files, or - for standard input.", valueName: "data"), completion: .file())
    var data: [String]

    @Option(help: ArgumentHelp("Write to a file (default: standard output).", valueName: "file"))
    var output: String?

    @Flag(help: "Replace --output if it exists.")
    var overwrite = false

    @OptionGroup(title: "Reading") var reading: ReadingOptions

    @Option(
        help: ArgumentHelp("End the job when a rank does not answer for this long (default: 10m).", valueName: "time"))
    var stallTimeout: StallTimeout?
}
