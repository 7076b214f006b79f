import MPI
import Telemetry

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
            try AtomicFile.write(report.html, to: path)
            StandardStream.output.say(path.printable + "\n")
        }
        return 0
    }
}

extension RunReport {
    /// Where the report of one run lies.
    static func path(in folder: String) -> String {
        var folder = folder
        while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
        return folder + "/report.html"
    }
}
