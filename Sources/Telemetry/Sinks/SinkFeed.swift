import BigBatch
import Platform
import Synchronization

/// Carries what happens from the training loop, which adds, to the sinks, which are fed.
///
/// Unchecked Sendable: `sinks` are touched under `delivery` only.
package final class SinkFeed: @unchecked Sendable {
    private struct State {
        var ring = MetricsRing()
        var events: [RunEvent] = []
        var epoch: Double?
    }

    private let state = Mutex(State())
    private let delivery = Mutex(())
    private let sinks: SinkList

    package init(_ sinks: SinkList) { self.sinks = sinks }

    /// Copies the record; formats nothing.
    package func append(_ record: IterationRecord) {
        state.withLock { state in
            if state.epoch == nil { state.epoch = unixSeconds() - record.seconds }
            state.ring.append(record)
        }
    }

    package func append(_ event: RunEvent) { state.withLock { $0.events.append(event) } }

    /// Iterations to come do not share a line with those so far.
    package func seal() { state.withLock { $0.ring.seal() } }

    /// From any thread.
    package func deliver() {
        delivery.withLock { _ in
            let news = state.withLock { state in
                defer { state.events = [] }
                return RunNews(
                    iterations: state.ring.drain(), events: state.events, epoch: state.epoch ?? unixSeconds())
            }
            sinks.receive(news)
        }
    }

    /// The last delivery.
    package func finish(_ result: TrainingResult?) {
        deliver()
        delivery.withLock { _ in sinks.finish(result) }
    }
}
