import Datasets
import Foundation
import Platform
import Testing

@testable import Cluster

@Suite struct SlurmTests {
    @Test func tasksOfHosts() {
        #expect(SlurmJob.repeated("2(x3),1") == [2, 2, 2, 1])
        #expect(SlurmJob.repeated("4") == [4])
        #expect(SlurmJob.repeated("") == [])
        let job = SlurmJob(environment: [
            "SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "a,b", "SLURM_TASKS_PER_NODE": "3,1", "SLURM_JOB_NAME": "clicks",
        ])
        #expect(job?.hosts == [.init(name: "a", tasks: 3), .init(name: "b", tasks: 1)])
        #expect(job?.runFolder == "runs/clicks-7")
        #expect(SlurmJob(environment: [:]) == nil)
        let array = SlurmJob(environment: [
            "SLURM_JOB_ID": "9", "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "2", "SLURM_JOB_NAME": "search",
        ])
        #expect(array?.runFolder == "runs/search-7-2")
        // The array's last task has the array's own number.
        let last = SlurmJob(environment: [
            "SLURM_JOB_ID": "7", "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "3", "SLURM_TASK_PID": "12",
        ])
        #expect(array?.identifier == "7_2" && last?.identifier == "7_3" && job?.identifier == "7")
        #expect(last?.isBatch == true && job?.isBatch == false)
    }

    /// Nobody requeues a job from the shell of `srun --pty`.
    @Test func aStepIsNoBatchScript() {
        let step = SlurmJob(environment: ["SLURM_JOB_ID": "7", "SLURM_TASK_PID": "12", "SLURM_STEP_ID": "0"])
        #expect(step?.isBatch == false)
    }

    @Test(arguments: ["../../x", "a\nb", "/", "a\u{1B}[2Jb"]) func namesOfJobsStayInRuns(_ name: String) throws {
        let job = try #require(SlurmJob(environment: ["SLURM_JOB_ID": "7", "SLURM_JOB_NAME": name]))
        #expect(job.runFolder.split(separator: "/", omittingEmptySubsequences: false).count == 2)
        #expect(job.runFolder.hasPrefix("runs/") && job.runFolder.hasSuffix("-7"))
        #expect(!job.runFolder.unicodeScalars.contains { $0.isUnprintable })
    }

    @Test func aHeterogeneousJobIsOneWorld() throws {
        let job = try #require(
            SlurmJob(environment: [
                "SLURM_JOB_ID": "7", "SLURM_HET_SIZE": "2", "SLURM_JOB_NODELIST": "a",
                "SLURM_JOB_NODELIST_HET_GROUP_0": "a", "SLURM_JOB_NODELIST_HET_GROUP_1": "b,c",
                "SLURM_TASKS_PER_NODE_HET_GROUP_0": "2", "SLURM_TASKS_PER_NODE_HET_GROUP_1": "1(x2)",
                "SLURM_NTASKS_HET_GROUP_0": "2", "SLURM_NTASKS_HET_GROUP_1": "2",
                "SLURM_CPUS_PER_TASK_HET_GROUP_1": "4",
            ]))
        #expect(
            job.hosts == [
                .init(name: "a", tasks: 2, component: 0), .init(name: "b", tasks: 1, component: 1),
                .init(name: "c", tasks: 1, component: 1),
            ])
        let plan = LaunchPlan(launcher: .srun, protocolName: "pmix", components: job.components)
        let common = ["--mpi=pmix", "--kill-on-bad-exit=1"]
        #expect(
            plan.command(["p", "x"]) == ["srun"] + common + ["--het-group=0", "--ntasks=2", "p", "x", ":"] + common
                + ["--het-group=1", "--ntasks=2", "--cpus-per-task=4", "p", "x"])
        #expect(LaunchPlan.lone(on: job.hosts[1]).contains("--het-group=1"))
        #expect(!LaunchPlan.lone(on: .init(name: "a", tasks: 1)).contains { $0.hasPrefix("--het-group") })
    }

    @Test func commandsOfTheLaunchers() {
        let hosts = [SlurmJob.HostShare(name: "a", tasks: 3), SlurmJob.HostShare(name: "c", tasks: 1)]
        var plan = LaunchPlan(launcher: .srun, protocolName: "pmix", threads: 2)
        #expect(
            plan.command(["p", "x"]) == ["srun", "--mpi=pmix", "--kill-on-bad-exit=1", "--cpus-per-task=2", "p", "x"])
        plan.hosts = hosts
        #expect(plan.command(["p"]).contains("--nodelist=a,c"))
        #expect(plan.command(["p"]).contains("--ntasks=4"))
        plan = LaunchPlan(launcher: .mpirun, hosts: hosts)
        #expect(plan.command(["p"]) == ["mpirun", "--host", "a:3,c:1", "-n", "4", "p"])
        plan = LaunchPlan(launcher: .mpirun, ranks: 8)
        #expect(plan.command(["p"]) == ["mpirun", "-n", "8", "p"])
    }

    /// The scripts that users copy rely on the same lines as those that `submit` writes.
    @Test(arguments: ["train", "array"]) func theScriptsInJobs(_ name: String) throws {
        let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: top.appendingPathComponent("jobs/\(name).sbatch"), encoding: .utf8)
        let written = JobScript(
            name: name, nodes: 1, ranksPerNode: 1, threads: 1, time: "02:00:00", options: [], modules: [],
            command: ["train"])
        #expect(text.contains(JobScript.survival.joined(separator: "\n") + "\n"))
        #expect(written.text.contains(JobScript.survival.joined(separator: "\n") + "\n"))
        #expect(text.contains("\nexec crescendo launch train "))
        #expect(written.text.hasSuffix("\nexec crescendo launch train\n"))
    }
}
