import ArgumentParser
import MPI
import Pages
import Planning
import Platform
import Telemetry

struct ReportCommand: RankCommand {
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

extension ReportCommand {
    func run(on world: any Communicator) throws -> Int32 { try ReportJob(command: self, world: world).run() }
}

/// `crescendo report`. Rank 0 reads and writes.
struct ReportJob {
    let command: ReportCommand
    let world: any Communicator

    func run() throws -> Int32 {
        try world.onRoot {
            let console = Console(speaks: true)
            // Among several, as runs/* gives them, one that is none must not cost the page.
            let report = try RunReport(
                folders: command.runs,
                refused: command.runs.count == 1 ? nil : { console.warn("left out: \($0)") })
            for gap in report.gaps { console.warn(gap) }
            let path = command.output ?? (command.runs.count == 1 ? RunReport.path(in: command.runs[0]) : "report.html")
            guard command.overwrite || !FileCheck.exists(path) || RunReport.isPage(path) else {
                throw FileWriteError(
                    path: path, reason: "it exists and is no report; choose another --output, or add --overwrite")
            }
            try AtomicFile.write(report.html, to: path)
            StandardStream.output.say(path.printable + "\n")
        }
        return 0
    }
}

extension RunReport {
    /// Whether a report is at a path, or something else than a file, which is no place for one.
    fileprivate static func isPage(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return true }
        var head = [UInt8](repeating: 0, count: 1 << 14)
        let count = head.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        return count > 0 && String(decoding: head[..<count], as: UTF8.self).contains(titleEnd)
    }

    /// Where the report of one run lies.
    static func path(in folder: String) -> String {
        var folder = folder
        while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
        return folder + "/report.html"
    }
}
