import Foundation
import TestSupport
import Testing

@testable import Cluster
@testable import Runs
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

    /// What `scancel --signal` sent to the ranks alone counts as much as what `launch` got; SIGUSR1 does not end a job.
    @Test(
        arguments: [
            (nil, "SIGTERM", SIGTERM), (nil, "SIGINT", SIGINT), (SIGTERM, "SIGUSR1", SIGTERM),
            (SIGINT, "SIGUSR1", SIGINT),
            (SIGUSR1, "SIGTERM", SIGTERM), (SIGUSR1, "SIGUSR1", nil), (nil, "SIGUSR1", nil), (nil, "endTime", nil),
            (nil, "", nil),
        ] as [(Int32?, String, Int32?)])
    func whoWantsTheEnd(_ own: Int32?, _ reason: String, _ end: Int32?) {
        #expect(RunOutcome.end(wantedBy: own, reason) == end)
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

/// `launch` and `doctor` on this machine.
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

    /// A folder of programs that take the place of the site's.
    private func site(_ place: Workplace, _ programs: [String: String]) throws -> [String: String] {
        try FileManager.default.createDirectory(atPath: place.path("bin"), withIntermediateDirectories: true)
        for (name, text) in programs {
            try place.write("#!/bin/bash\n" + text, to: "bin/" + name)
            chmod(place.path("bin/" + name), 0o755)
        }
        return ["PATH": place.path("bin") + ":/usr/local/bin:/usr/bin:/bin"]
    }

    /// A launcher that answers with a code of its own, as hydra does with that of the first rank to end, and srun with 143
    /// for all that it has ended itself. What the program says counts.
    @Test(arguments: [0, 1, 143]) func theLaunchersCodeDoesNotCount(_ code: Int) throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let environment = try site(place, ["mpirun": "\"$@\"\nexit \(code)\n"])
        func launch(_ arguments: [String]) throws -> Outcome {
            try place.start([Workplace.program, "launch"] + arguments, environment: environment).wait()
        }
        #expect(try launch(["train", "data.svm", "--output", "run", "--quiet"]).code == 0)
        #expect(try launch(["info", "run"]).code == 0)
        #expect(try launch(["info", "nowhere"]).code == 1)
        #expect(try launch(["train", "no.svm", "--output", "other", "--quiet"]).code == 1)
        #expect(try launch(["predict", "--model", "run", "--colour", "data.svm"]).code == 64)
        let names = try FileManager.default.contentsOfDirectory(atPath: place.folder)
        #expect(names.sorted() == ["bin", "data.svm", "run"])
    }

    /// A launcher that ends with 0 before any rank has said a word.
    @Test func silenceIsNoSuccess() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let environment = try site(place, ["mpirun": "exit 0\n"])
        for command in [["info", "data.svm"], ["train", "data.svm", "--output", "run"]] {
            let outcome = try place.start(
                [Workplace.program, "launch", "--retries", "0"] + command, environment: environment
            ).wait()
            #expect(outcome.code == 1)
            #expect((outcome.output + outcome.errors).contains("without"), "\(outcome.output)\(outcome.errors)")
        }
    }

    /// Data is still being read, or MPI has hardly started: `scancel --signal=TERM` does not look like a crash.
    @Test(arguments: [SIGTERM, SIGINT, SIGUSR1]) func aSignalBeforeTrainingIsNoCrash(_ signal: Int32) throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 20_000), to: "data.svm")
        let running = try place.start(
            [Workplace.program, "train", "data.svm", "--output", "run", "--quiet"] + SampleData.endless,
            environment: [ExitNote.variable: place.path("note")])
        // As soon as it listens.
        for _ in 0..<2000 where !running.ranks.contains(where: { listens($0, to: signal) }) { usleep(1000) }
        running.signal(signal)
        let outcome = try running.wait()
        let code = signal == SIGUSR1 ? ExitCode.interrupted : 128 + signal
        #expect(outcome.code == code, "\(outcome.errors)")
        #expect(try place.read("note") == "\(code)\n")
        #expect(try place.json("run/status.json")["reason"] as? String == Signals.name(signal))
    }

    /// mpirun's daemons end the ranks about a second after `scancel --signal` reached both, which may be too soon for an
    /// orderly end. Whoever sent the signal was not the ranks' parent: nobody starts them again.
    @Test(arguments: [(SIGTERM, 143), (SIGINT, 130)] as [(Int32, Int32)])
    func ranksThatAreKilledAfterASignalStayDead(_ signal: Int32, _ code: Int32) throws {
        let outcome = try launchKilled(by: "(kill -\(signal) $p; sleep 0.01; kill -KILL $p)")
        #expect(outcome.code == code, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.contains("ended by \(Signals.name(signal))"))
        #expect(!outcome.output.contains("starting them again"))
    }

    /// After a crash a launcher sends SIGTERM too, to those that are left: as their parent.
    @Test func ranksThatTheirLauncherEndsStartAgain() throws {
        let outcome = try launchKilled(by: "kill -TERM $p; sleep 0.01; kill -KILL $p")
        #expect(outcome.output.contains("starting them again"), "\(outcome.output)\(outcome.errors)")
    }

    /// `launch` with a launcher that runs `end` when training is under way, and a second time lets the run fail.
    private func launchKilled(by end: String) throws -> Outcome {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 2000), to: "data.svm")
        let mpirun = """
            [ ! -e run/metrics.jsonl ] || exit 1
            "$@" & p=$!
            until [ -s run/metrics.jsonl ]; do sleep 0.01; done
            \(end)
            wait $p
            exit 1
            """
        let outcome = try place.start(
            [Workplace.program, "launch", "--retries", "1", "train", "data.svm", "--output", "run", "--quiet"]
                + SampleData.endless, environment: try site(place, ["mpirun": mpirun])
        ).wait()
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.folder).allSatisfy { !$0.hasPrefix(".") })
        return outcome
    }

    private func listens(_ process: Int32, to signal: Int32) -> Bool {
        let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        let mask = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }?.split(separator: "\t").last
        return mask.flatMap { UInt64($0, radix: 16) }.map { $0 >> UInt64(signal - 1) & 1 == 1 } ?? false
    }

    /// The end of the job reaches the run, whatever form users or sites want times in; and their other settings for
    /// squeue do not hide the job.
    @Test(arguments: ["standard", "relative", "%H:%M", ""]) func theEndOfTheJobReachesTheRun(_ format: String) throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        var environment = try site(
            place,
            [
                "squeue": """
                [ -z "$SQUEUE_STATES" ] || exit 0
                case "$*" in
                *%e*) case "$SLURM_TIME_FORMAT" in
                    relative) echo "Tomorr 03:12" ;;
                    standard | "") date -d @1900000000 +%Y-%m-%dT%H:%M:%S ;;
                    *) date -d @1900000000 "+$SLURM_TIME_FORMAT" ;;
                    esac ;;
                esac
                """,
                "scontrol": "exit 1\n", "srun": "echo none\n", "mpirun": "\"$@\"\n",
            ])
        environment.merge([
            "SLURM_JOB_ID": "77", "SLURM_JOB_NAME": "j", "SLURM_JOB_NODELIST": "here", "SLURM_NTASKS": "1",
            "SLURM_TASKS_PER_NODE": "1", "SLURM_TIME_FORMAT": format, "SQUEUE_STATES": "PENDING",
        ]) { $1 }
        let outcome = try place.start(
            [Workplace.program, "launch", "train", "data.svm", "--output", "run", "--quiet"], environment: environment
        ).wait()
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output.contains(" --end-time=@1900000000\n"), "\(outcome.output)")
    }

    /// An srun that waits on when the ranks of a heterogeneous job have ended, as Slurm 22.05's does now and then.
    @Test func anSrunThatWaitsForRanksThatHaveEndedIsEnded() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let srun = """
            case "$*" in *--het-group=0*) ;; *) exit 1 ;; esac
            while [[ $1 == -* ]]; do shift; done
            ranks=(); for word; do [ "$word" != : ] || break; ranks+=("$word"); done
            touch step; "${ranks[@]}"; sleep 3; rm step
            exec sleep 300
            """
        var environment = try site(
            place,
            [
                "squeue": "case \"$*\" in *-s*) [ ! -e step ] || echo crescendo ;; esac\n", "scontrol": "exit 1\n",
                "srun": srun,
            ])
        environment.merge([
            "SLURM_JOB_ID": "77", "SLURM_HET_SIZE": "2", "SLURM_JOB_NODELIST_HET_GROUP_0": "a",
            "SLURM_JOB_NODELIST_HET_GROUP_1": "b", "SLURM_TASKS_PER_NODE_HET_GROUP_0": "1",
            "SLURM_TASKS_PER_NODE_HET_GROUP_1": "1",
        ]) { $1 }
        let outcome = try place.start(
            [Workplace.program, "launch", "--launcher", "srun", "train", "data.svm", "--output", "run", "--quiet"],
            environment: environment
        ).wait()
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("srun waits for them; ending it\n"), "\(outcome.output)")
        #expect(!FileManager.default.fileExists(atPath: place.path("step")))
    }

    /// The command that `launch` shows is one to copy, and no raw text of a user's.
    @Test func whatLaunchShowsIsQuoted() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "a\u{1B}[2J b.svm")
        let outcome = try place.run(["launch", "train", "a\u{1B}[2J b.svm", "--output", "run", "--quiet"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output.contains(#"train $'a\x1b[2J b.svm' --output run"#), "\(outcome.output)")
        #expect(!outcome.output.contains("\u{1B}"))
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
