import ArgumentParser

struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show what a run or a model holds.",
        discussion: """
            Example:
              crescendo info runs/clicks

            Kind, classes, features, what was done to the data, the largest coefficients, and how the run ended.
            """)

    @Argument(help: ArgumentHelp("A run folder or a model file.", valueName: "run"), completion: .file())
    var path: String

    @Option(
        help: ArgumentHelp("How many coefficients to show (default: 10).", valueName: "count"),
        transform: parseCount(atLeast: 0))
    var coefficients: Int?
}
