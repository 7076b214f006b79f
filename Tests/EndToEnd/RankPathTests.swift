import Foundation
import Testing

/// The program takes the same path to the same model on any number of ranks.
@Suite struct RankPathTests {
    private struct Run {
        var metrics: [[String: Any]]
        var objective: Double
        var repairs: Int

        func value(_ iteration: Int, _ name: String) -> Double { metrics[iteration][name] as? Double ?? .infinity }
    }

    private func run(_ place: Workplace, ranks: Int, _ options: [String]) throws -> Run {
        let folder = "run-\(ranks)"
        let outcome = try place.run(
            ranks: ranks, ["train", "data.svm", "--tolerance", "1e-6", "--output", folder] + options)
        try #require(outcome.code == 0, "\(outcome.errors)")
        let result = try place.json(folder + "/result.json")
        let metrics = try place.read(folder + "/metrics.jsonl").split(separator: "\n").map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
        }
        return Run(
            metrics: metrics, objective: try #require(result["objective"] as? Double),
            repairs: try #require(result["parameterRepairs"] as? Int))
    }

    @Test(arguments: ["dense", "sparse"], ["auto", "armijo", "bb"])
    func samePath(storage: String, step: String) throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 2500, features: 8), to: "data.svm")
        let options = ["--storage", storage, "--step", step, "--initial-batch", "30"]
        let alone = try run(place, ranks: 1, options)
        for ranks in [2, 3, 4] {
            let several = try run(place, ranks: ranks, options)
            #expect(several.repairs == 0)
            #expect(abs(several.objective - alone.objective) <= 1e-5 * alone.objective)
            var compared = 0
            for index in 0..<min(alone.metrics.count, several.metrics.count) {
                let loss = alone.value(index, "loss")
                #expect(abs(several.value(index, "loss") - loss) <= 1e-4 * loss)
                compared += 1
                if min(alone.value(index, "decisionMargin"), several.value(index, "decisionMargin")) < 1e-5 { break }
                #expect(alone.value(index, "batchSize") == several.value(index, "batchSize"))
            }
            #expect(compared >= 5)
        }
    }
}
