import BigBatch
import MPI
import Platform
import Telemetry

/// Follows one run: what its iterations did, and its parameters at some moments, the time for whose copies is not counted.
package final class RunRecorder: TrainingObserver {
    package struct Snapshot {
        package var seconds: Double
        package var passes: Double
        package var parameters: [Float]
    }

    /// Iterations that share an entry.
    private struct Entry {
        var end: Double
        var phase: WorkPhase
    }

    private static let largestLog = 4096

    private let communicator: CountingCommunicator
    private let rows: Int
    /// From one snapshot to the next, passes grow by this factor: a count that all ranks share, unlike their clocks.
    private let spacing: Double
    /// Seconds before training proper: added to all times.
    package var preparation = 0.0
    package private(set) var snapshots: [Snapshot] = []
    private var log: [Entry] = []
    private var last = IterationRecord()
    private var copying = 0.0
    private var nextSnapshot = 0.0

    package init(communicator: CountingCommunicator, rows: Int, parameterCount: Int) {
        self.communicator = communicator
        self.rows = rows
        // Some hundred megabytes at most, for runs a hundred thousand times as long as their first iteration.
        spacing = parameterCount <= 100_000 ? 1.05 : 1.5
    }

    /// Seconds that copies have taken.
    package var excluded: Double { copying }

    package func iterationDidEnd(_ record: IterationRecord) {
        let seconds = record.seconds - copying - (log.last?.end ?? 0)
        let phase = WorkPhase(
            key: WorkPhase.key(batch: record.batchSize, rows: rows, isFirst: last.iteration == 0), iterations: 1,
            batch: Double(record.batchSize), rows: (record.featurePasses - last.featurePasses) * Double(rows),
            seconds: seconds, communication: record.communicationSeconds - last.communicationSeconds,
            transfer: record.transferSeconds - last.transferSeconds,
            reductions: communicator.take().map { .init(bytes: $0.bytes, count: Double($0.count)) })
        log.append(Entry(end: record.seconds - copying, phase: phase))
        last = record
        if log.count >= Self.largestLog { thin() }
    }

    package func parametersDidChange(_ parameters: [Float]) {
        guard last.gradientPasses >= nextSnapshot else { return }
        let start = monotonicSeconds()
        nextSnapshot = last.gradientPasses * spacing
        snapshots.append(
            Snapshot(
                seconds: last.seconds - copying, passes: last.gradientPasses,
                parameters: [Float](unsafeUninitializedCapacity: parameters.count) { target, count in
                    count = target.initialize(fromContentsOf: parameters)
                }))
        copying += monotonicSeconds() - start
    }

    /// Neighbours of one kind share an entry.
    private func thin() {
        var thinned: [Entry] = []
        for entry in log {
            if let last = thinned.last, last.phase.key == entry.phase.key,
                last.phase.iterations <= entry.phase.iterations,
                last.phase.key != "first"
            {
                thinned[thinned.count - 1].phase.add(entry.phase)
                thinned[thinned.count - 1].end = entry.end
            } else {
                thinned.append(entry)
            }
        }
        log = thinned
    }

    /// What was done until `seconds` after the start of the run, preparation included: of the iteration at that moment, as
    /// much as was over.
    package func work(until seconds: Double = .infinity) -> [WorkPhase] {
        var phases: [WorkPhase] = []
        var begin = 0.0
        for entry in log {
            let left = seconds - preparation - begin
            guard left > 0 else { break }
            let length = entry.end - begin
            var phase = entry.phase
            if left < length, length > 0 { phase.divide(by: length / left) }
            if let index = phases.firstIndex(where: { $0.key == phase.key }) {
                phases[index].add(phase)
            } else {
                phases.append(phase)
            }
            begin = entry.end
        }
        if !phases.isEmpty { phases[0].seconds += preparation }
        return phases
    }

    /// Puts all times later by the preparation.
    package func placed(_ snapshot: Snapshot) -> Snapshot {
        Snapshot(
            seconds: snapshot.seconds + preparation, passes: snapshot.passes, parameters: snapshot.parameters)
    }
}
