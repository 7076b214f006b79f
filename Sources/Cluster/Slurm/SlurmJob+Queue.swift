import Platform
import Telemetry

/// What Slurm's commands tell of the job and do with it.
extension SlurmJob {
    /// A short command of Slurm, with what users and sites may have told it for themselves left out.
    private static func ask(_ command: String...) -> String? {
        let own = ["SQUEUE_", "SCANCEL_"]
        guard
            let child = try? ChildProcess(
                command, variables: ["SLURM_TIME_FORMAT": "%s"],
                without: { name in own.contains { name.hasPrefix($0) } }, capturing: true)
        else { return nil }
        let text = child.finish(by: monotonicSeconds() + 30)
        return child.code == 0 ? text : nil
    }

    /// "n[1-3]" as Slurm spells it out.
    package static func expand(_ list: String) -> [String] {
        if !list.contains("[") { return list.split(separator: ",").map(String.init) }
        let text = ask("scontrol", "show", "hostnames", list) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    /// When the job's time is over, in the form that `--end-time` takes; nil: never, or Slurm does not answer.
    package var end: String? {
        let text = SlurmJob.ask("squeue", "-h", "-j", identifier, "-o", "%e")
        let times = (text ?? "").split(separator: "\n").compactMap { Int($0) }
        return times.min().map { "@\($0)" }
    }

    /// The hosts that Slurm still counts to the job; nil when it does not answer, or the job is not running.
    package var remaining: [String]? {
        guard let text = SlurmJob.ask("squeue", "-h", "-j", identifier, "-o", "%T %N") else { return nil }
        let lines = text.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1) }
        // A job that ends gives its hosts back one by one.
        guard !lines.isEmpty, lines.allSatisfy({ $0.count == 2 && $0[0] == "RUNNING" }) else { return nil }
        return lines.flatMap { SlurmJob.expand(String($0[1])) }
    }

    /// Seconds of silence after which Slurm gives a host up: until then srun waits for its ranks. nil: it does not answer.
    package static var hostTimeout: Int? {
        let lines = (ask("scontrol", "show", "config") ?? "").split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("SlurmdTimeout") }) else { return nil }
        return line.split(separator: " ").lazy.compactMap { Int($0) }.first
    }

    /// Puts the job back into the queue; false where that is not allowed. Slurm ends this process soon after.
    package func requeue() -> Bool { SlurmJob.ask("scontrol", "requeue", identifier) != nil }

    /// Whether Slurm has a step of the program; nil when it does not answer.
    package var hasRanks: Bool? {
        let list = SlurmJob.ask("squeue", "-h", "-s", "-j", identifier, "-o", "%j")
        return list.map { $0.split(separator: "\n").contains(Substring(LaunchPlan.program)) }
    }

    /// Ends the steps that launchers have left behind, on a host that they no longer reached, say. Steps of other names are
    /// somebody else's.
    package func endSteps() {
        let names = Set([LaunchPlan.program, LaunchPlan.besideProgram, "orted", "prted", "hydra_pmi_proxy"])
        let list = SlurmJob.ask("squeue", "-h", "-s", "-j", identifier, "-o", "%i %j") ?? ""
        for line in list.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, names.contains(String(parts[1])) else { continue }
            _ = SlurmJob.ask("scancel", "--signal=KILL", String(parts[0]))
        }
    }

    /// Those of `hosts` on which a program can be started now, found by starting one.
    package func answering(_ hosts: [HostShare], limit: Double = 15) -> [HostShare] {
        let probes = hosts.map { try? ChildProcess(LaunchPlan.lone(on: $0) + ["true"], capturing: true) }
        let deadline = monotonicSeconds() + limit
        return zip(hosts, probes).filter { _, probe in
            _ = probe?.finish(by: deadline)
            return probe?.code == 0
        }.map { $0.0 }
    }
}
