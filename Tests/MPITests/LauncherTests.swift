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
