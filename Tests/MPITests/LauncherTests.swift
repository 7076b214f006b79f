import Platform
import Testing

@testable import MPI

/// What the environment says about the launcher. No calls to MPI here.
struct LauncherTests {
    @Test func noLauncher() {
        #expect(Launcher.detect(in: [:]) == nil)
        #expect(Launcher.detect(in: ["OMPI_COMM_WORLD_SIZE": "many"]) == nil)
        // A batch script is not a step.
        #expect(Launcher.detect(in: ["SLURM_NTASKS": "8", "SLURM_PROCID": "0"]) == nil)
    }

    @Test(arguments: [
        (["OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3"], 4, 3),
        (["PMI_SIZE": "2", "PMI_RANK": "1", "MPI_LOCALNRANKS": "2"], 2, 1),
        (["SLURM_STEP_ID": "0", "SLURM_PROCID": "5", "SLURM_STEP_NUM_TASKS": "6", "SLURM_NTASKS": "9"], 6, 5),
        (["SLURM_STEP_ID": "0", "SLURM_PROCID": "1", "SLURM_NTASKS": "9"], 9, 1),
    ])
    func sizeAndRank(environment: [String: String], size: Int, rank: Int) throws {
        let launcher = try #require(Launcher.detect(in: environment))
        #expect(launcher.size == size)
        #expect(launcher.rank == rank)
        #expect(launcher.needsMPI)
    }

    /// mpirun starts one daemon a node through srun, so its ranks inherit the variables of that step.
    @Test func mpirunInsideAStepComesFirst() throws {
        let launcher = try #require(
            Launcher.detect(in: [
                "OMPI_COMM_WORLD_SIZE": "64", "OMPI_COMM_WORLD_RANK": "12",
                "SLURM_STEP_ID": "0", "SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2",
            ]))
        #expect(launcher.size == 64)
    }

    @Test func aLoneTaskNeedsNoMPI() throws {
        let launcher = try #require(
            Launcher.detect(in: ["SLURM_STEP_ID": "0", "SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"]))
        #expect(!launcher.needsMPI)
    }

    /// The shell of `srun -n 4 --pty bash`, and what is no shell in spite of its variables.
    @Test func theShellOfAStepNeedsNoMPI() throws {
        let variables = [
            "SLURM_STEP_ID": "0", "SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "4", "SLURM_PTY_PORT": "40001",
            "PMIX_RANK": "0",
        ]
        func launcher(_ changes: [String: String], _ isTask: Bool, _ isOfStep: Bool, _ hasTerminal: Bool) throws
            -> Launcher
        {
            let parentage = Parentage(isTask: isTask, isOfStep: isOfStep, hasTerminal: hasTerminal)
            return try #require(Launcher.detect(in: variables.merging(changes) { $1 }, parentage: parentage))
        }
        // Typed into the shell; in a container, into one that sees nothing of the step.
        for parents in [(false, true, true), (false, false, true), (false, false, false)] {
            let shell = try launcher([:], parents.0, parents.1, parents.2)
            #expect(shell.isShell && !shell.needsMPI && shell.size == 4)
        }
        // The task itself; srun out of that shell, directly or by a script; another task; mpirun out of that shell.
        #expect(try launcher([:], true, true, true).needsMPI)
        #expect(try launcher([:], true, true, false).needsMPI)
        #expect(try launcher([:], false, true, false).needsMPI)
        #expect(try launcher(["SLURM_PROCID": "2"], false, true, true).needsMPI)
        let ranks = ["OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"]
        #expect(try launcher(ranks, false, true, true).needsMPI)
    }

    @Test func parentsAreReadFromTheKernel() throws {
        let ancestor = try #require(Ancestor(process: 42, text: "42 (a (b) c) S 17 42 42 34816 42 4194304 0"))
        #expect(ancestor.name == "a (b) c" && ancestor.parent == 17 && ancestor.terminal == 34816)
        #expect(Ancestor(process: 42, text: "42 (a") == nil)
        #expect(!Parentage.ofThisProcess.isTask)
        #expect(Ancestor.ofThisProcess.first.map { $0.process == Int(getppid()) } ?? true)
    }

    @Test func mismatchNamesBothSides() throws {
        let launcher = try #require(Launcher.detect(in: ["PMI_SIZE": "4", "PMI_RANK": "0"]))
        let text = LauncherMismatch(launcher: launcher, worldSize: 1, library: "Open MPI v4.1.4").description
        #expect(text.contains("4 separate worlds of one"))
        #expect(text.contains("Open MPI v4.1.4"))
        #expect(text.contains("MPICH"))
    }

    @Test func threadLevelsAreOrdered() {
        #expect(ThreadLevel.single < .funneled && .funneled < .serialized && .serialized < .multiple)
        for level in ThreadLevel.allCases { #expect(ThreadLevel(code: level.code) == level) }
    }
}
