import Telemetry

/// The Slurm job that this process runs in, as its environment and Slurm's commands tell.
struct SlurmJob {
    let identifier: String
    /// How often Slurm has put the job back into the queue.
    let restarts: Int
    /// The job's script runs this program, so nobody else starts the job again.
    let isBatch: Bool
    /// Hosts and the tasks that each was given, when the job began.
    let hosts: [HostShare]
    /// Tasks of the whole job, where the script asked for a number.
    let tasks: Int?
    let processorsPerTask: Int?
    let name: String
    private let array: (job: String, task: String)?

    /// One host of the job.
    struct HostShare: Equatable {
        var name: String
        var tasks: Int
    }

    /// nil outside a job.
    init?(environment: [String: String] = Environment.all) {
        func number(_ key: String) -> Int? { environment[key].flatMap { Int($0) } }
        guard let identifier = environment["SLURM_JOB_ID"] else { return nil }
        self.identifier = identifier
        restarts = number("SLURM_RESTART_COUNT") ?? 0
        // `salloc` leaves a shell that is no step.
        isBatch = environment["SLURM_TASK_PID"] != nil
        tasks = number("SLURM_NTASKS")
        processorsPerTask = number("SLURM_CPUS_PER_TASK")
        name = environment["SLURM_JOB_NAME"] ?? "train"
        array =
            environment["SLURM_ARRAY_JOB_ID"].flatMap { job in
                environment["SLURM_ARRAY_TASK_ID"].map { (job, $0) }
            }
        let names = environment["SLURM_JOB_NODELIST"].map(SlurmJob.expand) ?? []
        let shares = SlurmJob.repeated(environment["SLURM_TASKS_PER_NODE"] ?? "")
        hosts = names.enumerated().map { index, name in
            HostShare(name: name, tasks: index < shares.count ? shares[index] : 1)
        }
    }

    /// "2(x3),1" = 2, 2, 2, 1.
    static func repeated(_ text: String) -> [Int] {
        text.split(separator: ",").flatMap { part -> [Int] in
            let pieces = part.split { "(x)".contains($0) }.compactMap { Int($0) }
            guard let value = pieces.first else { return [] }
            return [Int](repeating: value, count: pieces.count > 1 ? pieces[1] : 1)
        }
    }

    /// "n[1-3]" as Slurm spells it out.
    static func expand(_ list: String) -> [String] {
        if !list.contains("[") { return list.split(separator: ",").map(String.init) }
        let text = ChildProcess.output(of: "scontrol", "show", "hostnames", list) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    /// The folder of the job's run, the same after every restart.
    var runFolder: String {
        guard let array else { return "runs/\(name)-\(identifier)" }
        return "runs/\(name)-\(array.job)-\(array.task)"
    }

    /// When the job's time is over, in the form that `--end-time` takes; nil: never, or Slurm does not answer.
    var end: String? {
        let text = ChildProcess.output(of: "squeue", "-h", "-j", identifier, "-o", "%e")
        let time = text?.split(separator: "\n").first.map(String.init)
        return time.flatMap { $0.contains("T") ? $0 : nil }
    }

    /// The hosts that Slurm still counts to the job; nil when it does not answer.
    var remaining: [String]? {
        guard let text = ChildProcess.output(of: "squeue", "-h", "-j", identifier, "-o", "%N"),
            let list = text.split(separator: "\n").first
        else { return nil }
        return SlurmJob.expand(String(list))
    }

    /// Seconds of silence after which Slurm gives a host up: until then srun waits for its ranks. nil: it does not answer.
    static var hostTimeout: Int? {
        let lines = (ChildProcess.output(of: "scontrol", "show", "config") ?? "").split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("SlurmdTimeout") }) else { return nil }
        return line.split(separator: " ").lazy.compactMap { Int($0) }.first
    }

    /// Puts the job back into the queue; false where that is not allowed. Slurm ends this process soon after.
    func requeue() -> Bool { ChildProcess.output(of: "scontrol", "requeue", identifier) != nil }

    /// Ends all steps, such as what a launcher has left behind on a host that it no longer reached.
    func endSteps() {
        let list = ChildProcess.output(of: "squeue", "-h", "-s", "-j", identifier, "-o", "%i") ?? ""
        let steps = list.split(separator: "\n").filter { $0.split(separator: ".").last.flatMap { Int($0) } != nil }
        for step in steps { _ = ChildProcess.output(of: "scancel", "--signal=KILL", String(step)) }
    }

    /// Those of `names` on which a program can be started now, found by starting one.
    func answering(_ names: [String], limit: Double = 15) -> [String] {
        let probes = names.map { name in
            try? ChildProcess(
                [
                    "srun", "--overlap", "--nodes=1", "--ntasks=1", "--nodelist=\(name)", "--mpi=none", "--quiet",
                    "--cpus-per-task=1", "true",
                ], capturing: true)
        }
        let deadline = monotonicSeconds() + limit
        return zip(names, probes).filter { _, probe in
            _ = probe?.finish(by: deadline)
            return probe?.code == 0
        }.map { $0.0 }
    }
}
