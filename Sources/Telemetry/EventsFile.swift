import BigBatch

/// `events.jsonl`: what happens now and then in a run, one object per event, over all attempts at it.
public final class EventsFile: RunSink {
    public let name = "events"
    private let file: LineFile
    private let attempt: Int

    /// Goes on behind what is there. Events that the file does not take (full disk) wait, with one warning.
    /// - Parameters:
    ///   - place: the file's path by now, should it be deleted.
    ///   - owns: asked before every write; false: this process writes nothing more.
    public init(
        path: String, attempt: Int, place: (@Sendable () -> String)? = nil,
        owns: @escaping @Sendable () -> Bool = { true },
        warn: @escaping @Sendable (String) -> Void
    ) {
        self.attempt = attempt
        file = LineFile(path: path, empties: false, place: place, owns: owns) { problem in
            warn("\(problem). Training goes on; its events wait until there is room.")
        }
    }

    public func receive(_ news: RunNews) {
        var text = ""
        for event in news.events {
            var event = event
            event.attempt = attempt
            text += event.line.text + "\n"
        }
        if !text.isEmpty || file.isBehind { file.append(text) }
    }

    public func finish(_ result: TrainingResult?) {
        file.sync()
        file.close()
    }
}
