import Foundation
import TestSupport
import Testing

/// `--start`.
@Suite struct StartTests {
    /// A CSV of `columns`, the label from the first two that are called a and b.
    private func table(_ columns: [String], rows: Int, seed: UInt64) -> String {
        var data = SampleData(seed: seed)
        let lines = (0..<rows).map { _ -> String in
            let values = Dictionary(uniqueKeysWithValues: ["a", "b", "c", "d"].map { ($0, data.next()) })
            let score = 2 * (values["a"] ?? 0) - (values["b"] ?? 0) + data.next()
            return ([score > 0 ? "yes" : "no"] + columns.map { "\(values[$0] ?? 0)" }).joined(separator: ",")
        }
        return (["label"] + columns).joined(separator: ",") + "\n" + lines.joined(separator: "\n") + "\n"
    }

    @Test func columnsAreMatchedByNameAndLittleIsLeftToLearn() throws {
        let place = try Workplace()
        try place.write(table(["a", "b", "c"], rows: 2000, seed: 1), to: "old.csv")
        try place.write(table(["d", "b", "a"], rows: 2000, seed: 1), to: "new.csv")
        try #require(try place.run(["train", "old.csv", "--output", "old"]).code == 0)
        let cold = try place.run(["train", "new.csv", "--output", "cold"])
        try #require(cold.code == 0, "\(cold.errors)")
        var models: Set<Data> = []
        for ranks in [0, 2, 3] {
            let run = "warm\(ranks)"
            let warm = try place.run(ranks: ranks, ["train", "new.csv", "--start", "old", "--output", run])
            try #require(warm.code == 0, "\(warm.output)\(warm.errors)")
            #expect(warm.output.contains("2 of 3 features are known; new, from 0: d; no longer there: c"))
            models.insert(try Data(contentsOf: URL(fileURLWithPath: place.path(run + "/model.safetensors"))))
        }
        #expect(models.count == 1)
        func number(_ run: String, _ key: String) throws -> Double {
            try #require(try place.json(run + "/result.json")[key] as? Double)
        }
        #expect(try number("warm0", "gradientPasses") < number("cold", "gradientPasses"))
        #expect(abs(try number("warm0", "objective") / number("cold", "objective") - 1) < 2e-3)
        #expect(try place.read("warm0/config.yaml").contains("start: "))
    }

    @Test func networksGoOn() throws {
        let place = try Workplace()
        try place.write(table(["a", "b"], rows: 400, seed: 2), to: "data.csv")
        let words = ["train", "data.csv", "--model", "mlp:6", "--max-epochs", "1"]
        try #require(try place.run(words + ["--output", "first"]).code == 0)
        let next = try place.run(words + ["--start", "first/model.safetensors", "--output", "next"])
        try #require(next.code == 0, "\(next.output)\(next.errors)")
        func loss(_ run: String) throws -> Double {
            try #require((try place.json(run + "/result.json")["train"] as? [String: Any])?["loss"] as? Double)
        }
        #expect(try loss("next") < loss("first"))
        let other = try place.run(
            ["train", "data.csv", "--model", "mlp:7", "--start", "first", "--output", "other"])
        #expect(other.code != 0 && other.errors.contains("--start first: it is a network of other layers"))
    }

    @Test func aStartThatIsFarOutIsNotTaken() throws {
        let place = try Workplace()
        func table(_ unit: Double) -> String {
            var data = SampleData(seed: 5)
            return "y,a,b\n"
                + (0..<300).map { _ in
                    let (a, b) = (data.next(), data.next())
                    return "\(2 * a - b + data.next() > 0 ? 1 : 0),\(unit * (a + 30)),\(b)\n"
                }.joined()
        }
        try place.write(table(1), to: "old.csv")
        try place.write(table(-1e6), to: "new.csv")
        try #require(try place.run(["train", "old.csv", "--label", "y", "--output", "old"]).code == 0)
        let words = ["train", "new.csv", "--label", "y", "--output"]
        try #require(try place.run(words + ["cold"]).code == 0)
        let warm = try place.run(ranks: 2, words + ["warm", "--start", "old"])
        try #require(warm.code == 0, "\(warm.output)\(warm.errors)")
        #expect(warm.errors.contains("training begins anew"))
        let objectives = try ["cold", "warm"].map {
            try #require(try place.json($0 + "/result.json")["objective"] as? Double)
        }
        #expect(abs(objectives[1] / objectives[0] - 1) < 1e-3)
    }

    @Test func aRunThatGoesOnNeedsItsStartNoMore() throws {
        let place = try Workplace()
        try place.write(table(["a", "b"], rows: 300, seed: 4), to: "data.csv")
        try #require(try place.run(["train", "data.csv", "--output", "old"]).code == 0)
        let words = ["train", "data.csv", "--start", "old", "--output", "run"]
        try #require(try place.run(words).code == 0)
        try FileManager.default.removeItem(atPath: place.path("old"))
        let further = try place.run(words + ["--tolerance", "1e-7"])
        #expect(further.code == 0 && further.output.contains("resume"), "\(further.output)\(further.errors)")
    }

    @Test func whatCannotBeGoneOnFromIsAnError() throws {
        let place = try Workplace()
        try place.write(table(["a", "b"], rows: 100, seed: 3), to: "data.csv")
        try place.write("no model", to: "text.safetensors")
        for (start, text) in [("nowhere", "--start nowhere"), ("text.safetensors", "is not a model file")] {
            let outcome = try place.run(ranks: 2, ["train", "data.csv", "--start", start, "--output", "run"])
            #expect(outcome.code != 0 && outcome.errors.contains(text), "\(outcome.errors)")
            #expect(!place.exists("run/config.yaml"))
        }
    }
}
