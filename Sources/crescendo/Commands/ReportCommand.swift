import ArgumentParser

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Draw a run, or several side by side, as one HTML page.",
        discussion: """
            Examples:
              crescendo report runs/clicks                        writes runs/clicks/report.html
              crescendo report runs/clicks runs/clicks-2          compares the two, in report.html
              crescendo report runs/* --output comparison.html

            How good the model is, how training went, what the method decided, where the time went, options and \
            machines. The page needs no network and prints well. Works on a run that still goes on.

            Of several, those that hold no run are named on standard error and left out, as are damaged files of a run; \
            the exit code is 0 as long as there is a page, and 1 where nothing could be drawn.
            """)

    @Argument(help: ArgumentHelp("Run folders, at most 26.", valueName: "run"), completion: .directory)
    var runs: [String]

    @Option(
        help: ArgumentHelp(
            "Where to write the page (default: report.html in the folder of a single run, else in the present folder).",
            valueName: "file"))
    var output: String?

    @Flag(help: "Replace the page if it exists; one of an earlier report is replaced without.")
    var overwrite = false
}
