import Datasets
import Platform
import Telemetry

extension TrainJob {
    /// Where the run is shown besides its own files, as the options ask for.
    func sinks(_ plan: TrainingPlan, _ start: RunStart.RankZero) -> [any RunSink] {
        var sinks: [any RunSink] = []
        let folder = resolvedPath(start.folder.path)
        if command.run.tensorboard ?? Defaults.tensorboard {
            sinks.append(
                TensorBoardSink(
                    folder: start.folder.tensorboard,
                    configuration: plan.resolved().yaml(header: [
                        "Run folder: \(folder.printable)", "Attempt \(start.attempt.number) at the run",
                    ]),
                    // Not by the checkpoint: a run that was killed before its first one has drawn points too.
                    after: start.attempt.number == 1 ? nil : start.head?.iteration ?? 0))
        }
        if let path = command.run.prometheus {
            let name = folder.split(separator: "/").last.map { String($0) } ?? folder
            // Many runs are called "run", and the collector refuses all files where two hold the same series.
            var labels = [("run", name), ("folder", folder)]
            if let job = Environment["SLURM_JOB_ID"] { labels.append(("slurm_job_id", job)) }
            sinks.append(PrometheusSink(path: path, labels: labels, rows: plan.rows))
        }
        return sinks
    }
}
