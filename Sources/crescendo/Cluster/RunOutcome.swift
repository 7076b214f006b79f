import Platform
import Telemetry

/// What a run says of itself in `status.json`.
struct StoredStatus: Equatable {
    var state: String
    var reason: String
    /// Counts the starts of the run in its folder.
    var attempt: Int
    var iteration: Int

    init(state: String, reason: String = "", attempt: Int, iteration: Int) {
        self.state = state
        self.reason = reason
        self.attempt = attempt
        self.iteration = iteration
    }

    /// nil where there is none, or none that can be read.
    init?(folder: String) {
        guard let text = try? ConfigurationFile.text(of: folder + "/status.json"),
            let json = try? JSON(text: text), let state = json["state"]?.string
        else { return nil }
        func number(_ key: String) -> Int { max(0, json[key]?.integer ?? 0) }
        self.init(
            state: state, reason: json["reason"]?.string ?? "", attempt: number("attempt"),
            iteration: number("iteration"))
    }
}

/// How one start of the ranks ended.
enum RunOutcome: Equatable {
    case finished
    /// It would end the same way again.
    case failed(code: Int32)
    /// With a checkpoint from which the same command goes on.
    case interrupted(reason: String)
    /// A rank, a host or the network was lost. `hasBegun`: the ranks had found each other.
    case crashed(hasBegun: Bool)

    /// The run's own words count, not the launcher's code: srun has answered 0 after the loss of a host, and mpirun 1 to a
    /// signal as well as to bad data.
    ///
    /// - Parameters:
    ///   - own: the code that the program itself wanted to end with; nil: it came to no orderly end.
    ///   - before: the status that the start found.
    init(own: Int32?, before: StoredStatus?, after: StoredStatus?) {
        let hasBegun = (after?.attempt ?? 0) > (before?.attempt ?? 0)
        switch (hasBegun ? after?.state : nil, own) {
        case ("finished", _): self = .finished
        case ("failed", _): self = .failed(code: own.flatMap { $0 == 0 ? nil : $0 } ?? 1)
        case ("interrupted", _), (_, RunCode.interrupted): self = .interrupted(reason: after?.reason ?? "")
        case (_, nil): self = .crashed(hasBegun: hasBegun)
        case (_, 0): self = .finished
        case (_, let code?): self = .failed(code: code)
        }
    }

    /// The signal by which somebody wants an interrupted run to stay so: one that `launch` got itself, or one that was sent
    /// to the ranks alone, as `scancel --signal` does. nil: it shall go on, in the job's next turn.
    static func end(wantedBy signal: Int32?, _ reason: String) -> Int32? {
        [SIGTERM, SIGINT].first { $0 == signal || Signals.name($0) == reason }
    }
}

/// Tells `launch` with which code the program ends: launchers change it.
enum ExitNote {
    static let variable = "CRESCENDO_EXIT_NOTE"

    /// A name for a note, in the present folder or else at home, as ranks on other hosts see them. Another name each time:
    /// file systems of networks remember that a file was not there.
    static func fresh(job: String?) throws -> String {
        let here = String(absolutePath("").dropLast())
        guard
            let folder = [here, Environment["HOME"]].compactMap({ $0 }).first(where: { access($0, W_OK | X_OK) == 0 })
        else {
            throw StartError(
                description:
                    "launch cannot write to the folder \(ShellWord.quoted(here)), where the ranks leave word of "
                    + "how they ended; start it in another one")
        }
        let name = [".crescendo-exit", job, "\(getpid())", "\(Int(monotonicSeconds() * 1000))"]
        return folder + "/" + name.compactMap { $0 }.joined(separator: "-")
    }

    /// Called on rank 0 at the end of the program.
    static func write(_ code: Int32) {
        if let path = Environment[variable] { try? AtomicFile.write("\(code)\n", to: path) }
    }

    /// Where a rank leaves word that somebody sent it SIGTERM or SIGINT, should it come to no orderly end; nil: `launch` has
    /// not started it.
    static var mark: String? { Environment[variable].map { $0 + ".signal" } }

    /// Reads a note and the word of a signal, and removes them.
    static func take(_ path: String) -> (code: Int32?, signal: Int32?) {
        func number(_ path: String) -> Int32? {
            let text = try? ConfigurationFile.text(of: path)
            unlink(path)
            return text.flatMap { Int32($0.prefix { $0 != "\n" }) }
        }
        return (number(path), number(path + ".signal"))
    }
}

/// How often a run may crash.
struct RetryBudget {
    /// Crashes in a row without a newer checkpoint.
    let limit: Int
    private(set) var crashes = 0

    init(limit: Int) { self.limit = limit }

    /// Seconds to wait before the next start: 1, 2, 4, … 60; nil when there shall be none.
    mutating func pause(afterProgress: Bool) -> Double? {
        crashes = afterProgress ? 1 : crashes + 1
        guard crashes <= limit else { return nil }
        return Double(min(60, 1 << min(6, crashes - 1)))
    }
}
