import Foundation
import TestSupport
import Testing

/// `crescendo train` from data files to run folder.
@Suite struct TrainingTests {
    static let resultKeys = [
        "stopReason", "objective", "gradientNorm", "iterations", "gradientPasses", "featurePasses", "seconds",
        "allreduces", "ranks", "threads", "train", "validation", "test", "dualityGap", "model", "l2", "rows",
        "features",
        "version", "started", "finished",
    ]

    @Test func theRunFolderHoldsWhatIsPromisedOnAnyNumberOfRanks() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        try place.write(SampleData.binary(rows: 50, seed: 9), to: "test.svm")
        var objectives: [Double] = []
        for ranks in [0, 1, 2, 3, 4] {
            let run = "run\(ranks)"
            let outcome = try place.run(
                ranks: ranks,
                ["train", "data.svm", "--test", "test.svm", "--output", run, "--tolerance", "1e-6", "--l2", "1e-3"])
            try #require(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
            #expect(outcome.output.components(separatedBy: "model.safetensors").count == 2, "\(outcome.output)")
            #expect(outcome.output.contains("ranks   \(max(1, ranks)) × 1 thread"))
            let names = try FileManager.default.contentsOfDirectory(atPath: place.path(run)).sorted()
            #expect(
                names == [
                    "checkpoints", "config.yaml", "events.jsonl", "metrics.jsonl", "model.safetensors", "report.html",
                    "result.json", "status.json", "tensorboard",
                ])

            let result = try place.json(run + "/result.json")
            #expect(Self.resultKeys.allSatisfy { result[$0] != nil })
            #expect(result["ranks"] as? Int == max(1, ranks))
            #expect(result["converged"] as? Bool == true)
            #expect(result["model"] as? String == "logistic")
            let test = try #require(result["test"] as? [String: Any])
            #expect(test["rows"] as? Int == 50)
            #expect(try #require(test["accuracy"] as? Double) > 0.85)
            #expect(try #require(test["auc"] as? Double) > 0.9)
            objectives.append(try #require(result["objective"] as? Double))

            let metrics = try place.read(run + "/metrics.jsonl").split(separator: "\n")
            #expect(metrics.count == result["iterations"] as? Int)
            for line in metrics { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
        }
        #expect(objectives.allSatisfy { abs($0 - objectives[0]) <= 1e-5 * objectives[0] }, "\(objectives)")
    }

    @Test(arguments: [
        ("ridge", "rmse"), ("huber", "r2"), ("poisson", "rmse"), ("logistic", "logLoss"), ("squared-hinge", "auc"),
        ("softmax", "accuracy"),
    ])
    func everyModelTrainsAndIsJudged(_ model: String, _ metric: String) throws {
        let place = try Workplace()
        let data =
            switch model {
            case "ridge", "huber": SampleData.values()
            case "poisson": SampleData.values(count: true)
            case "softmax": SampleData.classes()
            default: SampleData.binary()
            }
        try place.write(data, to: "data.svm")
        let outcome = try place.run(
            ranks: 2, ["train", "data.svm", "--model", model, "--output", "run", "--validation", "0.2", "--quiet"])
        try #require(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
        let result = try place.json("run/result.json")
        #expect(result["model"] as? String == model)
        for part in ["train", "validation"] {
            let quality = try #require(result[part] as? [String: Any])
            let value = try #require(quality[metric] as? Double)
            #expect(["rmse", "logLoss"].contains(metric) ? value < 1 : value > 0.8, "\(quality)")
        }
    }

    /// Tables on which nothing is to be won, or everything, end at once; separable classes are called that.
    @Test(arguments: [0, 2]) func tablesWithoutAnOptimumToSearchForEnd(ranks: Int) throws {
        let place = try Workplace()
        let balanced = (0..<40).map {
            "\($0 % 4 < 2 ? 1 : 0) 1:\($0 % 2 * 2 - 1) 2:\(($0 % 2 * 2 - 1) * ($0 % 4 < 2 ? 1 : -1))"
        }
        try place.write(balanced.joined(separator: "\n") + "\n", to: "balanced.svm")
        try place.write("a,y\n1,0\n2,1\n3,1\n0,0\n", to: "four.csv")
        try place.write(
            "a,y\n" + (1...30).map { "\($0 - 15),\($0 > 15 ? 1 : 0)" }.joined(separator: "\n"), to: "apart.csv")
        for (name, options) in [("balanced.svm", []), ("four.csv", []), ("apart.csv", ["--l2", "0"])] {
            let outcome = try place.run(ranks: ranks, ["train", name, "--output", name + ".run"] + options)
            try #require(outcome.code == 0, "\(name): \(outcome.errors)")
            let result = try place.json(name + ".run/result.json")
            #expect(result["converged"] as? Bool == true)
            #expect(try #require(result["iterations"] as? Int) < 50)
            #expect(outcome.output.contains("The classes are separable") == (name == "apart.csv"), "\(outcome.output)")
            #expect((result["remarks"] as? [String])?.isEmpty == (name != "apart.csv"))
        }
    }

    @Test func aConstantStepThatIsTooLongIsDivergence() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let outcome = try place.run(
            ranks: 2, ["train", "data.svm", "--step", "fixed", "--step-size", "1e8", "--output", "run"])
        #expect(outcome.code == 2)
        #expect(outcome.output.contains("give a smaller --step-size"), "\(outcome.output)")
        #expect(try place.json("run/result.json")["stopReason"] as? String == "divergence")
    }

    @Test func theModelFollowsFromTheLabels() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "binary.svm")
        try place.write(SampleData.classes(), to: "classes.svm")
        try place.write(SampleData.values(), to: "values.svm")
        for (file, model) in [("binary", "logistic"), ("classes", "softmax"), ("values", "ridge")] {
            let outcome = try place.run(["train", file + ".svm", "--output", file])
            #expect(outcome.output.contains("model   \(model), with intercept"), "\(outcome.output)\(outcome.errors)")
        }
    }

    @Test func storageDoesNotChangeTheResult() throws {
        let place = try Workplace()
        try place.write(SampleData.sparse(), to: "data.svm")
        var objectives: [Double] = []
        for storage in ["auto", "dense", "sparse"] {
            let outcome = try place.run(
                ["train", "data.svm", "--storage", storage, "--output", storage, "--tolerance", "1e-6"])
            #expect(outcome.code == 0, "\(outcome.errors)")
            objectives.append(try #require(try place.json(storage + "/result.json")["objective"] as? Double))
        }
        #expect(objectives.allSatisfy { abs($0 - objectives[0]) <= 1e-5 * objectives[0] }, "\(objectives)")
    }

    @Test func freshFoldersAreMadeAndOldRunsKept() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 40), to: "data.svm")
        for _ in 0..<2 { #expect(try place.run(["train", "data.svm", "--quiet"]).code == 0) }
        let runs = try FileManager.default.contentsOfDirectory(atPath: place.path("runs"))
        #expect(runs.count == 2)
        #expect(runs.allSatisfy { $0.hasPrefix("data-2") })

        #expect(try place.run(["train", "data.svm", "--output", "run", "--seed", "1"]).code == 0)
        let first = try place.read("run/config.yaml")
        let again = try place.run(["train", "data.svm", "--output", "run/", "--seed", "2", "--overwrite"])
        #expect(again.code == 0)
        #expect(again.output.contains("is now in run.old-1"))
        #expect(try place.read("run.old-1/config.yaml") == first)
        #expect(try place.read("run/config.yaml") != first)
    }

    @Test func aRerunWithTheStoredConfigurationGivesTheSame() throws {
        let place = try Workplace()
        try place.write(SampleData.table(), to: "data.csv")
        let first = try place.run(
            ranks: 2,
            [
                "train", "data.csv", "--label", "answer", "--id", "key", "--weight", "importance", "--seed", "7",
                "--output", "first", "--validation", "0.1", "--no-intercept", "--threads", "1",
            ])
        try #require(first.code == 0, "\(first.errors)")
        let second = try place.run(ranks: 2, ["train", "--config", "first/config.yaml", "--output", "second"])
        try #require(second.code == 0, "\(second.errors)")
        let results = try ["first", "second"].map { try place.json($0 + "/result.json") }
        for key in ["objective", "gradientNorm", "iterations", "gradientPasses", "allreduces", "rows", "l2"] {
            #expect(results[0][key] as? NSNumber == results[1][key] as? NSNumber, "\(key)")
        }
        let configurations = try ["first", "second"].map { name in
            try place.read(name + "/config.yaml").split(separator: "\n").filter { !$0.hasPrefix("#") }
        }
        #expect(configurations[0] == configurations[1])
        let predictions = try ["first", "second"].map { try place.run(["predict", "--model", $0, "data.csv"]).output }
        #expect(predictions[0] == predictions[1])
        #expect(predictions[0].count > 1000)
    }

    @Test func theCommandLineWinsOverTheConfiguration() throws {
        let place = try Workplace()
        try FileManager.default.createDirectory(atPath: place.path("job"), withIntermediateDirectories: true)
        try place.write(SampleData.binary(rows: 60), to: "job/data.svm")
        try place.write(SampleData.binary(rows: 30, seed: 8), to: "other.svm")
        try place.write("data: data.svm\nl2: 0.5\nseed: 3\nintercept: false\n", to: "job/c.yaml")
        let outcome = try place.run(
            ["train", "--config", "job/c.yaml", "--output", "a", "--l2", "0.25", "--intercept"])
        try #require(outcome.code == 0, "\(outcome.errors)")
        let configuration = try place.read("a/config.yaml")
        for line in ["l2: 0.25", "seed: 3", "intercept: true"] { #expect(configuration.contains(line + "\n")) }
        #expect(try place.json("a/result.json")["rows"] as? Int == 60)
        #expect(try place.run(["train", "other.svm", "--config", "job/c.yaml", "--output", "b"]).code == 0)
        #expect(try place.json("b/result.json")["rows"] as? Int == 30)
    }

    @Test func limitsEndARunInTime() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 500), to: "data.svm")
        let slow = ["train", "data.svm", "--step", "sgd", "--step-size", "1e-6", "--tolerance", "1e-12"]
        for (options, reason) in [
            (["--max-iterations", "7"], "iterationLimit"), (["--max-epochs", "3"], "passLimit"),
            (["--time-limit", "1s"], "timeLimit"),
        ] {
            let outcome = try place.run(ranks: 2, slow + options + ["--output", reason])
            #expect(outcome.code == 0, "\(outcome.errors)")
            let result = try place.json(reason + "/result.json")
            #expect(result["stopReason"] as? String == reason)
            #expect(result["converged"] as? Bool == false)
            #expect(outcome.output.contains("was reached before convergence"))
        }
        #expect(try place.json("iterationLimit/result.json")["iterations"] as? Int == 7)
    }

    /// One switch for what takes seven options, each of which still counts.
    @Test func thePaperInOneSwitch() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        func model(_ name: String, ranks: Int = 0, _ options: [String]) throws -> Data {
            let outcome = try place.run(
                ranks: ranks, ["train", "data.svm", "--output", name, "--max-epochs", "10", "--quiet"] + options)
            try #require(outcome.code == 0, "\(outcome.errors)")
            return try Data(contentsOf: URL(fileURLWithPath: place.path(name + "/model.safetensors")))
        }
        let spelled = [
            "--growth", "increment", "--theta", "1", "--initial-batch", "50", "--direction", "gradient",
            "--preconditioner", "none",
        ]
        let paper = try model("paper", ["--paper"])
        #expect(
            try paper == model("spelled", ranks: 2, spelled + ["--step", "armijo", "--sufficient-decrease", "0.5"]))
        #expect(try model("bb", ["--paper", "--step", "bb"]) == model("other", spelled + ["--step", "bb"]))
        #expect(try paper != model("changed", ["--paper", "--theta", "0.5"]))
    }
}

/// `--test` with a share of the data.
@Suite struct HeldOutRunTests {
    @Test(arguments: [1, 2, 3, 4]) func aShareOfTheRowsIsTheTest(ranks: Int) throws {
        let place = try Workplace()
        try place.write(
            "x,y\n" + (0..<500).map { "\($0 % 97),\($0 % 97 < $0 % 41 ? "no" : "yes")\n" }.joined(), to: "t.csv")
        func run(_ folder: String, _ ranks: Int) throws -> Data {
            let outcome = try place.run(
                ranks: ranks,
                [
                    "train", "t.csv", "--label", "y", "--test", "0.2", "--class-weight", "balanced", "--positive", "no",
                    "--output", folder,
                ])
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("100 of 500 rows are held back for the test"))
            return try Data(contentsOf: URL(fileURLWithPath: place.path(folder + "/model.safetensors")))
        }
        let model = try run("run", ranks)
        #expect(try run("one", 1) == model)
        let result = try place.json("run/result.json")
        #expect((result["test"] as? [String: Any])?["rows"] as? Int == 100)
        // The kept configuration holds the same rows back.
        #expect(try place.run(["verify", "run"]).code == 0)
    }
}
