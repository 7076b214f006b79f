import Foundation
import Platform
import TestSupport
import Testing

/// `--l2 auto`.
@Suite struct PenaltyTests {
    private func penalty(_ place: Workplace, _ run: String) throws -> [String: Any] {
        try #require(try place.json(run + "/result.json")["penalty"] as? [String: Any])
    }

    @Test func theSameChoiceAndModelOnAnyNumberOfRanks() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 300, features: 12), to: "data.svm")
        var models: Set<Data> = []
        var curves: Set<Data> = []
        for ranks in 1...4 {
            let run = "run\(ranks)"
            let outcome = try place.run(
                ranks: ranks, ["train", "data.svm", "--l2", "auto", "--cv", "4", "--output", run])
            try #require(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
            #expect(outcome.output.contains("by cross-validation in 4 folds"))
            models.insert(try Data(contentsOf: URL(fileURLWithPath: place.path(run + "/model.safetensors"))))
            curves.insert(try Data(contentsOf: URL(fileURLWithPath: place.path(run + "/penalty.json"))))
            let result = try place.json(run + "/result.json")
            let chosen = try #require(try penalty(place, run)["chosen"] as? Double)
            #expect(result["l2"] as? Double == chosen && chosen > 0)
            #expect(try Schema("result").complaints(JSON(text: place.read(run + "/result.json"))) == [])
            let page = try place.read(run + "/report.html")
            #expect(page.contains("How λ was chosen") && page.contains("Losses on rows held out as a table"))
            #expect(try place.read(run + "/config.yaml").contains("l2: auto"))
        }
        #expect(models.count == 1 && curves.count == 1)
    }

    @Test func aFinishedRunIsNotChosenForAgainAndGoesOnWithItsOwn() throws {
        let place = try Workplace()
        try place.write(SampleData.values(), to: "data.svm")
        let words = ["train", "data.svm", "--l2", "auto", "--rule", "1se", "--output", "run"]
        let first = try place.run(words)
        try #require(first.code == 0, "\(first.output)\(first.errors)")
        let chosen = try place.read("run/penalty.json")
        #expect(chosen.contains("\"rule\": \"1se\""))
        #expect(try place.run(words).output.contains("has finished already"))
        let further = try place.run(words + ["--tolerance", "1e-9"])
        try #require(further.code == 0, "\(further.output)\(further.errors)")
        #expect(further.output.contains("as this run has chosen it before"))
        #expect(try place.read("run/penalty.json") == chosen)
        #expect(try penalty(place, "run")["rule"] as? String == "1se")
    }

    @Test func valuesOfOnesOwn() throws {
        let place = try Workplace()
        try place.write(SampleData.classes(), to: "data.svm")
        let outcome = try place.run(
            ["train", "data.svm", "--l2", "auto", "--grid", "0.001,1,0.03", "--output", "run"])
        try #require(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
        let points = try #require(try penalty(place, "run")["points"] as? [[String: Any]])
        #expect(points.compactMap { $0["l2"] as? Double } == [1, 0.03, 0.001])
        let again = try place.run(["train", "--config", "run/config.yaml", "--output", "again"])
        try #require(again.code == 0, "\(again.output)\(again.errors)")
        #expect(try place.read("again/penalty.json") == place.read("run/penalty.json"))
        let number = try place.run(["train", "--config", "run/config.yaml", "--l2", "0.01", "--output", "number"])
        try #require(number.code == 0, "\(number.output)\(number.errors)")
        #expect(try place.json("number/result.json")["penalty"] is NSNull)
    }

    @Test func aStopBeforeTheChoiceLeavesNothingHalfDone() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 60_000, features: 30), to: "data.svm")
        let words = ["train", "data.svm", "--l2", "auto", "--tolerance", "1e-7", "--output", "run"]
        let running = try place.start(Workplace.command(ranks: 2, words))
        for _ in 0..<600 where !place.exists("run/config.yaml") { usleep(50_000) }
        usleep(300_000)
        running.signal(SIGTERM)
        let stopped = try running.wait()
        #expect(stopped.code != 0)
        #expect(stopped.output.contains("goes on with the choice of λ"), "\(stopped.output)\(stopped.errors)")
        #expect(try place.json("run/status.json")["state"] as? String == "interrupted")
        #expect(!FileManager.default.fileExists(atPath: place.path("run/model.safetensors")))
    }

    @Test func optionsThatMakeNoSense() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        for (words, text) in [
            (["--l2", "auto", "--cv", "1"], "2 or above"), (["--cv", "5"], "add --l2 auto"),
            (["--l2", "0.1", "--rule", "1se"], "add --l2 auto"), (["--l2", "some"], "0 or above, or auto"),
            (["--l2", "auto", "--grid", "1,,2"], "divided by commas"), (["--l2", "auto", "--grid", "1,1.0"], "twice"),
            (["--l2", "auto", "--grid", "0"], "above 0"), (["--l2", "auto", "--grid", "1e39,1"], "up to 1e30"),
            (["--l2", "auto", "--rule", "two"], "--rule"),
            (["--l2", "auto", "--model", "mlp:8"], "linear models"),
        ] {
            let outcome = try place.run(["train", "data.svm", "--output", "run"] + words)
            #expect(outcome.code != 0 && outcome.errors.contains(text), "\(words): \(outcome.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: place.path("run")))
    }
}
