import Foundation
import Models
import Platform
import TestSupport
import Testing

@testable import Runs
@testable import crescendo

/// Runs that are stopped and go on, compared with those that never stopped.
@Suite(.serialized) struct ResumeTests {
    /// A way to train, long enough to be stopped on the way.
    struct Way: Sendable, CustomTestStringConvertible {
        var name: String
        var data: String
        var options: [String]

        var testDescription: String { name }

        static let linear = Way(
            name: "linear model", data: SampleData.binary(rows: 4000, features: 30),
            options: ["--l2", "1e-3", "--tolerance", "1e-9", "--max-iterations", "400", "--initial-batch", "20"])
        static let sgd = Way(
            name: "sgd", data: SampleData.binary(rows: 2000),
            options: ["--step", "sgd", "--step-size", "1e-3", "--tolerance", "0", "--max-iterations", "600"])
        static let network = Way(
            name: "network", data: SampleData.classes(rows: 600),
            options: [
                "--network", "dense 16", "--network", "relu", "--network", "dropout 0.1", "--network", "dense 8",
                "--network", "relu", "--max-epochs", "12", "--validation", "0.1",
            ])
        static let smoothNetwork = Way(
            name: "smooth network", data: SampleData.classes(rows: 600),
            options: [
                "--network", "dense 16", "--network", "tanh", "--network", "dense 8", "--network", "tanh",
                "--step", "sgd", "--step-size", "0.02", "--growth", "none", "--initial-batch", "50",
                "--validation", "0", "--max-iterations", "400",
            ])
        static let all = [linear, sgd, network, smoothNetwork]

        func command(_ run: String, more: [String] = []) -> [String] {
            ["train", "data.svm", "--output", run, "--checkpoint-every", "0.01", "--balance", "off"] + options + more
        }
    }

    /// Numbers of a metrics file that are no times, a line each.
    private func metrics(_ place: Workplace, _ run: String) throws -> [[String: Double]] {
        try place.read(run + "/metrics.jsonl").split(separator: "\n").map { line in
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return object.compactMapValues { $0 as? Double }
        }
    }

    /// Every iteration is covered once.
    private func expectNoGap(_ lines: [[String: Double]], upTo last: Int) {
        var next = 1.0
        for line in lines {
            #expect((line["firstIteration"] ?? line["iteration"]) == next)
            next = (line["iteration"] ?? -1) + 1
        }
        #expect(next == Double(last) + 1)
    }

    /// Starts a run and stops it once it has begun; returns the exit code.
    private func interrupted(_ place: Workplace, _ way: Way, ranks: Int, by signal: Int32) throws -> Outcome {
        let running = try place.start(Workplace.command(ranks: ranks, way.command("run")))
        for _ in 0..<1000 where CheckpointFolder(path: place.path("run/checkpoints")).names.isEmpty {
            usleep(2000)
        }
        // On a busy machine it may be over before it is looked at.
        if let process = running.ranks.first { kill(process, signal) }
        return try running.wait()
    }

    @Test(arguments: Way.all) func onTheSameRanksItIsTheSameRunToTheLastBit(_ way: Way) throws {
        let place = try Workplace()
        try place.write(way.data, to: "data.svm")
        let whole = try place.run(ranks: 2, way.command("whole"))
        #expect(whole.code == 0, "\(whole.errors)")
        let first = try interrupted(place, way, ranks: 2, by: SIGUSR1)
        #expect(first.code == 75 || first.code == 0, "\(first.errors)")
        let rest = try place.run(ranks: 2, way.command("run"))
        #expect(rest.code == 0, "\(rest.errors)")
        let model = try Data(contentsOf: URL(fileURLWithPath: place.path("run/model.safetensors")))
        #expect(model == (try Data(contentsOf: URL(fileURLWithPath: place.path("whole/model.safetensors")))))
        let results = try [place.json("run/result.json"), place.json("whole/result.json")]
        for key in ["objective", "iterations", "gradientPasses"] {
            #expect(results[0][key] as? Double == results[1][key] as? Double, "\(key)")
        }
        let iterations = try #require(results[0]["iterations"] as? Int)
        expectNoGap(try metrics(place, "run"), upTo: iterations)
        let status = try place.json("run/status.json")
        #expect(status["state"] as? String == "finished")
        if first.code == 75 {
            #expect(status["attempt"] as? Int == 2)
            #expect(results[0]["attempts"] as? Int == 2)
        }
    }

    @Test(arguments: Way.all) func afterAKillItGoesOnOnOtherRanks(_ way: Way) throws {
        let place = try Workplace()
        try place.write(way.data, to: "data.svm")
        #expect(try place.run(ranks: 4, way.command("whole")).code == 0)
        let whole = try metrics(place, "whole")
        let objective = try #require(try place.json("whole/result.json")["objective"] as? Double)
        _ = try interrupted(place, way, ranks: 4, by: SIGKILL)
        for ranks in [2, 3, 1] {
            let copy = "run\(ranks)"
            try FileManager.default.copyItem(atPath: place.path("run"), toPath: place.path(copy))
            let rest = try place.run(ranks: ranks, way.command(copy))
            #expect(rest.code == 0, "\(rest.errors)")
            let lines = try metrics(place, copy)
            let result = try place.json(copy + "/result.json")
            expectNoGap(lines, upTo: try #require(result["iterations"] as? Int))
            let names = ["iteration", "gradientPasses", "batchSize", "loss", "gradientNorm", "stepSize", "trials"]
            #expect(lines.map { line in names.map { line[$0] } } == whole.map { line in names.map { line[$0] } })
            func model(_ run: String) throws -> Data {
                try Data(contentsOf: URL(fileURLWithPath: place.path(run + "/model.safetensors")))
            }
            #expect(try model(copy) == model("whole"), "\(ranks) ranks")
            #expect(result["objective"] as? Double == objective)
        }
    }

    /// Its last checkpoint was written, and then came the end of the node: nothing more is to be trained.
    @Test(arguments: [
        ["--model", "softmax", "--validation", "0.2", "--patience", "1"], ["--model", "mlp:5", "--patience", "1"],
        ["--model", "softmax"],
    ]) func killedAtItsVeryEndItIsTheSameRun(options: [String]) throws {
        let place = try Workplace()
        try place.write(SampleData.classes(rows: 500), to: "data.svm")
        let command = ["train", "data.svm", "--output", "run"] + options
        #expect(try place.run(command).code == 0)
        let names = ["metrics.jsonl", "result.json", "status.json"]
        let before = try names.map { try place.read("run/\($0)") }
        let model = try Data(contentsOf: URL(fileURLWithPath: place.path("run/model.safetensors")))
        let objective = try place.json("run/result.json")["objective"] as? Double
        for ranks in [1, 3] {
            try place.write(
                before[2].replacing(/"state": ?"finished"/, with: "\"state\":\"running\""), to: "run/status.json")
            _ = try place.start(["rm", "-f", "run/result.json", "run/model.safetensors"]).wait()
            let outcome = try place.run(ranks: ranks, command)
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(try place.read("run/metrics.jsonl") == before[0])
            let result = try place.json("run/result.json")
            #expect(result["objective"] as? Double == objective)
            #expect(result["stopReason"] as? String != nil && result["attempts"] as? Int == (ranks == 1 ? 2 : 3))
            #expect(try Data(contentsOf: URL(fileURLWithPath: place.path("run/model.safetensors"))) == model)
        }
    }

    @Test func otherDataOrOptionsAreRefused() throws {
        let place = try Workplace()
        let way = Way.sgd
        try place.write(way.data, to: "data.svm")
        _ = try interrupted(place, way, ranks: 1, by: SIGUSR1)
        let before = try place.read("run/metrics.jsonl")
        func refused(_ message: String, more: [String] = []) throws {
            let outcome = try place.run(ranks: 2, way.command("run", more: more))
            #expect(outcome.code == 1)
            #expect(outcome.errors.contains("was started with other data or options"), "\(outcome.errors)")
            #expect(outcome.errors.contains(message), "\(outcome.errors)")
        }
        try refused("--seed: 0 then, 3 now", more: ["--seed", "3"])
        try refused("--model: logistic then, squared-hinge now", more: ["--model", "squared-hinge"])
        try refused("--step-size: 0.001 then, 0.002 now", more: ["--step-size", "0.002"])
        try place.write(SampleData.binary(rows: 2000, seed: 5), to: "data.svm")
        try refused("data:")
        try place.write(SampleData.binary(rows: 1999), to: "data.svm")
        try refused("training rows: 2000 then, 1999 now")
        try place.write(SampleData.binary(rows: 2000, features: 6), to: "data.svm")
        try refused("features: 5 then, 6 now")
        try place.write(way.data, to: "data.svm")
        #expect(try place.read("run/metrics.jsonl") == before)
        let never = try place.run(way.command("run", more: ["--resume", "never"]))
        #expect(never.code == 1)
        #expect(never.errors.contains("--output run is not empty"))
        #expect(try place.run(ranks: 2, way.command("run", more: ["--patience", "7", "--threads", "2"])).code == 0)
    }

    @Test func aFinishedRunIsLeftAloneUntilALimitIsRaised() throws {
        let place = try Workplace()
        let way = Way.sgd
        try place.write(way.data, to: "data.svm")
        #expect(try place.run(way.command("run")).code == 0)
        let before = try place.read("run/result.json")
        let again = try place.run(way.command("run"))
        #expect(again.code == 0)
        #expect(again.output.contains("has finished already"))
        #expect(try place.read("run/result.json") == before)
        #expect(try place.run(way.command("run", more: ["--max-iterations", "700"])).code == 0)
        let result = try place.json("run/result.json")
        #expect(result["iterations"] as? Int == 700)
        #expect(result["attempts"] as? Int == 2)
        expectNoGap(try metrics(place, "run"), upTo: 700)
        let whole = try place.run(way.command("whole", more: ["--max-iterations", "700"]))
        #expect(whole.code == 0)
        #expect(result["objective"] as? Double == (try place.json("whole/result.json")["objective"] as? Double))
    }

    /// What a converged run keeps to go on from are its parameters; what it had no time for is made up for.
    @Test func aConvergedRunIsSmallAndWhole() throws {
        let place = try Workplace()
        try place.write(SampleData.classes(rows: 300), to: "data.svm")
        let command = ["train", "data.svm", "--output", "run", "--model", "softmax", "--checkpoint-every", "0.001"]
        #expect(try place.run(ranks: 2, command).code == 0)
        let folder = CheckpointFolder(path: place.path("run/checkpoints"))
        let name = try #require(folder.names.first)
        #expect(folder.names.count == 1)
        let arrays = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/" + name.arrays))
        let kept = try Safetensors([UInt8](arrays), file: "").tensors.filter { $0.value.values.count > 0 }
        #expect(Array(kept.keys) == ["state.parameters"])
        try FileManager.default.removeItem(atPath: place.path("run/report.html"))
        try place.write("half", to: "run/report.html.tmp-n1-2")
        let again = try place.run(command)
        #expect(again.code == 0 && again.output.contains("has finished already"))
        #expect(place.exists("run/report.html") && !place.exists("run/report.html.tmp-n1-2"))
        let before = try #require(try place.json("run/result.json")["objective"] as? Double)
        try FileManager.default.copyItem(atPath: place.path("run"), toPath: place.path("copy"))
        #expect(try place.run(ranks: 2, command + ["--tolerance", "1e-8"]).code == 0)
        // It learns anew what is not there, the same on any number of ranks.
        let other = command.map { $0 == "run" ? "copy" : $0 } + ["--tolerance", "1e-8"]
        #expect(try place.run(ranks: 3, other).code == 0)
        let models = try ["run", "copy"].map {
            try Data(contentsOf: URL(fileURLWithPath: place.path($0 + "/model.safetensors")))
        }
        #expect(models[0] == models[1])
        let result = try place.json("run/result.json")
        #expect(result["attempts"] as? Int == 2)
        #expect(try #require(result["objective"] as? Double) <= before)
        expectNoGap(try metrics(place, "run"), upTo: try #require(result["iterations"] as? Int))
    }

    @Test func aDamagedCheckpointIsPassedOver() throws {
        let place = try Workplace()
        let way = Way.sgd
        try place.write(way.data, to: "data.svm")
        let first = try place.run(way.command("run", more: ["--max-iterations", "500"]))
        #expect(first.code == 0, "\(first.errors)")
        let folder = CheckpointFolder(path: place.path("run/checkpoints"))
        try #require(folder.names.count == 2)
        let file = URL(fileURLWithPath: place.path("run/checkpoints/" + folder.names[0].arrays))
        var bytes = try Data(contentsOf: file)
        bytes[bytes.count - 3] ^= 4
        try bytes.write(to: file)
        let rest = try place.run(way.command("run"))
        #expect(rest.code == 0, "\(rest.errors)")
        #expect(rest.errors.contains("is passed over: the checksum of"))
        expectNoGap(try metrics(place, "run"), upTo: 600)
        #expect(try place.run(way.command("whole")).code == 0)
        #expect(
            try place.json("run/result.json")["objective"] as? Double
                == (try place.json("whole/result.json")["objective"] as? Double))
        for name in folder.names {
            try Data("{".utf8).write(to: URL(fileURLWithPath: place.path("run/checkpoints/" + name.document)))
        }
        let lost = try place.run(way.command("run", more: ["--max-iterations", "900"]))
        #expect(lost.code == 1)
        #expect(lost.errors.contains("no checkpoint of it can be read"), "\(lost.errors)")
        #expect(try place.json("run/result.json")["iterations"] as? Int == 600)
    }

    @Test func itStopsBeforeTheEndOfItsTime() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 2000), to: "data.svm")
        let format = DateFormatter()
        format.dateFormat = "yyyy-MM-dd'T'HH:mm:ss"
        let end = format.string(from: Date().addingTimeInterval(8))
        let outcome = try place.run(
            ranks: 2,
            ["train", "data.svm", "--output", "run", "--end-time", end] + SampleData.endless)
        #expect(outcome.code == 75, "\(outcome.errors)")
        #expect(outcome.seconds < 8)
        #expect(outcome.output.contains("the job's time is nearly over"))
        let status = try place.json("run/status.json")
        #expect(status["state"] as? String == "interrupted")
        #expect(status["reason"] as? String == "endTime")
    }

    @Test func aRunThatIsStillAliveIsNotTakenOver() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 2000), to: "data.svm")
        let command = ["train", "data.svm", "--output", "run"] + SampleData.endless
        let running = try place.start(Workplace.command(ranks: 0, command))
        for _ in 0..<600 where !place.exists("run/status.json") { usleep(20_000) }
        let second = try place.run(command)
        #expect(second.code == 1)
        #expect(second.errors.contains("is still going on"), "\(second.errors)")
        running.signal(SIGUSR1)
        #expect(try running.wait().code == 75)
    }

    @Test func aRunThatIsStillAliveDoesNotMoveAside() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 2000), to: "data.svm")
        let command = ["train", "data.svm", "--output", "run"] + SampleData.endless
        let running = try place.start(Workplace.command(ranks: 2, command))
        for _ in 0..<600 where !place.exists("run/status.json") { usleep(20_000) }
        let second = try place.run(command + ["--overwrite"])
        #expect(second.code == 1)
        #expect(second.errors.contains("is still going on"), "\(second.errors)")
        #expect(!place.exists("run.old-1"))
        if let process = running.ranks.first { kill(process, SIGUSR1) }
        #expect(try running.wait().code == 75)
        let third = try place.run(command + ["--overwrite", "--max-iterations", "20"])
        #expect(third.code == 0, "\(third.errors)")
        #expect(place.exists("run.old-1/checkpoints"))
    }

    /// Another run's folder in the place of one that moved aside, its file of starts as long as the old one.
    @Test func aFolderOfAnotherRunIsNotWrittenTo() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 2000), to: "data.svm")
        let command = ["train", "data.svm", "--output", "run", "--checkpoint-every", "0.05"] + SampleData.endless
        let running = try place.start(Workplace.command(ranks: 2, command))
        for _ in 0..<600 where CheckpointFolder(path: place.path("run/checkpoints")).names.isEmpty { usleep(20_000) }
        let own = try place.read("run/checkpoints/attempts.jsonl")
        let other = own.replacing("Z", with: "z")
        #expect(other != own && other.utf8.count == own.utf8.count)
        try FileManager.default.createDirectory(
            atPath: place.path("next/checkpoints"), withIntermediateDirectories: true)
        try place.write(other, to: "next/checkpoints/attempts.jsonl")
        try FileManager.default.moveItem(atPath: place.path("run"), toPath: place.path("aside"))
        try FileManager.default.moveItem(atPath: place.path("next"), toPath: place.path("run"))
        let outcome = try running.wait()
        #expect(outcome.code == 1)
        #expect(outcome.errors.contains("another start of the run"), "\(outcome.errors)")
        #expect(try Folder.entries(of: place.path("run")) == ["checkpoints"])
        #expect(try Folder.entries(of: place.path("run/checkpoints")) == ["attempts.jsonl"])
    }

    @Test func startsInTheSameSecondHaveFoldersOfTheirOwn() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let all = try (0..<6).map { _ in try place.start(Workplace.command(ranks: 0, ["train", "data.svm"])) }
        for one in all { #expect(try one.wait().code == 0) }
        let runs = try Folder.entries(of: place.path("runs"))
        #expect(runs.count == 6)
        for run in runs { #expect(place.exists("runs/\(run)/model.safetensors")) }
    }

    /// A start that comes later owns the folder, and the one before notices, as after the loss of a host that comes back.
    @Test func anOrphanWritesNothingMore() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 2000), to: "data.svm")
        let command = ["train", "data.svm", "--output", "run", "--checkpoint-every", "0.05"] + SampleData.endless
        let running = try place.start(Workplace.command(ranks: 2, command))
        for _ in 0..<600 where CheckpointFolder(path: place.path("run/checkpoints")).names.isEmpty { usleep(20_000) }
        // A start on another host, which this one knows nothing of.
        let attempts = URL(fileURLWithPath: place.path("run/checkpoints/attempts.jsonl"))
        let other = #"{"attempt":2,"host":"elsewhere","pid":1,"started":"","ranks":1,"threads":1}"# + "\n"
        let handle = try FileHandle(forWritingTo: attempts)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(other.utf8))
        try handle.close()
        let outcome = try running.wait()
        #expect(outcome.code == 1)
        #expect(outcome.errors.contains("attempt 2, process 1 on elsewhere"), "\(outcome.errors)")
        #expect(try place.json("run/status.json")["state"] as? String == "running")
        #expect(!place.exists("run/model.safetensors"))
        #expect(CheckpointFolder(path: place.path("run/checkpoints")).names.allSatisfy { $0.attempt == 1 })
        let last = try #require(CheckpointFolder(path: place.path("run/checkpoints")).names.first)
        let rest = try place.run(command + ["--max-iterations", "\(last.iteration + 10)"])
        #expect(rest.code == 0, "\(rest.errors)")
        #expect(try place.json("run/status.json")["attempt"] as? Int == 3)
        expectNoGap(try metrics(place, "run"), upTo: last.iteration + 10)
    }
}
