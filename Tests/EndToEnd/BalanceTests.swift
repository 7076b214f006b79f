import Foundation
import Synchronization
import TestSupport
import Testing

/// A run with a rank that gets a fifth of the processor time of the others.
@Suite(.serialized) struct BalanceTests {
    /// Stops and continues a process by turns.
    private final class Brake: Sendable {
        private let isOn = Atomic<Bool>(true)
        private let ended = DispatchSemaphore(value: 0)

        init(_ process: Int32) {
            Thread.detachNewThread { [self] in
                while isOn.load(ordering: .relaxed) {
                    kill(process, SIGSTOP)
                    usleep(8000)
                    kill(process, SIGCONT)
                    usleep(2000)
                }
                ended.signal()
            }
        }

        func release() {
            isOn.store(false, ordering: .relaxed)
            ended.wait()
        }
    }

    private func command(_ run: String, _ more: [String]) -> [String] {
        [
            "train", "data.svm", "--output", run, "--model", "mlp:128,128", "--step", "sgd", "--step-size", "1e-3",
            "--direction", "gradient", "--initial-batch", "3000", "--largest-batch", "3000", "--validation", "0",
            "--max-epochs", "1000000", "--patience", "1000000", "--tolerance", "0",
        ] + more
    }

    private func losses(_ place: Workplace, _ run: String) throws -> [Double] {
        try place.read(run + "/metrics.jsonl").split(separator: "\n").compactMap { line in
            (try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["loss"] as? Double
        }
    }

    private func events(_ place: Workplace, _ kind: String) throws -> [[String: Any]] {
        try place.read("run/events.jsonl").split(separator: "\n").compactMap { line in
            let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return event?["event"] as? String == kind ? event : nil
        }
    }

    /// The slow rank is named, rows move away from it, and neither that nor a start from a checkpoint, under equal shares
    /// again, changes the path.
    @Test func aSlowRankIsNamedAndRelieved() throws {
        let place = try Workplace()
        try place.write(SampleData.classes(rows: 3000), to: "data.svm")
        let running = try place.start(Workplace.command(ranks: 2, command("run", [])), limit: 120)
        for _ in 0..<600 where ((try? place.read("run/metrics.jsonl"))?.count ?? 0) == 0 { usleep(50_000) }
        let ranks = running.ranks.sorted()
        #expect(ranks.count == 2)
        let brake = Brake(try #require(ranks.last))
        let isRelieved = { ((try? events(place, "rebalance")) ?? []).isEmpty == false }
        for _ in 0..<900 where !isRelieved() { usleep(100_000) }
        let before = try losses(place, "run").count
        for _ in 0..<100 where try losses(place, "run").count < before + 2 { usleep(100_000) }
        brake.release()
        kill(ranks[0], SIGUSR1)
        let outcome = try running.wait()
        #expect(outcome.code == 75, "\(outcome.errors)")

        let shares = try #require(try events(place, "rebalance").first?["shares"] as? [Double])
        let slow = try #require(try events(place, "straggler").first)
        let number = try #require(slow["rank"] as? Int)
        #expect(shares.count == 2 && shares[number] < 0.9 && shares[1 - number] > 1.1, "\(shares)")
        #expect((slow["slowdown"] as? Double ?? 0) > 1.5 && (slow["host"] as? String ?? "").isEmpty == false)
        #expect(outcome.errors.contains("rank \(number) on \(slow["host"] ?? "") is slow"), "\(outcome.errors)")
        #expect(outcome.output.contains("rows have moved from slow ranks to fast ones"))
        for event in try events(place, "ranks") {
            for key in ["compute", "waiting", "samples"] { #expect((event[key] as? [Double])?.count == 2, "\(event)") }
        }

        let done = try #require(try place.json("run/status.json")["iteration"] as? Int)
        let more = ["--quiet", "--max-iterations", "\(done + 5)"]
        #expect(try place.run(ranks: 2, command("run", more), limit: 120).code == 0)
        #expect(try place.run(ranks: 2, command("still", more + ["--balance", "off"]), limit: 120).code == 0)
        let results = try ["run", "still"].map {
            try #require(try place.json($0 + "/result.json")["objective"] as? Double)
        }
        #expect(abs(results[0] - results[1]) <= 1e-5 * results[1], "\(results)")
    }
}
