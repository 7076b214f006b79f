import Foundation
import TestSupport
import Testing

/// `crescendo verify`: a finished run trained again, elsewhere and on other ranks.
@Suite struct VerifyTests {
    @Test func aRunIsTheSameOnOtherRanks() throws {
        let place = try Workplace()
        try place.write(SampleData.plain(.classes, rows: 500), to: "data.csv")
        let options = ["--label", "y", "--weight", "w", "--validation", "0.2", "--output", "run", "--cache", "cache"]
        #expect(try place.run(ranks: 3, ["train", "data.csv"] + options).code == 0)
        let before = try FileManager.default.contentsOfDirectory(atPath: place.path("run")).sorted()
        for ranks in [0, 1, 2, 4] {
            let outcome = try place.run(ranks: ranks, ["verify", "run"])
            #expect(outcome.code == 0 && outcome.output.contains("the same: "), "\(outcome.output) \(outcome.errors)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path("run")).sorted() == before)
        // The data have moved.
        _ = try place.start(["mv", "data.csv", "moved.csv"]).wait()
        #expect(try place.run(["verify", "run"]).code == 1)
        #expect(try place.run(["verify", "run", "moved.csv", "--threads", "2"]).code == 0)
    }

    @Test func whatIsNotTheSameIsNamed() throws {
        let place = try Workplace()
        try place.write(SampleData.plain(.binary, rows: 300), to: "data.csv")
        #expect(try place.run(["train", "data.csv", "--label", "y", "--output", "run"]).code == 0)
        let data = try place.read("data.csv")
        try place.write(data.replacing("\n1,1.0,", with: "\n0,1.0,", maxReplacements: 3), to: "data.csv")
        let outcome = try place.run(ranks: 2, ["verify", "run"])
        #expect(outcome.code == 1)
        #expect(outcome.output.contains("not the same: iteration 1 has "), "\(outcome.output) \(outcome.errors)")
    }

    @Test func aRunThatWasCutOffEndsThereAgain() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 400), to: "data.svm")
        let run = try place.run(["train", "data.svm", "--output", "run", "--time-limit", "0.5"] + SampleData.endless)
        #expect(run.code == 0, "\(run.errors)")
        let outcome = try place.run(ranks: 2, ["verify", "run"])
        #expect(outcome.code == 0, "\(outcome.output) \(outcome.errors)")
    }

    @Test func whatIsNoRunIsRefused() throws {
        let place = try Workplace()
        _ = try place.start(["mkdir", "empty"]).wait()
        for ranks in [0, 2] {
            let outcome = try place.run(ranks: ranks, ["verify", "empty"])
            #expect(outcome.code == 1 && outcome.errors.contains("holds no result.json"), "\(outcome.errors)")
        }
    }
}
