import ArgumentParser
import Cluster
import MPI
import Platform
import Telemetry
import Watch

struct WatchCommand: RankCommand {
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

extension WatchCommand {
    static let traits: Set<CommandTrait> = [.runsAlone]

    func run(on world: any Communicator) throws -> Int32 { try WatchJob(command: self).run() }
}

/// `crescendo watch`: looks at a run folder again and again, and shows it on a terminal or in lines.
final class WatchJob {
    private let command: WatchCommand
    private var watched: WatchedRun
    /// Files are looked at once a second: often enough to see, and nothing to a shared file system.
    private let interval = 1.0

    init(command: WatchCommand) {
        self.command = command
        watched = WatchedRun(path: NewestRun.find(command.path ?? "runs"))
    }

    /// Returns the exit code: that of a run that failed is 1 where no terminal shows it.
    func run() throws -> Int32 {
        if command.once { return try showOnce() }
        return Terminal.isThere ? try showOnTerminal() : try showInLines()
    }

    private func refresh() -> [RunEvent] {
        // A folder of runs may have got its first one.
        if watched.stage == .absent { watched = WatchedRun(path: NewestRun.find(command.path ?? "runs")) }
        let metrics = watched.reader.path + "/metrics.jsonl"
        return watched.refresh(
            now: monotonicSeconds(),
            age: { NewestRun.modificationTime(metrics).map { unixSeconds() - $0 } })
    }

    private func picture(_ size: (columns: Int, rows: Int), colour: Bool) -> [String] {
        let style = Dashboard.Style(unicode: Terminal.isUnicode, columns: size.columns, rows: size.rows)
        return Dashboard.lines(watched, style).map { $0.rendered(columns: size.columns, colour: colour) }
    }

    private func showOnce() throws -> Int32 {
        _ = refresh()
        guard watched.stage != .absent else {
            throw StartError(description: "\(watched.reader.path.printable): no run is in this folder")
        }
        let isTerminal = Terminal.isThere
        let columns = isTerminal ? Terminal.size.columns : 80
        var lines = picture((columns, 40), colour: isTerminal && Terminal.wantsColour)
        // The word on keys is for pictures that stay.
        lines.removeLast()
        while lines.last?.isEmpty == true { lines.removeLast() }
        StandardStream.output.write(lines.joined(separator: "\n") + "\n")
        return 0
    }

    private func showInLines() throws -> Int32 {
        var text = WatchText()
        while true {
            let events = refresh()
            let lines = text.lines(watched, events: events, now: monotonicSeconds())
            // The program's end tells of what was not written.
            if !lines.isEmpty, !StandardStream.output.write(lines.joined(separator: "\n") + "\n") { return 0 }
            if watched.stage.isOver {
                if case .failed = watched.stage { return ExitCode.failure }
                return 0
            }
            sleepFor(interval)
        }
    }

    private func showOnTerminal() throws -> Int32 {
        // A terminal is put back whatever ends the program: these wait until they are asked for.
        let inbox = SignalInbox([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH])
        let terminal = Terminal()
        terminal.enter()
        defer { terminal.leave() }
        let colour = Terminal.wantsColour
        var size = Terminal.size
        var readAt = -Double.infinity
        // The files of a long run take a moment.
        _ = terminal.draw(["reading \(watched.reader.path)"])
        while true {
            let now = monotonicSeconds()
            if now - readAt >= interval {
                _ = refresh()
                readAt = now
            }
            guard terminal.draw(picture(size, colour: colour)) else { return 0 }
            let due = readAt + interval
            var changed = false
            while !changed, monotonicSeconds() < due {
                switch terminal.key(within: min(0.1, max(0, due - monotonicSeconds()))) {
                case .leave?, .end?: return 0
                case .other?, nil: break
                }
                while let signal = inbox.next(within: 0) {
                    switch signal {
                    case SIGWINCH: break
                    case SIGTSTP:
                        terminal.leave()
                        kill(getpid(), SIGSTOP)
                        terminal.enter()
                    default: return signal == SIGINT ? 0 : ExitCode.stopped(by: signal)
                    }
                    changed = true
                }
                // Not every multiplexer sends the signal.
                let current = Terminal.size
                if current != size {
                    size = current
                    changed = true
                }
            }
        }
    }

    private func sleepFor(_ seconds: Double) { usleep(UInt32(seconds * 1e6)) }
}
