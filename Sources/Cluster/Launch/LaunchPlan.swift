import MPI
import Platform

/// What starts the ranks.
package enum RankLauncher: String, CaseIterable, Sendable {
    case srun, mpirun

    package var other: RankLauncher { self == .srun ? .mpirun : .srun }
}

/// The command that starts the ranks, on all hosts of a job or on those that are left.
package struct LaunchPlan {
    package var launcher: RankLauncher
    /// What srun calls the start-up protocol of the MPI that this program is built against.
    package var protocolName = LaunchPlan.isOpenMPI ? "pmix" : "pmi2"
    /// The hosts to use; nil: as the launcher itself finds the job.
    package var hosts: [SlurmJob.HostShare]?
    /// Ranks; nil: as the job says.
    package var ranks: Int?
    package var threads: Int?
    /// The components of a heterogeneous job, which srun starts together.
    package var components: [SlurmJob.Component] = []

    package init(
        launcher: RankLauncher, protocolName: String = LaunchPlan.isOpenMPI ? "pmix" : "pmi2",
        hosts: [SlurmJob.HostShare]? = nil, ranks: Int? = nil, threads: Int? = nil,
        components: [SlurmJob.Component] = []
    ) {
        self.launcher = launcher
        self.protocolName = protocolName
        self.hosts = hosts
        self.ranks = ranks
        self.threads = threads
        self.components = components
    }

    package static let isOpenMPI = MPIEnvironment.libraryVersion.contains("Open MPI")

    package func command(_ program: [String]) -> [String] {
        switch launcher {
        case .srun where components.isEmpty: srun + program
        case .srun:
            // One world of ranks over all components: what belongs to each stands between colons.
            ["srun"]
                + Array(
                    components.enumerated().map { number, component in
                        ["--mpi=\(protocolName)", "--kill-on-bad-exit=1", "--het-group=\(number)"]
                            + (component.tasks.map { ["--ntasks=\($0)"] } ?? [])
                            + (component.processorsPerTask.map { ["--cpus-per-task=\($0)"] } ?? []) + program
                    }.joined(separator: [":"]))
        case .mpirun: mpirun + program
        }
    }

    /// srun with one task on `host` beside what runs there already.
    package static func lone(on host: SlurmJob.HostShare) -> [String] {
        [
            "srun", "--job-name=\(besideProgram)", "--overlap", "--nodes=1", "--ntasks=1", "--cpus-per-task=1",
            "--nodelist=\(host.name)", "--mpi=none", "--quiet",
        ] + (host.component.map { ["--het-group=\($0)"] } ?? [])
    }

    /// What srun calls the steps of this program.
    package static let program = CommandLine.arguments[0].split(separator: "/").last.map(String.init) ?? "crescendo"
    package static let besideProgram = program + "-watch"

    private var total: Int? { ranks ?? hosts.map { $0.reduce(0) { $0 + $1.tasks } } }

    private var srun: [String] {
        // Without --kill-on-bad-exit the other ranks wait for a dead one for ever.
        var command = ["srun", "--mpi=\(protocolName)", "--kill-on-bad-exit=1"]
        if let hosts {
            // The variables of the job still count the hosts that it has lost.
            command += ["--nodes=\(hosts.count)", "--nodelist=" + hosts.map(\.name).joined(separator: ",")]
        }
        if let total { command.append("--ntasks=\(total)") }
        // Since Slurm 22.05 srun no longer takes it from the job.
        if let threads { command.append("--cpus-per-task=\(threads)") }
        return command
    }

    private var mpirun: [String] {
        var command = ["mpirun"]
        if let hosts {
            command += ["--host", hosts.map { "\($0.name):\($0.tasks)" }.joined(separator: ",")]
        }
        if let total { command += ["-n", "\(total)"] }
        if LaunchPlan.isOpenMPI, let threads, threads > 1, Environment["OMPI_MCA_hwloc_base_binding_policy"] == nil {
            command += ["--map-by", "slot:PE=\(threads)"]
        }
        return command
    }

    /// What the launchers of Open MPI and Slurm are told through the environment, where the user has not said otherwise.
    package static let settings: [(name: String, value: String, launcher: RankLauncher, without: String)] = [
        // Ranks wait for each other at the start.
        ("SLURM_PMIX_FENCE", "tree", .srun, "some starts crash"),
        // As --kill-on-bad-exit.
        ("SLURM_KILL_BAD_EXIT", "1", .srun, "ranks wait for a dead one until the stall timeout"),
        // The loss of a host is noticed after some 11 s.
        ("OMPI_MCA_oob_tcp_keepalive_time", "5", .mpirun, slowNotice),
        ("OMPI_MCA_oob_tcp_keepalive_intvl", "2", .mpirun, slowNotice),
        ("OMPI_MCA_oob_tcp_keepalive_probes", "3", .mpirun, slowNotice),
    ]
    private static let slowNotice = "the loss of a host is noticed after minutes, not seconds"

    package static var variables: [String: String] {
        var values = settings.filter { Environment[$0.name] == nil }.map { ($0.name, $0.value) }
        // A step that has lost a host can hold its processors until the job ends, and then the next one waits for them.
        values.append(("SLURM_OVERLAP", "1"))
        return Dictionary(values) { $1 }
    }

    /// srun where Slurm offers the protocol that the program's MPI needs, else mpirun.
    package static func preferred(inJob: Bool) -> RankLauncher {
        guard inJob else { return .mpirun }
        let wanted = LaunchPlan(launcher: .srun).protocolName
        // The list goes to standard error before Slurm 22.
        let list = ChildProcess.output(of: "sh", "-c", "srun --mpi=list 2>&1") ?? ""
        let names = list.split { $0 == "\n" || $0 == " " || $0 == "\t" || $0 == "," }
        return names.contains { $0 == wanted } ? .srun : .mpirun
    }
}
