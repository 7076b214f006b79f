import Platform
import Telemetry

/// The Slurm job that this process runs in, as its environment tells. What Slurm's commands tell is in SlurmJob+Queue.swift.
package struct SlurmJob {
    /// What Slurm's commands call the job: of an array ARRAY_TASK. The number of an array's last task is the array's own,
    /// and would stand for all of its tasks.
    package let identifier: String
    /// How often Slurm has put the job back into the queue.
    package let restarts: Int
    /// The job's script runs this program, so nobody else starts the job again.
    package let isBatch: Bool
    /// Hosts and the tasks that each was given, when the job began; of all components.
    package let hosts: [HostShare]
    /// The components of a heterogeneous job; none: an ordinary one.
    package let components: [Component]
    package let processorsPerTask: Int?
    package let name: String

    /// One host of the job.
    package struct HostShare: Equatable {
        package var name: String
        package var tasks: Int
        /// The component of a heterogeneous job that it belongs to.
        package var component: Int?
    }

    /// A part of a heterogeneous job, with options of its own.
    package struct Component: Equatable {
        package var tasks: Int?
        package var processorsPerTask: Int?
    }

    /// nil outside a job.
    package init?(environment: [String: String] = Environment.all) {
        func number(_ key: String) -> Int? { environment[key].flatMap { Int($0) } }
        guard let identifier = SlurmJob.identifier(in: environment) else { return nil }
        self.identifier = identifier
        restarts = number("SLURM_RESTART_COUNT") ?? 0
        // `salloc` leaves a shell that is no task, and the shell of `srun --pty` is one of a step.
        isBatch = environment["SLURM_TASK_PID"] != nil && environment["SLURM_STEP_ID"] == nil
        processorsPerTask = number("SLURM_CPUS_PER_TASK")
        name = environment["SLURM_JOB_NAME"] ?? "train"
        let count = max(1, number("SLURM_HET_SIZE") ?? number("SLURM_PACK_SIZE") ?? 1)
        guard count > 1 else {
            components = []
            hosts = SlurmJob.shares(
                environment["SLURM_JOB_NODELIST"], environment["SLURM_TASKS_PER_NODE"], component: nil)
            return
        }
        components = (0..<count).map {
            Component(
                tasks: number("SLURM_NTASKS_HET_GROUP_\($0)"),
                processorsPerTask: number("SLURM_CPUS_PER_TASK_HET_GROUP_\($0)"))
        }
        hosts = (0..<count).flatMap {
            SlurmJob.shares(
                environment["SLURM_JOB_NODELIST_HET_GROUP_\($0)"], environment["SLURM_TASKS_PER_NODE_HET_GROUP_\($0)"],
                component: $0)
        }
    }

    package static func identifier(in environment: [String: String] = Environment.all) -> String? {
        guard let job = environment["SLURM_JOB_ID"], !job.isEmpty else { return nil }
        guard let array = environment["SLURM_ARRAY_JOB_ID"], let task = environment["SLURM_ARRAY_TASK_ID"] else {
            return job
        }
        return "\(array)_\(task)"
    }

    private static func shares(_ list: String?, _ tasks: String?, component: Int?) -> [HostShare] {
        let counts = repeated(tasks ?? "")
        return (list.map(expand) ?? []).enumerated().map { index, name in
            HostShare(name: name, tasks: index < counts.count ? counts[index] : 1, component: component)
        }
    }

    /// "2(x3),1" = 2, 2, 2, 1.
    package static func repeated(_ text: String) -> [Int] {
        text.split(separator: ",").flatMap { part -> [Int] in
            let pieces = part.split { "(x)".contains($0) }.compactMap { Int($0) }
            guard let value = pieces.first else { return [] }
            return [Int](repeating: value, count: pieces.count > 1 ? pieces[1] : 1)
        }
    }

    /// The folder of the job's run, the same after every restart.
    package var runFolder: String {
        // A job may be called anything: this is one folder in `runs`, and not elsewhere.
        let scalars = name.unicodeScalars.map { $0 == "/" || $0.isUnprintable ? "_" : Character($0) }
        return "runs/\(String(scalars))-\(identifier.replacing("_", with: "-"))"
    }
}
