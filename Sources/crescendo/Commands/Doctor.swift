import ArgumentParser
import Cluster
import Kernels
import MPI
import Platform
import Runs
import Telemetry

struct DoctorCommand: RankCommand {
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

extension DoctorCommand {
    static let traits: Set<CommandTrait> = [.needsRanks]

    func run(on world: any Communicator) throws -> Int32 { try DoctorJob(command: self, world: world).run() }
}

/// `crescendo doctor` on all ranks.
struct DoctorJob {
    let command: DoctorCommand
    let world: any Communicator

    func run() throws -> Int32 {
        let start = monotonicSeconds()
        var facts = RankFacts.here()
        try SpeedProbe().measure(&facts, world)
        let diagnosis = Diagnosis(
            ranks: try facts.shared(world), allreduce: try AllreduceProbe.measure(world),
            folder: try SharedFolderProbe.measure(command.folder, world), missingSettings: missingSettings,
            isInSlurmJob: Environment["SLURM_JOB_ID"] != nil)
        let report = DoctorReport(
            diagnosis: diagnosis, launcher: launcher, versions: versions,
            hostTimeout: world.rank == 0 && Environment["SLURM_JOB_ID"] != nil ? SlurmJob.hostTimeout : nil,
            seconds: monotonicSeconds() - start)
        if world.rank == 0 { StandardStream.output.say(command.json ? report.json.text + "\n" : report.text) }
        return diagnosis.findings.contains(where: \.isError) ? 1 : 0
    }

    private var launcher: String { Launcher.detect(in: Environment.all)?.name ?? "none" }

    private var versions: [(name: String, version: String)] {
        [
            ("crescendo", programVersion), ("MPI", MPIEnvironment.libraryVersion),
            ("kernels", KernelSet.current.name),
        ]
    }

    /// Those that matter to the launcher at hand.
    private var missingSettings: String? {
        guard LaunchPlan.isOpenMPI, world.size > 1 else { return nil }
        let used: RankLauncher = launcher == "srun" ? .srun : .mpirun
        let missing = LaunchPlan.settings.filter { $0.launcher == used && Environment[$0.name] == nil }
        guard !missing.isEmpty else { return nil }
        var reasons: [String] = []
        for setting in missing where !reasons.contains(setting.without) { reasons.append(setting.without) }
        return reasons.map { reason in
            missing.filter { $0.without == reason }.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
                + " is not set: " + reason
        }.joined(separator: "; ")
    }
}
