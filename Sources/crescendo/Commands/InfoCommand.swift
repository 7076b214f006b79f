import ArgumentParser

struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show what a run or a model holds.",
        discussion: """
            Example:
              crescendo info runs/clicks

            Kind, classes, features, what was done to the data, the largest coefficients, and how the run ended.

            Files of the run that are damaged are named on standard error, with the remedy; what the others tell is shown, \
            and the exit code is 1.
            """)

    @Argument(help: ArgumentHelp("A run folder or a model file.", valueName: "run"), completion: .file())
    var path: String

    @Option(
        help: ArgumentHelp("How many coefficients to show (default: 10).", valueName: "count"),
        transform: parseCount(atLeast: 0))
    var coefficients: Int?
}
