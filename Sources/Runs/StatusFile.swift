import Platform
import Telemetry

/// `status.json`: what a run says of itself, for `crescendo launch` and for people. `StoredStatus` reads it.
package struct StatusFile: Sendable {
    package enum State: String {
        /// Training, or its process is dead: `launch` finds out which.
        case running
        case finished
        /// The same command goes on from the last checkpoint.
        case interrupted
        /// It would end the same way again.
        case failed
    }

    package let attempt: RunAttempt
    package let ranks: Int
    package let threads: Int
    /// ISO 8601, UTC.
    package let started: String

    package init(attempt: RunAttempt, ranks: Int, threads: Int, started: String) {
        self.attempt = attempt
        self.ranks = ranks
        self.threads = threads
        self.started = started
    }

    /// - Parameter iteration: that of the last checkpoint; at the end the last of all.
    /// - Throws: `LostRun`, `FileWriteError`.
    package func write(_ state: State, reason: String = "", iteration: Int, seconds: Double) throws {
        let json = JSON.object([
            ("state", .string(state.rawValue)),
            ("reason", .string(reason)),
            ("attempt", .integer(attempt.number)),
            ("iteration", .integer(iteration)),
            ("seconds", .number(seconds)),
            ("ranks", .integer(ranks)),
            ("threads", .integer(threads)),
            ("host", .string(attempt.host)),
            ("pid", .integer(attempt.process)),
            ("job", attempt.job.map { .string($0) } ?? .null),
            ("started", .string(started)),
            ("written", .string(timestamp())),
        ])
        // A run that was lost with its host goes on from its checkpoint, whatever stands here.
        try AtomicFile.write(
            json.indentedText, to: attempt.place.path + "/status.json", lasting: state == .running ? .nothing : .place,
            beforeRename: attempt.check)
    }
}
