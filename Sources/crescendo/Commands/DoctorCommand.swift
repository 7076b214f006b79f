import ArgumentParser

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check a machine or a cluster, with the ranks that a run would have.",
        discussion: """
            Examples:
              crescendo launch doctor                 in a batch script or under salloc: as `launch train` would start
              mpirun -n 4 crescendo doctor
              srun --mpi=pmix crescendo doctor --json

            Launcher, hosts, threads and binding, the shared file system, allreduce times, the speed of each rank, and \
            what to change. Takes well under a minute. Ends with 1 when something must be mended before a run.
            """)

    @Option(
        help: ArgumentHelp(
            "The folder that all hosts must share (default: the present one).", valueName: "folder"),
        completion: .directory)
    var folder: String?

    @Flag(help: "Print one JSON object.")
    var json = false
}
