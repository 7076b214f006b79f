import Foundation
import Testing

@testable import crescendo

@Suite struct RunOutcomeTests {
    private let old = StoredStatus(state: "interrupted", reason: "signal", attempt: 1, iteration: 10)
    private func now(_ state: String) -> StoredStatus {
        StoredStatus(state: state, reason: "because", attempt: 2, iteration: 20)
    }

    @Test func theRunsOwnWordCounts() {
        #expect(RunOutcome(own: nil, before: old, after: now("finished")) == .finished)
        #expect(RunOutcome(own: nil, before: old, after: now("failed")) == .failed(code: 1))
        #expect(RunOutcome(own: 2, before: old, after: now("failed")) == .failed(code: 2))
        #expect(RunOutcome(own: 75, before: old, after: now("interrupted")) == .interrupted(reason: "because"))
        #expect(RunOutcome(own: nil, before: old, after: now("interrupted")) == .interrupted(reason: "because"))
    }

    @Test func noOrderlyEndIsACrash() {
        #expect(RunOutcome(own: nil, before: old, after: now("running")) == .crashed(hasBegun: true))
        #expect(RunOutcome(own: nil, before: old, after: old) == .crashed(hasBegun: false))
        #expect(RunOutcome(own: nil, before: nil, after: nil) == .crashed(hasBegun: false))
    }

    /// What an earlier start has left behind does not count, and an orderly failure before the first status does.
    @Test func anOldStatusIsNotBelieved() {
        let finished = StoredStatus(state: "finished", attempt: 1, iteration: 30)
        #expect(RunOutcome(own: nil, before: finished, after: finished) == .crashed(hasBegun: false))
        #expect(RunOutcome(own: 1, before: finished, after: finished) == .failed(code: 1))
        #expect(RunOutcome(own: 64, before: nil, after: nil) == .failed(code: 64))
    }

    @Test func aRunThatGetsFurtherMayCrashOften() {
        var budget = RetryBudget(limit: 2)
        #expect((0..<20).allSatisfy { _ in budget.pause(afterProgress: true) == 1 })
        #expect(budget.pause(afterProgress: false) == 2)
        #expect(budget.pause(afterProgress: false) == nil)
        var patient = RetryBudget(limit: 100)
        let pauses = (0..<9).compactMap { _ in patient.pause(afterProgress: false) }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60])
    }
}

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

    @Test(arguments: [(30.0, "00:01:00"), (5400, "01:30:00"), (7201, "02:01:00"), (90_000, "1-01:00:00")])
    func timesForSbatch(_ seconds: Double, _ text: String) { #expect(SubmitJob.clock(seconds) == text) }

    @Test func wordsOfTheShell() {
        #expect(JobScript.quoted("data/a-b_1.svm") == "data/a-b_1.svm")
        #expect(JobScript.quoted("my data") == "'my data'")
        #expect(JobScript.quoted("it's $HOME") == "'it'\\''s $HOME'")
        #expect(JobScript.quoted("") == "''")
    }

    /// The scripts that users copy rely on the same lines as those that `submit` writes.
    @Test(arguments: ["train", "array"]) func theScriptsInJobs(_ name: String) throws {
        let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
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

/// `launch`, `submit` and `doctor` on this machine.
@Suite(.serialized) struct SiteCommandTests {
    @Test func launchStartsRanks() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let outcome = try place.run(["launch", "--ranks", "2", "train", "data.svm", "--output", "run"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(try place.json("run/result.json")["ranks"] as? Int == 2)
        let names = try FileManager.default.contentsOfDirectory(atPath: place.folder)
        #expect(names.sorted() == ["data.svm", "run"])
    }

    @Test func launchGivesUpWhereTryingAgainIsOfNoUse() throws {
        let place = try Workplace()
        let missing = try place.run(["launch", "--ranks", "2", "train", "no.svm", "--output", "run"])
        #expect(missing.code == 1)
        #expect(missing.errors.contains("no.svm: cannot open"))
        #expect(missing.output.components(separatedBy: "crescendo launch:").count == 2, "\(missing.output)")
        let wrong = try place.run(["launch", "train", "no.svm", "--tolerence", "1"])
        #expect(wrong.code == 64)
        #expect(wrong.errors.contains("Did you mean '--tolerance'?"))
    }

    @Test func submitWritesAScriptOnce() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "my data.svm")
        let arguments = ["submit", "--nodes", "3", "--time", "90m", "--module", "mpi/4", "train", "my data.svm"]
        let first = try place.run(arguments)
        #expect(first.code == 0, "\(first.errors)")
        let text = try place.read("train.sbatch")
        #expect(first.output.contains(text))
        #expect(first.output.contains("sbatch train.sbatch"))
        #expect(text.contains("#SBATCH --nodes=3 "))
        #expect(text.contains("#SBATCH --time=01:30:00 "))
        #expect(text.contains("\nmodule load mpi/4\n"))
        #expect(text.hasSuffix("\nexec crescendo launch train 'my data.svm'\n"))
        #expect(try place.run(arguments).code == 0)
        let other = try place.run(["submit", "train", "my data.svm"])
        #expect(other.code == 1)
        #expect(other.errors.contains("--overwrite"))
        #expect(try place.read("train.sbatch") == text)
        #expect(try place.run(["submit", "train", "--colour", "red"]).code == 64)
    }

    @Test(arguments: [0, 3]) func doctorKnowsTheRanks(_ ranks: Int) throws {
        let place = try Workplace()
        let outcome = try place.run(ranks: ranks, ["doctor", "--json"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect(report["ranks"] as? Int == max(1, ranks))
        #expect((report["rank"] as? [Any])?.count == max(1, ranks))
        #expect((report["hosts"] as? [Any])?.count == 1)
        #expect((report["allreduce"] as? [Any])?.isEmpty == (ranks == 0))
        #expect((report["folder"] as? [String: Any])?["shared"] as? Bool == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.folder).isEmpty)
    }

    @Test func doctorWantsAFolderItCanWriteTo() throws {
        let place = try Workplace()
        let outcome = try place.run(["doctor", "--folder", place.path("nowhere")])
        #expect(outcome.code == 1)
        #expect(outcome.output.contains("ERROR"))
        #expect(outcome.output.contains("--folder"))
    }
}
