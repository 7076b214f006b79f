import BigBatch
import Platform

/// Listens to a run on rank 0: copies each record in the loop, and feeds sinks and the progress line from threads of
/// their own that sleep in between, so that a slow disk or terminal never holds up training.
public final class RunTelemetry: TrainingObserver {
    private let feed: SinkFeed
    private let progress: ProgressLine?
    private let tickers: [Ticker]
    private let hosts: [String]
    private var looks = RankLooks()
    /// That of the last iteration.
    public private(set) var record: IterationRecord?
    /// Seconds of the longest of the last iterations or so.
    public private(set) var iterationSeconds = 0.0

    /// - Parameters:
    ///   - sinks: fed every half second, one after the other.
    ///   - progress: the live line on a terminal, looked at ten times a second.
    ///   - hosts: the name of every rank's host, for events that name a rank.
    ///   - warn: told once about each sink that fails.
    public init(
        sinks: [any RunSink], progress: ProgressLine? = nil, hosts: [String] = [],
        warn: @escaping @Sendable (String) -> Void
    ) {
        self.hosts = hosts
        let feed = SinkFeed(SinkList(sinks, warn: warn))
        self.feed = feed
        self.progress = progress
        var tickers = [Ticker(seconds: 0.5) { feed.deliver() }]
        if let progress { tickers.append(Ticker(seconds: 0.1) { progress.tick(now: monotonicSeconds()) }) }
        self.tickers = tickers
    }

    deinit { for ticker in tickers { ticker.stop() } }

    public func iterationDidEnd(_ record: IterationRecord) {
        if let last = self.record { iterationSeconds = max(0.95 * iterationSeconds, record.seconds - last.seconds) }
        self.record = record
        feed.append(record)
        progress?.update(record)
    }

    public func eventDidOccur(_ event: TrainingEvent) {
        var event = event
        if case .ranks(let times) = event.kind {
            guard let sum = looks.add(times, at: event.seconds) else { return }
            event.kind = .ranks(sum)
        }
        note(RunEvent(event, hosts: hosts))
    }

    /// Passes on what the trainer does not know of.
    public func note(_ event: RunEvent) { feed.append(event) }

    /// The run may go on from here: later iterations do not share a line with those so far.
    public func seal() { feed.seal() }

    /// `note` for any thread.
    public var noting: @Sendable (RunEvent) -> Void { { [feed] in feed.append($0) } }

    /// Gives the sinks what there is and makes the metrics last; for any thread.
    public func syncing(_ metrics: MetricsFile) -> @Sendable () -> Void {
        { [feed, sync = metrics.syncing] in
            feed.deliver()
            sync()
        }
    }

    /// Gives the sinks what is left and wipes the live line. Call once, after training, whether it succeeded or not.
    /// - Parameter result: nil when training failed.
    public func finish(_ result: TrainingResult? = nil) {
        for ticker in tickers { ticker.stop() }
        if let times = looks.take(), let record {
            note(
                RunEvent(
                    TrainingEvent(.ranks(times), iteration: record.iteration, seconds: record.seconds), hosts: hosts))
        }
        feed.finish(result)
        progress?.finish()
    }
}
