import BigBatch
import Platform
import Runs
import Telemetry

/// All that `crescendo watch` knows of a run, gathered from its folder again and again.
public struct WatchedRun: Sendable {
    public private(set) var reader: RunFolderReader
    public internal(set) var history = RunHistory()
    /// The last iteration.
    public internal(set) var latest: IterationRecord?
    /// Losses on the rows held back, in order.
    public internal(set) var validation: [(iteration: Int, loss: Double)] = []
    /// The last events, oldest first; without those that tell times of ranks.
    public internal(set) var events: [RunEvent] = []
    /// The last event that tells times of ranks.
    public internal(set) var ranks: RankShares?
    /// N, the rows trained on; nil: unknown.
    public internal(set) var rows: Int?
    /// Seconds since the files last told something new; nil: they have told nothing yet.
    public private(set) var silence: Double?
    private var toldAt: Double?
    private var lastStatus: JSON?
    private static let eventsKept = 100

    public init(path: String) { reader = RunFolderReader(path: path) }

    package var configuration: ConfigurationText { ConfigurationText(reader.configuration ?? "") }

    /// Reads what is new.
    /// - Parameters:
    ///   - now: a clock in seconds that only moves forward.
    ///   - age: seconds since `metrics.jsonl` was last written; looked at on the first call only, when a clock of one's
    ///     own has seen nothing yet.
    /// - Returns: events that are new.
    @discardableResult
    public mutating func refresh(now: Double, age: () -> Double?) -> [RunEvent] {
        var newEvents: [RunEvent] = []
        var hasNews = false
        // Line by line: a long run has millions.
        var reader = self.reader
        reader.refresh(
            linesRestart: {
                hasNews = true
                history = RunHistory()
                latest = nil
                validation = []
            },
            line: {
                hasNews = true
                add($0.record)
            },
            eventsRestart: {
                events = []
                ranks = nil
            },
            event: {
                hasNews = true
                newEvents.append($0)
                add($0)
            })
        self.reader = reader
        if let rows = reader.result?["rows"]?.integer { self.rows = rows }
        if reader.status != lastStatus { hasNews = true }
        lastStatus = reader.status
        if hasNews {
            toldAt = toldAt == nil ? now - max(0, age() ?? 0) : now
        }
        silence = toldAt.map { now - $0 }
        return newEvents
    }

    package mutating func add(_ record: IterationRecord) {
        // The gradients of the first iteration are those of its batch.
        if record.iteration == 1, rows == nil, record.gradientPasses > 0 {
            let exact = Double(record.batchSize) / record.gradientPasses
            if exact < 1e15, abs(exact - exact.rounded()) < 1e-9 * exact { rows = Int(exact.rounded()) }
        }
        if let loss = record.validationLoss { validation.append((record.iteration, loss)) }
        latest = record
        history.add(record)
    }

    package mutating func add(_ event: RunEvent) {
        if event.kind == "ranks" {
            ranks = RankShares(event) ?? ranks
            return
        }
        // There are many checkpoints, and the last one counts.
        if event.kind == "checkpoint", events.last?.kind == "checkpoint" { events.removeLast() }
        events.append(event)
        if events.count > Self.eventsKept { events.removeFirst(events.count - Self.eventsKept) }
    }
}
