import BigBatch

/// Where a run is shown or kept: a file, a socket, a message to someone. A sink of one's own is a class with a name and
/// a `receive`; `RunTelemetry` feeds it.
///
/// ```swift
/// final class LossTable: RunSink {
///     let name = "the table of losses"
///     private let file: FileHandle
///     init(_ file: FileHandle) { self.file = file }
///     func receive(_ news: RunNews) throws {
///         for line in news.iterations {
///             try file.write(contentsOf: Data("\(line.record.seconds),\(line.record.loss)\n".utf8))
///         }
///     }
/// }
///
/// let telemetry = RunTelemetry(sinks: [LossTable(file)], warn: { print($0) })
/// let result = try trainer.run(observer: telemetry)
/// telemetry.finish(result)
/// ```
///
/// Sinks share one thread that is not the training loop's: what they do costs training nothing but the processor time.
/// One that throws is turned off with one warning, the others and training go on.
public protocol RunSink: AnyObject {
    /// What is missed when the sink is off, for "Training goes on without …".
    var name: String { get }

    /// What happened since the last call, in order. Called every half second, also when there is nothing new, and once
    /// more before `finish`.
    func receive(_ news: RunNews) throws

    /// The run is over. Does nothing by default.
    /// - Parameter result: nil when an error ended it.
    func finish(_ result: TrainingResult?) throws
}

extension RunSink {
    public func finish(_ result: TrainingResult?) throws {}
}

/// What happened in a run within the last half second or so.
public struct RunNews: Sendable {
    /// Iterations that ended; several short ones may share a line.
    public var iterations: [MetricsLine]
    public var events: [RunEvent]
    /// Unix time, in seconds, at which the run's `seconds` were 0. Of a run that went on after a break: as if there had
    /// been none.
    public var epoch: Double

    public init(iterations: [MetricsLine] = [], events: [RunEvent] = [], epoch: Double = 0) {
        self.iterations = iterations
        self.events = events
        self.epoch = epoch
    }
}
