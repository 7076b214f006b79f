import ArgumentParser

/// The program's name, version and commands. `main` is in Launch.swift.
@main
struct Crescendo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crescendo",
        abstract: "Trains models on CPU clusters with no knobs.",
        discussion: """
            crescendo train data.svm                   on this machine
            mpirun -n 64 crescendo train data.svm      on 64 ranks, the same result

            The batch grows as the gradient's signal fades, the step size finds itself, and the run stops when it is \
            done. A run is a folder: config.yaml, metrics.jsonl, result.json and model.safetensors.

            Exit codes: 0 done; 1 data, files, memory or a lost rank; 2 training diverged; 64 wrong options; \
            75 interrupted, and the same command goes on, or a rank did not answer within --stall-timeout; \
            130 and 143 stopped by Ctrl-C or SIGTERM (the run folder is usable).
            """,
        version: programVersion,
        subcommands: [
            TrainCommand.self, PredictCommand.self, EvaluateCommand.self, InfoCommand.self, WatchCommand.self,
            ReportCommand.self, VerifyCommand.self,
            LaunchCommand.self, SubmitCommand.self, DoctorCommand.self, PilotCommand.self, PlanCommand.self,
        ])
}
