import Foundation
import TestSupport
import Testing

/// Networks as a user trains them.
@Suite struct NetworkTests {
    private let layers = [
        "--network", "conv 4 2x2", "--network", "relu", "--network", "max-pool 2", "--network", "dense 8", "--network",
        "relu",
    ]

    @Test("A convolutional network learns, says what it is, and predicts the same at 1 to 4 ranks")
    func learnsAtAnyNumberOfRanks() throws {
        let place = try Workplace()
        try place.write(SampleData.images(), to: "train.csv")
        try place.write(SampleData.images(rows: 100, seed: 8), to: "test.csv")
        var losses: Set<Double> = []
        for ranks in 1...4 {
            let outcome = try place.run(
                ranks: ranks,
                [
                    "train", "train.csv", "--test", "test.csv", "--output", "run\(ranks)", "--input-shape", "1x5x5",
                    "--max-epochs", "30",
                ] + layers)
            try #require(outcome.code == 0, "\(outcome.errors)")
            let result = try place.json("run\(ranks)/result.json")
            let test = try #require(result["test"] as? [String: Any])
            #expect(try #require(test["accuracy"] as? Double) > 0.95)
            losses.insert(try #require(test["loss"] as? Double))
        }
        #expect(losses.count == 1)

        let evaluated = try place.run(ranks: 2, ["evaluate", "--model", "run1", "test.csv"])
        #expect(evaluated.code == 0, "\(evaluated.errors)")
        let predicted = try place.run(["predict", "--model", "run1", "test.csv"])
        #expect(predicted.code == 0, "\(predicted.errors)")
        #expect(predicted.output.split(separator: "\n").first == "label,probability_column,probability_row")
        let told = try place.run(["info", "run1"])
        #expect(told.output.contains("conv 4 2x2"), "\(told.output)")
        // The run again, from what it wrote down.
        let again = try place.run(["train", "--config", "run1/config.yaml", "--output", "again"])
        #expect(again.code == 0, "\(again.errors)")
        #expect(
            try place.json("again/result.json")["objective"] as? Double == (try place.json("run1/result.json"))[
                "objective"] as? Double)
    }

    @Test("A network for numbers")
    func regression() throws {
        let place = try Workplace()
        try place.write(SampleData.values(rows: 400), to: "data.svm")
        let outcome = try place.run(
            ["train", "data.svm", "--model", "mlp:16", "--output", "run", "--max-epochs", "20"])
        try #require(outcome.code == 0, "\(outcome.errors)")
        let train = try #require(try place.json("run/result.json")["train"] as? [String: Any])
        #expect(try #require(train["r2"] as? Double) > 0.8)
    }

    @Test(
        "A network that cannot be is refused before any data is read",
        arguments: [
            (["--network", "dense zero"], "layer 'dense zero': 'zero' is not a number of units"),
            (["--network", "batch-norm"], "use layer-norm or group-norm"),
            (["--network", "condv 3 3"], "unknown layer 'condv 3 3'"),
            (["--network", "conv 4"], "layer 'conv 4': the size of its window is missing"),
            (["--model", "network"], "--model network needs its layers"),
            (["--model", "mlp:0"], "mlp:0"),
            (["--model", "ridge", "--network", "relu"], "goes with --model network"),
            (["--model", "mlp:4", "--optimizer", "lbfgs"], "--direction lbfgs is for linear models"),
        ])
    func refusals(options: [String], message: String) throws {
        let place = try Workplace()
        let outcome = try place.run(["train", "missing.csv", "--output", "run"] + options)
        #expect(outcome.code == 64)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
        #expect(!place.exists("run"))
    }

    @Test("A layer that does not fit is named before the data is read", arguments: ["1,2,x\n", "1,2,3\n"])
    func misfit(row: String) throws {
        let place = try Workplace()
        try place.write(row, to: "train.csv")
        let outcome = try place.run([
            "train", "train.csv", "--output", "run", "--input-shape", "1x5x5", "--network", "conv 3 3x3", "--network",
            "conv 3 4x4",
        ])
        #expect(outcome.code == 1)
        #expect(outcome.errors.contains("layer 2 ('conv 3 4x4') does not fit"), "\(outcome.errors)")
        #expect(!place.exists("run"))
    }

    @Test("Twenty rows are enough for a network: none is held back unless asked for")
    func fewRows() throws {
        let place = try Workplace()
        try place.write(SampleData.images(rows: 20), to: "train.csv")
        let options = ["train", "train.csv", "--model", "mlp:4", "--max-epochs", "3", "--output"]
        let outcome = try place.run(ranks: 2, options + ["run"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(try place.json("run/result.json")["validation"] is NSNull)
        let asked = try place.run(options + ["other", "--validation", "0.02"])
        #expect(asked.code == 1 && asked.errors.contains("leaves no validation row of 20"), "\(asked.errors)")
    }

    @Test("Label smoothing makes a network less sure of itself, and micro-batches change nothing")
    func smoothing() throws {
        let place = try Workplace()
        try place.write(SampleData.images(rows: 400), to: "train.csv")
        func loss(_ name: String, _ options: [String]) throws -> (objective: Double, logLoss: Double) {
            let outcome = try place.run(
                ["train", "train.csv", "--model", "mlp:16", "--max-epochs", "20", "--output", name] + options)
            try #require(outcome.code == 0, "\(outcome.errors)")
            let result = try place.json("\(name)/result.json")
            let train = try #require(result["train"] as? [String: Any])
            return (try #require(result["objective"] as? Double), try #require(train["logLoss"] as? Double))
        }
        let plain = try loss("plain", [])
        let smooth = try loss("smooth", ["--label-smoothing", "0.2"])
        #expect(smooth.logLoss > plain.logLoss && smooth.objective > 0.2)
        let micro = try loss("micro", ["--micro-batch", "7"])
        #expect(abs(micro.objective - plain.objective) <= 0.02 * plain.objective)
        let refused = try place.run(
            ["train", "train.csv", "--model", "logistic", "--label-smoothing", "0.2", "--output", "no"])
        #expect(refused.code == 1 && refused.errors.contains("leave --label-smoothing out"), "\(refused.errors)")
    }
}
