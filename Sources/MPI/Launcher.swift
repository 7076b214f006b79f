/// What the launcher (mpirun, mpiexec, srun …) says about this process, read from the environment it sets.
public struct Launcher: Sendable, Equatable {
    /// The launcher in words.
    public let name: String
    /// How many ranks it says it started (on this node, when `isLocal`).
    public let size: Int
    /// This process's rank in its words; nil when it does not say.
    public let rank: Int?
    /// `size` counts the ranks of this node only.
    public let isLocal: Bool
    /// Started by the resource manager alone: with one task there is no need for MPI.
    let isResourceManager: Bool
    /// Typed into the shell of `srun --pty`: the variables are those of the shell's step, and this process is none of its
    /// tasks.
    public let isShell: Bool

    private struct Signature {
        let name: String
        let size: String
        let rank: String
        var isLocal = false
    }

    // mpirun inside a Slurm step inherits the step's variables, so MPI's own launchers are asked first.
    private static let signatures = [
        Signature(name: "Open MPI's mpirun", size: "OMPI_COMM_WORLD_SIZE", rank: "OMPI_COMM_WORLD_RANK"),
        Signature(name: "MVAPICH's mpirun", size: "MV2_COMM_WORLD_SIZE", rank: "MV2_COMM_WORLD_RANK"),
        Signature(name: "the mpiexec of MPICH or another PMI launcher", size: "PMI_SIZE", rank: "PMI_RANK"),
        Signature(name: "MPICH's mpiexec", size: "MPI_LOCALNRANKS", rank: "PMI_RANK", isLocal: true),
        Signature(name: "Flux", size: "FLUX_JOB_SIZE", rank: "FLUX_TASK_RANK"),
        Signature(name: "Cray PALS", size: "PALS_LOCAL_SIZE", rank: "PALS_RANKID", isLocal: true),
    ]

    /// The variables that `detect` looks at.
    static var variables: [String] {
        signatures.flatMap { [$0.size, $0.rank] } + [
            "SLURM_STEP_ID", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS", "SLURM_PTY_PORT", "PMIX_RANK",
        ]
    }

    /// The launcher that started this process; nil when there was none.
    public static func detect(in environment: [String: String]) -> Launcher? {
        detect(in: environment, parentage: .ofThisProcess)
    }

    static func detect(in environment: [String: String], parentage: @autoclosure () -> Parentage) -> Launcher? {
        func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
        for signature in signatures {
            if let size = number(signature.size) {
                return Launcher(
                    name: signature.name, size: size, rank: number(signature.rank), isLocal: signature.isLocal,
                    isResourceManager: false, isShell: false)
            }
        }
        // A batch script sees SLURM_NTASKS too, but only a step started by srun is a rank.
        if environment["SLURM_STEP_ID"] != nil, let rank = number("SLURM_PROCID"),
            let size = number("SLURM_STEP_NUM_TASKS") ?? number("SLURM_NTASKS")
        {
            return Launcher(
                name: "srun", size: size, rank: rank, isLocal: false, isResourceManager: true,
                isShell: environment["SLURM_PTY_PORT"] != nil && rank == 0 && parentage().allowsShell)
        }
        if let rank = number("PMIX_RANK") {
            return Launcher(
                name: "a PMIx launcher", size: 1, rank: rank, isLocal: true, isResourceManager: false, isShell: false)
        }
        return nil
    }

    /// True when an MPI world is to be joined; one lone task of srun runs by itself, and so does what is typed into a shell.
    var needsMPI: Bool { !isShell && !(isResourceManager && size <= 1) }
}

/// The launcher started several ranks and MPI sees fewer: its start-up protocol is another implementation's.
public struct LauncherMismatch: Error, Sendable, Equatable, CustomStringConvertible {
    public let launcher: Launcher
    /// Ranks in the world that MPI found.
    public let worldSize: Int
    /// The MPI the program is built against.
    public let library: String

    public var description: String {
        let worlds = worldSize == 1 ? "\(launcher.size) separate worlds of one" : "separate worlds of \(worldSize)"
        return """
            started as \(worlds): wrong launcher. The ranks come from \(launcher.name); this program is \
            built against \(library): use its mpirun (mpirun.openmpi or mpiexec.mpich on Debian), or srun with the \
            --mpi it needs.
            """
    }
}
