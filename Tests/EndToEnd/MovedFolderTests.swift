import Foundation
import TestSupport
import Testing

@testable import Runs
@testable import crescendo

/// Folders that are renamed or deleted while a run trains in them.
@Suite struct MovedFolderTests {
    private func running(_ place: Workplace, ranks: Int) throws -> RunningProgram {
        try place.write(SampleData.binary(rows: 2000), to: "data.svm")
        let options = ["train", "data.svm", "--output", "runs/a", "--checkpoint-every", "0.2"] + SampleData.endless
        let running = try place.start(Workplace.command(ranks: ranks, options))
        for _ in 0..<600 where CheckpointFolder(path: place.path("runs/a/checkpoints")).names.isEmpty { usleep(20_000) }
        return running
    }

    private func wait(_ isThere: () -> Bool) { for _ in 0..<400 where !isThere() { usleep(20_000) } }

    @Test(arguments: [0, 2]) func aRenamedFolderIsFollowed(ranks: Int) throws {
        let place = try Workplace()
        let running = try running(place, ranks: ranks)
        try FileManager.default.moveItem(atPath: place.path("runs/a"), toPath: place.path("runs/b"))
        let folder = CheckpointFolder(path: place.path("runs/b/checkpoints"))
        let before = folder.names.first
        wait { folder.names.first != before }
        for rank in running.ranks { kill(rank, SIGUSR1) }
        let outcome = try running.wait()
        #expect(outcome.code == 1, "\(outcome.errors)")
        let path = place.path("runs/b")
        func times(_ text: String) -> Int { outcome.errors.components(separatedBy: text).count - 1 }
        #expect(times("runs/a was renamed to \(path)") == 1, "\(outcome.errors)")
        #expect(times("runs/a was renamed while the run trained: its model is in \(path)") == 1, "\(outcome.errors)")
        #expect(!place.exists("runs/a"))
        #expect(try place.run(["info", "runs/b"]).code == 0)
        // It goes on from there.
        let iteration = try #require(try place.json("runs/b/status.json")["iteration"] as? Int)
        #expect(iteration > 0)
        let rest = try place.run(
            ["train", "data.svm", "--output", "runs/b", "--max-iterations", "\(iteration + 3)"] + SampleData.endless)
        #expect(rest.code == 0 && rest.errors.isEmpty, "\(rest.errors)")
    }

    @Test(arguments: [0, 2]) func inPlaceOfADeletedFolderThereIsAnother(ranks: Int) throws {
        let place = try Workplace()
        let running = try running(place, ranks: ranks)
        // What the run writes meanwhile may keep the folder for a moment.
        for _ in 0..<100 where place.exists("runs") { try? FileManager.default.removeItem(atPath: place.path("runs")) }
        let folder = CheckpointFolder(path: place.path("runs/a.kept-1/checkpoints"))
        wait { !folder.names.isEmpty }
        for rank in running.ranks { kill(rank, SIGTERM) }
        let outcome = try running.wait()
        #expect(outcome.code != 0 && !outcome.hasTimedOut, "\(outcome.errors)")
        func times(_ text: String) -> Int { outcome.errors.components(separatedBy: text).count - 1 }
        #expect(times("was deleted or moved out of sight while the run trains") == 1, "\(outcome.errors)")
        #expect(times("its model is in \(place.path("runs/a.kept-1"))") == 1, "\(outcome.errors)")
        #expect(try place.read("runs/a.kept-1/metrics.jsonl").hasPrefix("{"))
        #expect(try place.read("runs/a.kept-1/events.jsonl").contains("checkpoint"))
        let iteration = try #require(try place.json("runs/a.kept-1/status.json")["iteration"] as? Int)
        #expect(try place.run(["info", "runs/a.kept-1"]).code == 0)
        let rest = try place.run(
            ["train", "data.svm", "--output", "runs/a.kept-1", "--max-iterations", "\(iteration + 3)"]
                + SampleData.endless)
        #expect(rest.code == 0, "\(rest.errors)")
    }

    /// A run that ends by itself with its folder renamed has its model there, and says so by its code.
    @Test func aFinishedRunSaysWhereItsModelIs() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 2000), to: "data.svm")
        var options = ["train", "data.svm", "--output", "a", "--time-limit", "3"]
        options += SampleData.endless
        let running = try place.start(Workplace.command(ranks: 0, options))
        wait { place.exists("a/metrics.jsonl") }
        try FileManager.default.moveItem(atPath: place.path("a"), toPath: place.path("b"))
        let outcome = try running.wait()
        #expect(outcome.code == 1)
        #expect(outcome.errors.contains("its model is in \(place.path("b"))"), "\(outcome.errors)")
        #expect(try place.json("b/status.json")["state"] as? String == "finished")
        for name in ["model.safetensors", "result.json", "report.html"] { #expect(place.exists("b/" + name)) }
        #expect(!place.exists("a"))
    }

    /// Of a file that alone is deleted, what comes is kept.
    @Test func deletedMetricsAreBegunAnew() throws {
        let place = try Workplace()
        let running = try running(place, ranks: 0)
        try FileManager.default.removeItem(atPath: place.path("runs/a/metrics.jsonl"))
        wait { place.exists("runs/a/metrics.jsonl") }
        for rank in running.ranks { kill(rank, SIGUSR1) }
        let outcome = try running.wait()
        #expect(outcome.code == 75)
        #expect(
            outcome.errors.components(separatedBy: "runs/a/metrics.jsonl was deleted").count == 2, "\(outcome.errors)")
        let last = try #require(try place.read("runs/a/metrics.jsonl").split(separator: "\n").last)
        #expect(last.contains("\"iteration\":\(try place.json("runs/a/status.json")["iteration"] as? Int ?? -1),"))
    }
}
