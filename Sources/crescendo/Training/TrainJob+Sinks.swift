import Telemetry

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension TrainJob {
    /// Where the run is shown besides its own files, as the options ask for.
    func sinks(_ plan: TrainingPlan, _ folder: RunFolder) -> [any RunSink] {
        var sinks: [any RunSink] = []
        if command.run.tensorboard ?? Defaults.tensorboard {
            sinks.append(
                TensorBoardSink(folder: folder.tensorboard, configuration: plan.resolved().yaml(header: [])))
        }
        if let path = command.run.prometheus {
            let name = absolutePath(folder.path).split(separator: "/").last.map { String($0) } ?? folder.path
            var labels = [("run", name)]
            if let job = getenv("SLURM_JOB_ID") { labels.append(("slurm_job_id", String(cString: job))) }
            sinks.append(PrometheusSink(path: path, labels: labels, rows: plan.rows))
        }
        return sinks
    }
}
