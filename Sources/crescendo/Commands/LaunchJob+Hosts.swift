import Cluster

/// Which hosts a job still has.
extension LaunchJob {
    /// What there is to start on after a crash.
    enum HostsLeft {
        /// As before.
        case all
        case some([SlurmJob.HostShare])
        case none
        /// The components of a heterogeneous job belong together.
        case notEnough
    }

    func launcher() throws -> RankLauncher {
        let launcher = command.launcher ?? LaunchPlan.preferred(inJob: job != nil)
        let parts = job?.components.count ?? 0
        guard parts == 0 || launcher == .srun else {
            throw StartError(
                description:
                    "this heterogeneous job has \(parts) components, and mpirun would start ranks on the first one only; "
                    + "have srun start them (--launcher srun), or submit a job of one component")
        }
        guard parts == 0 || command.ranks == nil else {
            throw StartError(
                description:
                    "--ranks does not say how many are for each of the \(parts) components of this heterogeneous job; "
                    + "say it to sbatch: --ntasks in each component")
        }
        return launcher
    }

    func hostsLeft(_ used: [SlurmJob.HostShare]?) -> HostsLeft {
        guard let job else { return .all }
        job.endSteps()
        let candidates = used ?? job.hosts
        let known = job.remaining.map(Set.init)
        let answering = Set(job.answering(candidates.filter { known?.contains($0.name) ?? true }).map(\.name))
        let left = candidates.filter { answering.contains($0.name) }
        if left.count == candidates.count { return .all }
        let lost = candidates.filter { !answering.contains($0.name) }.map(\.name).joined(separator: ", ")
        if left.isEmpty { return .none }
        if !job.components.isEmpty {
            say("\(lost) of this heterogeneous job is lost")
            return .notEnough
        }
        say("going on without \(lost)")
        return .some(left)
    }

    /// With `--no-kill`, Slurm takes the loss of the first host for that of any other, and leaves a job without a script
    /// until its time is over. A process on another host asks Slurm now and then.
    func watchFromElsewhere(_ hosts: [SlurmJob.HostShare]) -> ChildProcess? {
        guard let job, job.isBatch, hosts.count > 1, let own = job.hosts.first?.name,
            let place = hosts.first(where: { $0.name != own })
        else { return nil }
        return try? ChildProcess(
            LaunchPlan.lone(on: place) + [program, "launch", "--watch-host", own], capturing: true)
    }

    func watch(_ host: String) -> Int32 {
        guard let job else { return 1 }
        while true {
            if let signal = rest(15) { return 128 + signal }
            guard let remaining = job.remaining, !remaining.contains(host) else { continue }
            return job.requeue() ? 0 : 1
        }
    }
}
