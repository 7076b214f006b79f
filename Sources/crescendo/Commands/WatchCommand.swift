import ArgumentParser

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Watch a run: how it stands, its curves, where its time goes, what comes next.",
        discussion: """
            Examples:
              crescendo watch                     the newest run in the folder runs
              crescendo watch runs/clicks
              crescendo watch runs/clicks > log   no terminal: a line every few seconds until the run is over

            Reads the files of the run folder once a second, on any machine that sees the folder; the run does not notice. \
            A run that is not there yet is waited for. q or Ctrl-C leaves. Colours are left out where the environment \
            has NO_COLOR, and characters other than ASCII where the locale is not UTF-8.
            """)

    @Argument(
        help: ArgumentHelp(
            "A run folder, or a folder of runs, of which the newest is taken (default: runs).", valueName: "run"),
        completion: .directory)
    var path: String?

    @Flag(help: "Show the run as it is now, and leave.")
    var once = false
}
