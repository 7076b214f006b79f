import BigBatch

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Listens to a run on rank 0: copies each record in the loop, and formats and prints on a thread of its own that
/// sleeps in between, so that a slow disk or terminal never holds up training.
public final class RunTelemetry: TrainingObserver {
    private let metrics: MetricsFile?
    private let progress: ProgressLine?
    private let ticker: Ticker

    public init(metrics: MetricsFile?, progress: ProgressLine?) {
        self.metrics = metrics
        self.progress = progress
        // The metrics file is due every half second, the live line five times a second.
        var beats = 0
        ticker = Ticker(seconds: progress == nil ? 0.5 : 0.1) {
            beats += 1
            if progress == nil || beats % 5 == 0 { metrics?.flush() }
            progress?.tick(now: monotonicSeconds())
        }
    }

    public func iterationDidEnd(_ record: IterationRecord) {
        metrics?.append(record)
        progress?.update(record)
    }

    /// Writes what is left and wipes the live line. Call once, after training, whether it succeeded or not.
    public func finish() {
        ticker.stop()
        metrics?.finish()
        progress?.finish()
    }
}

/// Seconds of a clock that only moves forward.
public func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
