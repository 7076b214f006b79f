import BigBatch
import Platform
import Synchronization

/// How training goes: one live line on a terminal, a line every few seconds in a log file.
public final class ProgressLine: Sendable {
    private let console: Console
    /// N, the rows trained on.
    private let rows: Int
    private let state = Mutex(State())

    private struct State {
        var latest: IterationRecord?
        /// What the previous line showed: rates and shares are taken since then.
        var shown = IterationRecord()
        var shownAt: Double?
    }

    /// Seconds between two lines of a log file, and between two redraws of a live line.
    private var interval: Double { console.screen.isTerminal ? 0.2 : 5 }

    public init(console: Console, rows: Int) {
        self.console = console
        self.rows = rows
    }

    /// Copies the record; formats nothing.
    public func update(_ record: IterationRecord) {
        state.withLock { state in
            let validationLoss = record.validationLoss ?? state.latest?.validationLoss
            state.latest = record
            state.latest?.validationLoss = validationLoss
        }
    }

    /// Prints a line when one is due. `now` is any clock in seconds that only moves forward.
    public func tick(now: Double) {
        let due = state.withLock { state -> (IterationRecord, IterationRecord)? in
            guard let shownAt = state.shownAt else {
                state.shownAt = now
                return nil
            }
            guard now - shownAt >= interval * 0.99, let latest = state.latest,
                latest.iteration != state.shown.iteration
            else { return nil }
            let previous = state.shown
            state.shown = latest
            state.shownAt = now
            return (latest, previous)
        }
        guard let (latest, previous) = due else { return }
        if let columns = console.screen.columns {
            console.showLive(ProgressLine.text(latest, since: previous, rows: rows, columns: columns - 1))
        } else {
            let elapsed = NumberFormat.duration(latest.seconds)
            let padding = String(repeating: " ", count: max(0, 12 - elapsed.count))
            console.print(
                padding + elapsed + "  " + ProgressLine.text(latest, since: previous, rows: rows, columns: nil))
        }
    }

    /// Wipes the live line.
    public func finish() { console.endLive() }

    /// The line for `record`; speed and the share of communication are taken since `previous`. A narrow screen loses
    /// the fields of least interest first.
    package static func text(_ record: IterationRecord, since previous: IterationRecord, rows: Int, columns: Int?)
        -> String
    {
        let seconds = record.seconds - previous.seconds
        let samples = (record.gradientPasses - previous.gradientPasses) * Double(rows)
        let waiting = record.communicationSeconds - previous.communicationSeconds
        let share = rows > 0 ? Double(record.batchSize) / Double(rows) : 0
        // Rank: 0 is the last field to go.
        var fields: [(rank: Int, text: String)] = [
            (0, "passes " + passes(record.gradientPasses)),
            (2, RunFigure.batchSize.name + " " + NumberFormat.count(record.batchSize) + (share >= 1 ? " (all)" : "")),
            (1, RunFigure.objective.name + " " + NumberFormat.significant(record.loss, 5)),
            (4, RunFigure.stepSize.name + " " + NumberFormat.significant(record.stepSize, 2)),
        ]
        if let loss = record.validationLoss {
            fields.insert((2, RunFigure.validationLoss.name + " " + NumberFormat.significant(loss, 4)), at: 3)
        }
        // The gradient of all rows has no noise.
        if record.signalToNoise.isFinite {
            fields.insert(
                (3, RunFigure.signalToNoise.name + " " + NumberFormat.significant(record.signalToNoise, 2)), at: 2)
        }
        if seconds > 0 {
            if rows > 0 { fields.append((5, NumberFormat.compact(samples / seconds) + " rows/s")) }
            fields.append((6, NumberFormat.percent(min(1, max(0, waiting / seconds))) + " communication"))
        }
        if record.nonFinite > 0 { fields.append((1, "\(record.nonFinite) non-finite")) }
        guard let columns else { return fields.map(\.text).joined(separator: "  ") }
        while true {
            let line = fields.map(\.text).joined(separator: "  ")
            if line.count <= columns { return line }
            guard fields.count > 1, let last = fields.indices.max(by: { fields[$0].rank < fields[$1].rank }) else {
                return String(line.prefix(max(0, columns)))
            }
            fields.remove(at: last)
        }
    }

    private static func passes(_ passes: Double) -> String {
        passes < 10 ? NumberFormat.fixed(passes, 2) : NumberFormat.fixed(passes, 1)
    }
}
