import Platform

/// Tells when srun waits for ranks that have all ended. The one of Slurm 22.05 does that now and then after a heterogeneous
/// job: with `--mpi=pmix` it joins one thread, once for each component.
package struct StepWatch {
    private let job: SlurmJob
    /// Seconds to the next question.
    package private(set) var pause = 1.0
    private var due = monotonicSeconds()
    private var hasBegun = false
    private var absences = 0

    /// nil: there is nothing to watch for.
    package init?(_ job: SlurmJob, launcher: RankLauncher) {
        guard launcher == .srun, !job.components.isEmpty else { return nil }
        self.job = job
    }

    /// Asks Slurm when it is time to. True once a step has been there and is there no more, and srun has had the time to say so.
    package mutating func isOver() -> Bool {
        guard monotonicSeconds() >= due, let hasRanks = job.hasRanks else { return false }
        hasBegun = hasBegun || hasRanks
        absences = hasRanks ? 0 : absences + 1
        pause = hasBegun && !hasRanks ? 3 : min(15, 2 * pause)
        due = monotonicSeconds() + pause
        return hasBegun && absences > 2
    }
}
