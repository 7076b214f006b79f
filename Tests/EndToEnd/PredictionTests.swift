import Foundation
import Platform
import TestSupport
import Testing

/// `predict`, `evaluate` and `info` on what `train` left.
@Suite struct PredictionTests {
    private func lines(_ text: String) -> [[String]] {
        text.split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
    }

    @Test func predictEvaluateAndTrainAgree() throws {
        let place = try Workplace()
        let data = SampleData.classes()
        try place.write(data, to: "data.svm")
        try #require(try place.run(["train", "data.svm", "--output", "run"]).code == 0)
        let labels = data.split(separator: "\n").map { String($0.prefix { $0 != " " }) }

        let predicted = try place.run(["predict", "--model", "run", "data.svm"])
        let table = lines(predicted.output)
        #expect(table[0] == ["label", "probability_0", "probability_1", "probability_2"])
        let rows = table.dropFirst()
        #expect(rows.count == labels.count)
        var logLoss = 0.0
        for (row, label) in zip(rows, labels) {
            let probabilities = row.dropFirst().compactMap(Double.init)
            #expect(abs(probabilities.reduce(0, +) - 1) < 1e-5)
            #expect(probabilities.firstIndex(of: probabilities.max() ?? 0) == Int(row[0]))
            logLoss -= log(probabilities[Int(label) ?? 0])
        }
        let accuracy = Double(zip(rows, labels).count { $0[0] == $1 }) / Double(labels.count)

        let evaluated = try place.run(ranks: 2, ["evaluate", "--model", "run", "data.svm", "--json"])
        let quality = try #require(
            JSONSerialization.jsonObject(with: Data(evaluated.output.utf8)) as? [String: Any], "\(evaluated.errors)")
        let trained = try #require(try place.json("run/result.json")["train"] as? [String: Any])
        for source in [quality, trained] {
            #expect(abs(try #require(source["accuracy"] as? Double) - accuracy) < 1e-9)
            #expect(abs(try #require(source["logLoss"] as? Double) - logLoss / Double(labels.count)) < 1e-5)
        }

        // A line of shell that looks for a figure finds it once.
        let text = try place.run(["evaluate", "--model", "run", "data.svm", "--json"]).output
        for key in ["accuracy", "logLoss", "balancedAccuracy"] {
            let found = text.components(separatedBy: "\"\(key)\":").dropFirst().filter { $0.first?.isNumber == true }
            #expect(found.count == 1, "\(key)")
        }

        let info = try place.run(["info", "run"])
        #expect(info.code == 0)
        #expect(info.output.contains("model         softmax, with intercept"))
        #expect(info.output.contains("classes       3: 0, 1, 2"))
        #expect(info.output.contains("what it learned: "))
        let stop = try #require(try place.json("run/result.json")["stopReason"] as? String)
        #expect(info.output.contains("ended         \(stop): "))
        let alone = try place.run(["info", "run/model.safetensors", "--coefficients", "2"])
        #expect(alone.output.contains("softmax"))
        #expect(!alone.output.contains("ended"))
        #expect(alone.output.components(separatedBy: "\n  feature ").count == 3)
        for name in ["c.csv", "c.json"] {
            #expect(try place.run(["info", "run", "--coefficients-file", name]).code == 0)
        }
        #expect(try place.read("c.csv").split(separator: "\n").count == 1 + 3 + 3 * 3)
        #expect(try JSON(text: place.read("c.json"))["columns"]?.array?.count == 3)
        // What is there stays.
        let again = try place.run(["info", "run", "--coefficients-file", "c.csv"])
        #expect(again.code != 0 && again.errors.contains("c.csv") && again.errors.contains("it exists"))
        #expect(try place.run(["info", "run", "--coefficients-file", "c.txt"]).code != 0)
    }

    @Test func anyRanksAndStandardInputGiveTheSamePredictions() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        try #require(try place.run(["train", "data.svm", "--output", "run"]).code == 0)
        let alone = try place.run(["predict", "--model", "run", "data.svm"])
        #expect(alone.code == 0)
        #expect(lines(alone.output)[0] == ["label", "probability_-1", "probability_1"])
        for ranks in 1...4 {
            let outcome = try place.run(
                ranks: ranks, ["predict", "--model", "run", "data.svm", "--output", "p\(ranks).csv"])
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(try place.read("p\(ranks).csv") == alone.output)
        }
        let piped = try place.run(["predict", "--model", "run/model.safetensors", "-"], input: "data.svm")
        #expect(piped.output == alone.output)
        let both = try place.run(ranks: 2, ["predict", "--model", "run", "-"], input: "data.svm")
        #expect(both.output == alone.output, "\(both.errors)")
        let again = try place.run(["predict", "--model", "run", "data.svm", "--output", "p1.csv"])
        #expect(again.code == 1)
        #expect(again.errors.contains("p1.csv: it exists"))
        #expect(
            try place.run(["predict", "--model", "run", "data.svm", "--output", "p1.csv", "--overwrite"]).code == 0)
    }

    @Test func tablesKeepTheirIdentifiersAndNeedNoLabel() throws {
        let place = try Workplace()
        try place.write(SampleData.table(), to: "data.csv")
        let options = ["--label", "answer", "--id", "key", "--drop", "importance"]
        try #require(try place.run(["train", "data.csv", "--output", "run"] + options).code == 0)
        // Columns in another order, no label, a city that training never saw.
        try place.write("city,key,age,income\nOslo,\"a,b\",30,0.5\nBerlin,second,,1\n", to: "new.csv")
        let outcome = try place.run(ranks: 2, ["predict", "--model", "run", "new.csv"])
        try #require(outcome.code == 0, "\(outcome.errors)")
        let rows = outcome.output.split(separator: "\n")
        #expect(rows[0] == "key,label,probability_no,probability_yes")
        #expect(rows[1].hasPrefix("\"a,b\",no,") || rows[1].hasPrefix("\"a,b\",yes,"))
        #expect(rows[2].hasPrefix("second,"))
        #expect(outcome.errors.contains("city"))
        let evaluated = try place.run(["evaluate", "--model", "run", "new.csv"])
        #expect(evaluated.code == 1)
        #expect(evaluated.errors.contains("answer"))
    }

    @Test func valuesAndMarginsHaveColumnsOfTheirOwn() throws {
        let place = try Workplace()
        try place.write(SampleData.values(), to: "values.svm")
        try place.write(SampleData.binary(), to: "binary.svm")
        try #require(try place.run(["train", "values.svm", "--output", "v"]).code == 0)
        try #require(try place.run(["train", "binary.svm", "--model", "squared-hinge", "--output", "m"]).code == 0)
        let values = lines(try place.run(["predict", "--model", "v", "values.svm"]).output)
        #expect(values[0] == ["value"])
        #expect(abs(try #require(Double(values[1][0])) - 10) < 8)
        let margins = lines(try place.run(["predict", "--model", "m", "binary.svm"]).output)
        #expect(margins[0] == ["label", "margin"])
        #expect(margins.dropFirst().allSatisfy { ((Double($0[1]) ?? 0) > 0) == ($0[0] == "1") })
    }

    /// Numbers in a LIBSVM file are no places in a table's list of names.
    @Test(arguments: ["5", "-1", "0.5"]) func numbersForAModelOfNamesAreNoCrash(label: String) throws {
        let place = try Workplace()
        try place.write(
            "a,b,y\n" + (0..<40).map { "\($0 % 5),\($0 % 3),\(["no", "yes"][$0 % 2])\n" }.joined(), to: "t.csv")
        try place.write("\(label) 1:1 2:2\n0 1:2\n", to: "new.svm")
        try #require(try place.run(["train", "t.csv", "--output", "run", "--quiet"]).code == 0)
        let judged = try place.run(["evaluate", "--model", "run", "new.svm"])
        #expect(judged.code == 1 && judged.errors.contains("did not occur in training (no, yes)"), "\(judged.errors)")
        let predicted = try place.run(["predict", "--model", "run", "new.svm"])
        #expect(predicted.code == 0 && predicted.output.split(separator: "\n").count == 3, "\(predicted.errors)")
    }

    @Test func aReaderThatLeavesEarlyIsNoError() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 20_000, features: 1), to: "data.svm")
        try #require(try place.run(["train", "data.svm", "--output", "run", "--max-iterations", "1"]).code == 0)
        let pipe = "set -o pipefail; \(Workplace.program) predict --model run data.svm | head -n 1"
        let outcome = try place.start(["bash", "-c", pipe]).wait()
        #expect(outcome.errors.isEmpty)
        #expect(outcome.output == "label,probability_-1,probability_1\n")
    }
}
