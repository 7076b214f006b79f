import Kernels
import MPI
import Platform
import Telemetry

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
