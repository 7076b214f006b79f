import BigBatch
import Synchronization

/// Carries what happens from the training loop, which adds, to the sinks, which are fed.
final class SinkFeed {
    private struct State {
        var ring = MetricsRing()
        var epoch: Double?
    }

    private let state = Mutex(State())
    private let sinks: SinkList

    init(_ sinks: SinkList) { self.sinks = sinks }

    /// Copies the record; formats nothing.
    func append(_ record: IterationRecord) {
        state.withLock { state in
            if state.epoch == nil { state.epoch = unixSeconds() - record.seconds }
            state.ring.append(record)
        }
    }

    /// Called by one thread at a time.
    func deliver() {
        let news = state.withLock { RunNews(iterations: $0.ring.drain(), epoch: $0.epoch ?? unixSeconds()) }
        sinks.receive(news)
    }

    /// The last delivery. The thread that calls `deliver` has ended.
    func finish(_ result: TrainingResult?) {
        deliver()
        sinks.finish(result)
    }
}
