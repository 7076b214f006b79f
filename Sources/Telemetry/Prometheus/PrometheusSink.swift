import BigBatch
import Platform

/// The state of a run as a file for the textfile collector of Prometheus' node_exporter, written anew every few seconds.
/// A reader finds a whole file at any time.
public final class PrometheusSink: RunSink {
    public let name = "the file for Prometheus"
    private let path: String
    private let labels: [(name: String, value: String)]
    /// N, the rows trained on.
    private let rows: Int
    private let interval: Double
    private var writtenAt = -Double.infinity
    private var record: IterationRecord?
    private var validationLoss: Double?
    private var epoch = 0.0
    private var ranks: RankShares?
    private var checkpointAt: Double?
    private var events: [String: Int] = [:]

    /// - Parameters:
    ///   - path: ends in `.prom`: the collector reads no other.
    ///   - labels: of all samples, such as the run's name. `job` and `instance` are Prometheus' own.
    ///   - interval: seconds between two writes.
    public init(path: String, labels: [(name: String, value: String)], rows: Int, interval: Double = 5) {
        self.path = path
        self.labels = labels
        self.rows = rows
        self.interval = interval
    }

    public func receive(_ news: RunNews) throws {
        for line in news.iterations {
            record = line.record
            validationLoss = line.record.validationLoss ?? validationLoss
        }
        for event in news.events { note(event) }
        epoch = news.epoch
        guard monotonicSeconds() - writtenAt >= interval * 0.99 else { return }
        try write(state: .running)
    }

    public func finish(_ result: TrainingResult?) throws {
        let state: State =
            switch result?.stopReason {
            case nil: .failed
            case .signal?: .interrupted
            case .divergence?: .failed
            default: .finished
            }
        try write(state: state)
    }

    private func note(_ event: RunEvent) {
        if let shares = RankShares(event) {
            ranks = shares
            return
        }
        events[event.kind, default: 0] += 1
        if event.kind == "checkpoint" { checkpointAt = unixSeconds() }
    }

    private func write(state: State) throws {
        let text = families(state).map { $0.text(labels: labels) }.joined()
        let file = try AtomicFileWriter(path: path)
        try file.write(Array(text.utf8))
        // Nobody needs the file after a power failure.
        try file.commit(lasting: .nothing)
        writtenAt = monotonicSeconds()
    }
}

extension PrometheusSink {
    package enum State: String, CaseIterable {
        case running, finished, interrupted, failed
    }

    /// Names and units follow https://prometheus.io/docs/practices/naming/.
    private func families(_ state: State) -> [MetricFamily] {
        var families = [
            MetricFamily(
                "crescendo_run_state", .gauge, "Whether the run is in this state (1) or not (0).",
                State.allCases.map { .init(labels: [("state", $0.rawValue)], value: $0 == state ? 1 : 0) }),
            MetricFamily("crescendo_training_rows", .gauge, "Rows that the model is trained on.", Double(rows)),
        ]
        if !events.isEmpty {
            families.append(
                MetricFamily(
                    "crescendo_events_total", .counter, "Events of the run since this start of it, by their kind.",
                    events.sorted { $0.key < $1.key }.map {
                        .init(labels: [("event", $0.key)], value: Double($0.value))
                    }))
        }
        if let checkpointAt {
            families.append(
                MetricFamily(
                    "crescendo_last_checkpoint_timestamp_seconds", .gauge,
                    "Unix time at which the last checkpoint was written.", checkpointAt))
        }
        if let record { families += progress(record) + quality(record) }
        if let ranks { families += spread(ranks) }
        return families
    }

    /// Three numbers for all ranks: a series for each of thousands would burden the server.
    private func spread(_ ranks: RankShares) -> [MetricFamily] {
        [
            ("crescendo_rank_computing_ratio", "Share of the time that ranks computed", ranks.computing),
            ("crescendo_rank_waiting_ratio", "Share of the time that ranks waited for others", ranks.waiting),
        ].map { name, help, values in
            let (least, middle, most) = RankShares.spread(values)
            return MetricFamily(
                name, .gauge, help + ", when last looked at: the least, the middle and the most of all.",
                [("least", least), ("middle", middle), ("most", most)].map {
                    .init(labels: [("statistic", $0.0)], value: $0.1)
                })
        }
    }

    private func progress(_ record: IterationRecord) -> [MetricFamily] {
        let waiting = record.communicationSeconds - record.transferSeconds
        let other = record.seconds - record.computeSeconds - record.communicationSeconds
        let spent = [
            ("computing", record.computeSeconds), ("transfer", record.transferSeconds), ("waiting", waiting),
            ("other", other),
        ]
        return [
            MetricFamily(
                "crescendo_training_start_timestamp_seconds", .gauge,
                "Unix time at which training began, breaks left out.", epoch),
            MetricFamily(
                "crescendo_last_iteration_timestamp_seconds", .gauge,
                "Unix time at which the last iteration ended.", epoch + record.seconds),
            MetricFamily("crescendo_iterations_total", .counter, "Iterations done.", Double(record.iteration)),
            MetricFamily("crescendo_training_seconds_total", .counter, "Time spent training.", record.seconds),
            MetricFamily(
                "crescendo_rank_seconds_total", .counter,
                "Time of the first rank: computing, transfer of sums, waiting for other ranks, and other.",
                spent.map { .init(labels: [("activity", $0.0)], value: max(0, $0.1)) }),
            MetricFamily(
                "crescendo_passes_total", .counter,
                "Gradients evaluated, in passes over the training rows.", record.gradientPasses),
            MetricFamily("crescendo_allreduces_total", .counter, "Sums over all ranks.", Double(record.allreduces)),
            MetricFamily(
                "crescendo_communicated_bytes_total", .counter, "Bytes that each rank gave to sums over all ranks.",
                Double(record.communicatedBytes)),
            MetricFamily(
                "crescendo_nonfinite_total", .counter, "Batches and trial steps whose loss was no finite number.",
                Double(record.nonFinite)),
        ]
    }

    private func quality(_ record: IterationRecord) -> [MetricFamily] {
        var families = [
            MetricFamily(
                "crescendo_batch_rows", .gauge, "Rows of the last batch, over all ranks.", Double(record.batchSize)),
            MetricFamily(
                "crescendo_loss", .gauge, "Mean loss of the last batch, with the penalty on the weights.", record.loss),
            MetricFamily(
                "crescendo_gradient_norm", .gauge, "Norm of the gradient of the last batch.", record.gradientNorm),
            MetricFamily(
                "crescendo_signal_to_noise_ratio", .gauge,
                "Squared norm of the gradient of the last batch over its variance; infinite for a batch of all rows.",
                record.signalToNoise),
            MetricFamily("crescendo_step_size", .gauge, "Size of the last step.", record.stepSize),
        ]
        if let validationLoss {
            families.append(
                MetricFamily(
                    "crescendo_validation_loss", .gauge, "Mean loss of the rows held back, when last evaluated.",
                    validationLoss))
        }
        return families
    }
}
