import BigBatch
import MPI
import Platform
import Synchronization
import Telemetry

/// Makes checkpoints on rank 0: takes the state where training stands still for it, and writes it on a thread beside.
///
/// `status.json` and `events.jsonl` follow the files. What cannot be written is a warning and an event; the run goes on.
///
/// Unchecked Sendable: what the writing thread touches is constant or guarded by `progress`.
package final class CheckpointKeeper: SnapshotKeeper, @unchecked Sendable {
    /// What is the same for all checkpoints of an attempt.
    package struct Frame: Sendable {
        package var attempt: RunAttempt
        /// Where it is now.
        package var folder: CheckpointFolder { CheckpointFolder(path: attempt.place.path + "/checkpoints") }
        package var status: StatusFile
        package var fingerprint: RunFingerprint
        package var tolerance: Double
        package var patience: Int
        /// Tells of an event.
        package var note: @Sendable (RunEvent) -> Void
        /// Makes the metrics so far last.
        package var sync: @Sendable () -> Void
        package var warn: @Sendable (String) -> Void

        package init(
            attempt: RunAttempt, status: StatusFile, fingerprint: RunFingerprint, tolerance: Double, patience: Int,
            note: @escaping @Sendable (RunEvent) -> Void, sync: @escaping @Sendable () -> Void,
            warn: @escaping @Sendable (String) -> Void
        ) {
            self.attempt = attempt
            self.status = status
            self.fingerprint = fingerprint
            self.tolerance = tolerance
            self.patience = patience
            self.note = note
            self.sync = sync
            self.warn = warn
        }
    }

    private let frame: Frame
    private let telemetry: RunTelemetry
    private let interval: SnapshotInterval
    private let task = BackgroundTask()
    private let progress: Mutex<Progress>

    /// What the writing thread reports.
    private struct Progress {
        /// The last checkpoint on disk; nil: there is none yet.
        var iteration: Int?
        var due: Double
        var writeSeconds = 0.0
        var hasWarned = false
        /// Found damaged at the start.
        var damaged: Set<CheckpointFolder.Name>
    }

    /// - Parameters:
    ///   - iteration: of the checkpoint that the run goes on from.
    ///   - damaged: checkpoints to be removed once there are others.
    package init(
        _ frame: Frame, telemetry: RunTelemetry, interval: SnapshotInterval, from iteration: Int?,
        damaged: [CheckpointFolder.Name]
    ) {
        self.frame = frame
        self.telemetry = telemetry
        self.interval = interval
        progress = Mutex(
            Progress(
                iteration: iteration, due: monotonicSeconds() + interval.seconds(after: 0), damaged: Set(damaged)))
    }

    package var isDue: Bool {
        guard interval != .never, task.isIdle else { return false }
        let due = progress.withLock { $0.due }
        return monotonicSeconds() >= due
    }

    /// Seconds that the last checkpoint took to write.
    package var writeSeconds: Double { progress.withLock { $0.writeSeconds } }

    /// Iteration of the last checkpoint on disk; 0: there is none.
    package var lastIteration: Int { progress.withLock { $0.iteration ?? 0 } }

    package func keep(_ snapshot: Snapshot, isLast: Bool) {
        let start = monotonicSeconds()
        guard let record = telemetry.record, snapshot.iteration != lastIteration else { return }
        telemetry.seal()
        let tensors = SnapshotTensors()
        let head = Checkpoint.Head(
            written: timestamp(), attempt: frame.attempt.number, iteration: snapshot.iteration,
            seconds: snapshot.seconds, ranks: frame.status.ranks, threads: frame.status.threads,
            tolerance: frame.tolerance, patience: frame.patience, record: record, fingerprint: frame.fingerprint)
        do {
            let state = try Checkpoint.numbers(snapshot, tensors)
            let arrays = tensors.values
            // The one before must be on disk, or this one would have to wait with it.
            task.wait()
            let stall = monotonicSeconds() - start
            task.start { [self] in
                frame.sync()
                write(head, state, arrays, stall: stall)
            }
        } catch {
            report(error, head)
        }
    }

    /// Returns once what was taken is on disk, or could not be written.
    package func finish() { task.wait() }

    // MARK: - On the writing thread

    private func write(
        _ head: Checkpoint.Head, _ state: [UInt8], _ arrays: [String: SnapshotTensors.Values], stall: Double
    ) {
        let begin = monotonicSeconds()
        let name = CheckpointFolder.Name(attempt: head.attempt, iteration: head.iteration)
        do {
            let bytes = try frame.folder.write(
                name, head: head, state: state, arrays: arrays, beforeRename: frame.attempt.check)
            try frame.attempt.check()
            frame.folder.prune(damaged: progress.withLock { $0.damaged })
            let seconds = monotonicSeconds() - begin
            progress.withLock { progress in
                progress.iteration = head.iteration
                progress.writeSeconds = seconds
                progress.due = begin + interval.seconds(after: stall + seconds)
                progress.hasWarned = false
            }
            frame.note(
                RunEvent(
                    "checkpoint", iteration: head.iteration, seconds: head.seconds,
                    [("bytes", .integer(bytes)), ("stallSeconds", .number(stall)), ("writeSeconds", .number(seconds))]))
        } catch {
            return report(error, head)
        }
        do {
            try frame.status.write(.running, iteration: head.iteration, seconds: head.seconds)
        } catch {
            if !(error is LostRun) { frame.warn("\(error)") }
        }
    }

    private func report(_ error: any Error, _ head: Checkpoint.Head) {
        // Who has lost the folder says so at its end.
        guard !(error is LostRun) else { return }
        let warns = progress.withLock { progress in
            progress.due = monotonicSeconds() + max(10, interval.seconds(after: 0))
            defer { progress.hasWarned = true }
            return !progress.hasWarned
        }
        frame.note(
            RunEvent(
                "checkpointFailed", iteration: head.iteration, seconds: head.seconds,
                [("reason", .string("\(error)"))]))
        if warns { frame.warn("no checkpoint: \(error). Training goes on; the next one is tried later.") }
    }
}
