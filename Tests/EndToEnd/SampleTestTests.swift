import Foundation
import TestSupport
import Testing

/// Runs that a sample of the rows ends.
@Suite struct SampleTestTests {
    @Test func theSameModelOnAnyNumberOfRanksWithTheObjectiveOfAllRows() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 30_000), to: "data.svm")
        var models: Set<Data> = []
        for ranks in 1...4 {
            let run = "run\(ranks)"
            let outcome = try place.run(
                ranks: ranks, ["train", "data.svm", "--tolerance", "0.02", "--l2", "1e-3", "--output", run])
            try #require(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
            #expect(outcome.output.contains("with 99 % confidence"))
            #expect(outcome.output.contains("known       the optimum is at most"), "\(outcome.output)")
            models.insert(try Data(contentsOf: URL(fileURLWithPath: place.path(run + "/model.safetensors"))))

            let result = try place.json(run + "/result.json")
            #expect(result["stopReason"] as? String == "sampleTest" && result["converged"] as? Bool == true)
            #expect(result["gradientNorm"] is NSNull && result["dualityGap"] is NSNull)
            let test = try #require(result["sampleTest"] as? [String: Any])
            let bound = try #require(test["bound"] as? Double)
            #expect(try #require(test["rows"] as? Int) < 30_000)
            // The rows are judged in full, so the objective is that of all of them.
            let train = try #require(result["train"] as? [String: Any])
            let loss = try #require(train["logLoss"] as? Double)
            let objective = try #require(result["objective"] as? Double)
            #expect(objective > loss && objective < 2 * loss)
            // The test knew it from the sample.
            #expect(bound > 0 && bound <= 0.025 * objective)
            #expect(try place.read(run + "/report.html").contains("within the tolerance of its optimum, with 99"))
        }
        #expect(models.count == 1)
    }

    @Test func certifyGoesOnFromThere() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 30_000), to: "data.svm")
        let words = ["train", "data.svm", "--tolerance", "0.02", "--l2", "1e-3", "--output", "run"]
        let first = try place.run(ranks: 2, words)
        try #require(first.code == 0, "\(first.errors)")
        let again = try place.run(ranks: 2, words)
        #expect(again.code == 0)
        #expect(try place.json("run/result.json")["stopReason"] as? String == "sampleTest")

        let certified = try place.run(ranks: 3, words + ["--certify"])
        try #require(certified.code == 0, "\(certified.output)\(certified.errors)")
        let result = try place.json("run/result.json")
        #expect(result["sampleTest"] is NSNull && result["stopReason"] as? String != "sampleTest")
        #expect(try #require(result["dualityGap"] as? Double) >= 0)
        #expect(try place.read("run/config.yaml").contains("certify: true"))
    }

    /// Its last checkpoint has the parameters only.
    @Test func aLowerToleranceGoesOnFromThere() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 30_000), to: "data.svm")
        let words = ["train", "data.svm", "--l2", "1e-3", "--output"]
        let first = try place.run(ranks: 2, words + ["run", "--tolerance", "0.02"])
        try #require(first.code == 0, "\(first.errors)")
        #expect(try place.json("run/result.json")["stopReason"] as? String == "sampleTest")
        try FileManager.default.copyItem(atPath: place.path("run"), toPath: place.path("copy"))
        var models: Set<Data> = []
        for (run, ranks) in [("run", 1), ("copy", 3)] {
            let more = try place.run(ranks: ranks, words + [run, "--tolerance", "1e-7"])
            try #require(more.code == 0, "\(more.output)\(more.errors)")
            let result = try place.json(run + "/result.json")
            #expect(result["converged"] as? Bool == true && result["attempts"] as? Int == 2)
            models.insert(try Data(contentsOf: URL(fileURLWithPath: place.path(run + "/model.safetensors"))))
        }
        #expect(models.count == 1)
    }

    @Test func networksHaveNothingToCertify() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let outcome = try place.run(
            ranks: 2, ["train", "data.svm", "--model", "mlp:8", "--certify", "--output", "run"])
        #expect(outcome.code == 64 && outcome.errors.contains("--certify is for linear models"))
    }

    @Test func aLimitWithinTheFirstStepsLeavesTheBetterPoint() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 30_000), to: "data.svm")
        var last = Double.infinity
        for count in 1...3 {
            let outcome = try place.run(
                ranks: 2,
                [
                    "train", "data.svm", "--l2", "1e-3", "--max-iterations", "\(count)", "--output", "run\(count)",
                    "--quiet",
                ])
            try #require(outcome.code == 0, "\(outcome.errors)")
            let objective = try #require(try place.json("run\(count)/result.json")["objective"] as? Double)
            #expect(objective < 0.6931 && objective <= last * 1.05)
            last = objective
        }
    }
}
