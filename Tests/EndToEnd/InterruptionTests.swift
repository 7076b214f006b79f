import Foundation
import TestSupport
import Testing

@testable import Cluster
@testable import crescendo

/// Signals, dead ranks, full disks.
@Suite(.serialized) struct InterruptionTests {
    /// A run that would last for hours.
    private func endless(_ place: Workplace, ranks: Int, limit: Int = 60) throws -> RunningProgram {
        try place.write(SampleData.binary(rows: 2000), to: "data.svm")
        let command = Workplace.command(
            ranks: ranks,
            ["train", "data.svm", "--output", "run"] + SampleData.endless)
        let running = try place.start(command, limit: limit)
        // Training has begun once metrics arrive.
        for _ in 0..<600 {
            let size = (try? place.read("run/metrics.jsonl"))?.count ?? 0
            if size > 0 { break }
            usleep(50_000)
        }
        #expect(place.exists("run/metrics.jsonl"))
        return running
    }

    private func expectUsable(_ place: Workplace, reason: String = "signal") throws {
        #expect(try place.json("run/result.json")["stopReason"] as? String == reason)
        let predicted = try place.run(["predict", "--model", "run", "data.svm"])
        #expect(predicted.code == 0, "\(predicted.errors)")
        for line in try place.read("run/metrics.jsonl").split(separator: "\n") {
            _ = try JSONSerialization.jsonObject(with: Data(line.utf8))
        }
    }

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGUSR1, 75)] as [(Int32, Int32)])
    func aSignalLeavesAUsableRun(_ signal: Int32, _ code: Int32) throws {
        let place = try Workplace()
        let running = try endless(place, ranks: 0)
        running.signal(signal)
        let outcome = try running.wait()
        #expect(outcome.code == code, "\(outcome.errors)")
        #expect(outcome.output.contains("The same command goes on from here"))
        try expectUsable(place)
        let status = try place.json("run/status.json")
        #expect(status["state"] as? String == "interrupted")
        #expect(status["reason"] as? String == Signals.name(signal))
        let result = try place.json("run/result.json")
        #expect(status["iteration"] as? Int == result["iterations"] as? Int)
        // Where somebody waits for it, the model is judged as well.
        if signal != SIGUSR1 { #expect(try #require(result["objective"] as? Double) < 0.7) }
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func aSignalToTheLauncherStopsAllRanks(_ signal: Int32) throws {
        let place = try Workplace()
        let running = try endless(place, ranks: 2)
        running.signal(signal)
        let outcome = try running.wait()
        #expect(!outcome.hasTimedOut)
        try expectUsable(place)
    }

    @Test func aSignalToOneRankStopsAllRanks() throws {
        let place = try Workplace()
        let running = try endless(place, ranks: 3)
        let ranks = running.ranks
        #expect(ranks.count == 3)
        kill(try #require(ranks.last), SIGUSR1)
        let outcome = try running.wait()
        #expect(outcome.code == 75, "\(outcome.errors)")
        try expectUsable(place)
    }

    @Test func aKilledRankEndsTheJobSoonWithAMessage() throws {
        let place = try Workplace()
        let running = try endless(place, ranks: 3)
        let ranks = running.ranks
        let start = ContinuousClock.now
        kill(try #require(ranks.last), SIGKILL)
        let outcome = try running.wait()
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(outcome.code != 0)
        #expect(!outcome.hasTimedOut)
        #expect(outcome.errors.lowercased().contains("signal 9") || outcome.errors.lowercased().contains("killed"))
        let metrics = try place.read("run/metrics.jsonl")
        #expect(!metrics.isEmpty && metrics.hasSuffix("\n"))
        for line in metrics.split(separator: "\n") { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
        let info = try place.run(["info", "run"])
        #expect(info.code == 0, "\(info.errors)")
        #expect(info.output.contains("did not finish"))
        #expect(info.output.contains("last seen     iteration"))
    }

    @Test func aStoppedRankIsFoundByTheStallClock() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 2000), to: "data.svm")
        let running = try place.start(
            Workplace.command(
                ranks: 2,
                ["train", "data.svm", "--output", "run", "--stall-timeout", "2s"] + SampleData.endless))
        for _ in 0..<600 where ((try? place.read("run/metrics.jsonl"))?.count ?? 0) == 0 { usleep(50_000) }
        let ranks = running.ranks
        #expect(ranks.count == 2)
        kill(try #require(ranks.last), SIGSTOP)
        let outcome = try running.wait()
        #expect(outcome.code != 0)
        #expect(!outcome.hasTimedOut)
        #expect(outcome.errors.contains("stall timeout 2 s"), "\(outcome.errors)")
    }

    @Test func aFullDiskForMetricsDoesNotStopTraining() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 2000), to: "data.svm")
        // A file may have 16 kB: enough for the model, not for a thousand lines of metrics.
        let script =
            "ulimit -f 16; exec \(Workplace.program) train data.svm --output run --step sgd --step-size 1e-6 "
            + "--tolerance 0 --max-iterations 1000 --threads 1"
        let outcome = try place.start(["bash", "-c", script]).wait()
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.errors.components(separatedBy: "warning: cannot write run/metrics.jsonl").count == 2)
        try expectUsable(place, reason: "iterationLimit")
        #expect(try place.read("run/metrics.jsonl").hasSuffix("}\n"))
    }

    @Test func aModelThatCannotBeWrittenIsAnError() throws {
        let place = try Workplace()
        try place.write(SampleData.sparse(), to: "data.svm")
        let script = "ulimit -f 2; exec \(Workplace.program) train data.svm --output run --max-iterations 2"
        let outcome = try place.start(["bash", "-c", script]).wait()
        #expect(outcome.code == 1)
        #expect(outcome.errors.contains("crescendo: cannot write run/model.safetensors"), "\(outcome.errors)")
        #expect(!place.exists("run/model.safetensors"))
    }

    /// 4,000 rows of 100,000 columns are 1.6 GB as dense rows; the process may have 1.2.
    @Test(arguments: [[], ["--memory-limit", "100GB"]]) func moreMemoryThanTheProcessMayHaveIsRefused(
        options: [String]
    ) throws {
        let place = try Workplace()
        try place.write(
            (0..<4000).map { "\($0 % 2) 1:\($0) 100000:1" }.joined(separator: "\n") + "\n", to: "data.svm")
        let script =
            "ulimit -v 1200000; exec \(Workplace.program) train data.svm --output run --storage dense "
            + options.joined(separator: " ")
        let outcome = try place.start(["bash", "-c", script]).wait()
        #expect(outcome.code == 1, "\(outcome.errors)")
        // Where the user allows more than there is, the system's refusal is the last word.
        let message = options.isEmpty ? "but only " : "crescendo: out of memory: "
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
        #expect(!place.exists("run/model.safetensors"))
    }
}
