import ArgumentParser

extension RankLauncher: ExpressibleByArgument {}

struct LaunchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "launch",
        abstract: "Start the ranks of a run and see it through crashes, lost hosts and time limits.",
        discussion: """
            Examples:
              crescendo launch train data.svm --output runs/clicks       in a batch script: on the job's hosts
              crescendo launch --ranks 4 train data.svm                  on this machine
              crescendo launch doctor                                    any other command, once

            In a Slurm job the ranks are started by srun or mpirun as the job's --nodes, --ntasks and --cpus-per-task \
            say; in a heterogeneous job, on all of its components, by srun. After a crash, the run goes on from its last \
            checkpoint, on the hosts that still answer, unless its status.json says that it would fail again. SIGUSR1 \
            and the job's end make it write a checkpoint and put the job back into the queue, of an array that task.

            scancel JOB ends the run, and so does SIGTERM or SIGINT, whether sent to the batch script (scancel --batch \
            --signal=TERM JOB) or to the ranks (scancel --signal=TERM JOB): with a checkpoint, where the ranks have the \
            time, and the job does not go on by itself. Steps that are killed (scancel JOB.STEP) are a crash: the ranks \
            start again.

            Ends with 0 when the run is finished, 75 when it was interrupted and can go on, else with the run's code.
            """)

    @Option(
        help: ArgumentHelp(
            "What starts the ranks: srun or mpirun (default: srun where Slurm has what this program's MPI needs).",
            valueName: "launcher"))
    var launcher: RankLauncher?

    @Option(
        help: ArgumentHelp("Ranks (default: the tasks of the job).", valueName: "count"),
        transform: parseCount(atLeast: 1))
    var ranks: Int?

    @Option(
        help: ArgumentHelp(
            "Give up after this many crashes in a row without a newer checkpoint (default: 5).", valueName: "count"),
        transform: parseCount(atLeast: 0))
    var retries: Int?

    /// Watches the host of the batch script from another one, and puts the job back into the queue when it is lost.
    @Option(help: .hidden)
    var watchHost: String?

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("A command of this program with its options.", valueName: "command"))
    var command: [String] = []
}
