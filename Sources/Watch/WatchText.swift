import BigBatch
import Platform
import Telemetry

/// What `watch` says where there is no terminal: a line when there is something new, and how the run stands.
public struct WatchText {
    private var shown: IterationRecord?
    private var stage: RunStage?
    private var shownAt = -Double.infinity
    /// Files whose damage has been told.
    private var damaged: Set<Substring> = []
    private let interval: Double

    /// - Parameter interval: seconds between two lines about iterations.
    public init(interval: Double = 5) { self.interval = interval }

    /// The lines that are due.
    public mutating func lines(_ run: WatchedRun, events: [RunEvent], now: Double) -> [String] {
        var lines: [String] = []
        let stage = run.stage
        for gap in run.reader.gaps where damaged.insert(gap.prefix { !" ,:".contains($0) }).inserted {
            lines.append("\(run.reader.path)/\(gap)")
        }
        for event in events where !["ranks", "checkpoint"].contains(event.kind) {
            lines.append(indented(event.seconds, EventText.line(event)))
        }
        if let latest = run.latest, latest.iteration != shown?.iteration,
            now - shownAt >= interval * 0.99 || stage.isOver
        {
            // A run that went back to a checkpoint is counted anew.
            let before = shown.flatMap { $0.seconds < latest.seconds ? $0 : nil } ?? IterationRecord()
            lines.append(
                indented(
                    latest.seconds, ProgressLine.text(latest, since: before, rows: run.rows ?? 0, columns: nil)))
            shown = latest
            shownAt = now
        }
        if stage.name != self.stage?.name {
            let words = stage.explanation
            lines.append("\(run.reader.path): \(stage.name)" + (words.isEmpty ? "" : ". \(words)"))
            self.stage = stage
        }
        return lines.map { StyledLine($0).text }
    }

    private func indented(_ seconds: Double?, _ text: String) -> String {
        let elapsed = seconds.map { NumberFormat.duration($0) } ?? ""
        return String(repeating: " ", count: max(0, 12 - elapsed.count)) + elapsed + "  " + text
    }
}
