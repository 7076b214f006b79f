import Cluster
import Platform
import Runs
import Telemetry

/// How one start of the ranks ended.
package enum RunOutcome: Equatable {
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
    package init(own: Int32?, before: StoredStatus?, after: StoredStatus?) {
        let hasBegun = (after?.attempt ?? 0) > (before?.attempt ?? 0)
        switch (hasBegun ? after?.state : nil, own) {
        case ("finished", _): self = .finished
        case ("failed", _): self = .failed(code: own.flatMap { $0 == 0 ? nil : $0 } ?? 1)
        case ("interrupted", _), (_, ExitCode.interrupted): self = .interrupted(reason: after?.reason ?? "")
        case (_, nil): self = .crashed(hasBegun: hasBegun)
        case (_, 0): self = .finished
        case (_, let code?): self = .failed(code: code)
        }
    }

    /// The signal by which somebody wants an interrupted run to stay so: one that `launch` got itself, or one that was sent
    /// to the ranks alone, as `scancel --signal` does. nil: it shall go on, in the job's next turn.
    package static func end(wantedBy signal: Int32?, _ reason: String) -> Int32? {
        [SIGTERM, SIGINT].first { $0 == signal || Signals.name($0) == reason }
    }
}

/// How often a run may crash.
package struct RetryBudget {
    /// Crashes in a row without a newer checkpoint.
    package let limit: Int
    package private(set) var crashes = 0

    package init(limit: Int) { self.limit = limit }

    /// Seconds to wait before the next start: 1, 2, 4, … 60; nil when there shall be none.
    package mutating func pause(afterProgress: Bool) -> Double? {
        crashes = afterProgress ? 1 : crashes + 1
        guard crashes <= limit else { return nil }
        return Double(min(60, 1 << min(6, crashes - 1)))
    }
}
