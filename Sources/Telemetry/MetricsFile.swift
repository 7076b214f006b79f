import BigBatch

/// `metrics.jsonl`: one object per iteration.
///
/// While the file takes nothing (full disk), iterations wait, with one warning; where that are too many they share lines.
/// What was written before stays whole.
public final class MetricsFile: RunSink {
    public let name = "metrics"
    private let file: LineFile
    package private(set) var waiting: [MetricsLine] = []
    private let mostWaiting: Int

    /// Creates the file, or empties it. One that cannot be opened gives the warning at once and stays off.
    /// - Parameters:
    ///   - start: where the run goes on; the file is then kept (see `MetricsStart`).
    ///   - place: the file's path by now, should it be deleted.
    ///   - owns: asked before every write; false: this process writes nothing more.
    public convenience init(
        path: String, from start: MetricsStart? = nil, place: (@Sendable () -> String)? = nil,
        owns: @escaping @Sendable () -> Bool = { true }, warn: @escaping @Sendable (String) -> Void
    ) {
        self.init(path: path, from: start, place: place, owns: owns, warn: warn, mostWaiting: 4096)
    }

    package init(
        path: String, from start: MetricsStart?, place: (@Sendable () -> String)? = nil,
        owns: @escaping @Sendable () -> Bool, warn: @escaping @Sendable (String) -> Void, mostWaiting: Int
    ) {
        file = LineFile(path: path, empties: start == nil, place: place, owns: owns) { problem in
            warn("\(problem). Training goes on; its metrics wait until there is room.")
        }
        waiting = start?.missingLine.map { [$0] } ?? []
        self.mostWaiting = mostWaiting
    }

    public func receive(_ news: RunNews) {
        waiting += news.iterations
        if file.isBehind { file.append("") }
        guard !file.isBehind else { return thin() }
        var text = ""
        text.reserveCapacity(waiting.count * 400)
        for line in waiting { text += line.json.text + "\n" }
        waiting = []
        if !text.isEmpty { file.append(text) }
    }

    /// Two neighbours share a line each.
    private func thin() {
        guard waiting.count > mostWaiting else { return }
        waiting = stride(from: 0, to: waiting.count, by: 2).map { index in
            var line = waiting[index]
            if index + 1 < waiting.count { line.merge(waiting[index + 1].record) }
            return line
        }
    }

    /// Makes what is written last; for any thread.
    package var syncing: @Sendable () -> Void { { [file] in file.sync() } }

    public func finish(_ result: TrainingResult?) {
        file.sync()
        file.close()
    }
}
