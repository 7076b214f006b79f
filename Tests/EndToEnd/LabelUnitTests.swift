import Foundation
import Platform
import TestSupport
import Testing

/// Labels in whatever unit: the same model, and everything that is printed in the unit of the data.
@Suite struct LabelUnitTests {
    private static let rows = 400

    private static func table(offset: Double, unit: Double) -> String {
        var data = SampleData(seed: 5)
        return "a,b,y\n"
            + (0..<rows).map { row in
                let (a, b, noise) = (data.next(), data.next(), data.next())
                let outlier = row % 5 == 2 && a > 0.5 ? 30.0 : 0
                return "\(a),\(b),\(offset + unit * (3 * a - 2 * b + a * b + 0.1 * noise + outlier))\n"
            }.joined()
    }

    private func number(_ object: [String: Any]?, _ key: String) throws -> Double {
        try #require(object?[key] as? Double, "\(key)")
    }

    @Test(
        arguments: [["ridge"], ["huber"], ["mlp:8"]],
        [(0, 1e6), (0, 1e-6), (1e4, 1), (1.6e9, 1)] as [(Double, Double)])
    func unitsChangeNothingButTheUnit(model: [String], place: (offset: Double, unit: Double)) throws {
        let work = try Workplace()
        try work.write(Self.table(offset: 0, unit: 1), to: "plain.csv")
        try work.write(Self.table(offset: place.offset, unit: place.unit), to: "other.csv")
        for name in ["plain", "other"] {
            let outcome = try work.run(
                ranks: name == "plain" ? 0 : 2,
                [
                    "train", "\(name).csv", "--label", "y", "--model", model[0], "--tolerance", "1e-6", "--output",
                    name,
                    "--validation", "0",
                ] + (model[0] == "mlp:8" ? ["--max-epochs", "30"] : []))
            try #require(outcome.code == 0, "\(outcome.errors)")
        }
        let plain = try work.json("plain/result.json")
        let other = try work.json("other/result.json")
        let (before, after) = (plain["train"] as? [String: Any], other["train"] as? [String: Any])
        // Networks of other ranks round otherwise.
        let allowed = model[0] == "mlp:8" ? 2e-2 : 2e-4
        let rmse = try number(before, "rmse")
        #expect(abs(try number(after, "rmse") / place.unit - rmse) <= allowed * rmse)
        #expect(abs(try number(after, "r2") - number(before, "r2")) <= allowed)
        let objective = try number(plain, "objective")
        #expect(abs(try number(other, "objective") / (place.unit * place.unit) - objective) <= allowed * objective)

        let judged = try work.run(["evaluate", "--model", "other", "other.csv", "--json"])
        let quality = try JSONSerialization.jsonObject(with: Data(judged.output.utf8)) as? [String: Any]
        #expect(abs(try number(quality, "rmse") / number(after, "rmse") - 1) < 1e-5)
        let predicted = try work.run(["predict", "--model", "other", "other.csv"])
        let values = predicted.output.split(separator: "\n").dropFirst().compactMap { Double($0) }
        #expect(values.count == Self.rows)
        let labels = Self.table(offset: place.offset, unit: place.unit).split(separator: "\n").dropFirst().compactMap {
            Double($0.split(separator: ",")[2])
        }
        let squares = zip(values, labels).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        #expect(abs((squares / Double(Self.rows)).squareRoot() / (try number(after, "rmse")) - 1) < 1e-3)
    }

    /// δ follows the labels' spread, not their unit: twenty times the deviation of most, outliers are still outliers.
    @Test func huberFindsItsDelta() throws {
        let work = try Workplace()
        try work.write(Self.table(offset: 0, unit: 1000), to: "data.csv")
        let found = try work.run(["train", "data.csv", "--label", "y", "--model", "huber", "--output", "found"])
        #expect(found.code == 0)
        #expect(found.output.contains("huber   squared errors up to"))
        let given = try work.run([
            "train", "data.csv", "--label", "y", "--model", "huber", "--huber-delta", "1e9", "--output", "given",
        ])
        #expect(given.code == 0)
        /// How far the coefficient of a, in the unit of the file, is from the one that made the labels.
        func error(_ run: String) throws -> Double {
            let file = "\(run)-\(UUID().uuidString).json"
            #expect(try work.run(["info", run, "--coefficients-file", file]).code == 0)
            let columns = try JSON(text: work.read(file))["columns"]?.array ?? []
            let feature = columns.first { $0["name"]?.string == "a" }?["features"]?.array?.first
            return abs(try #require(feature?["coefficients"]?.array?.first?.double) - 3000)
        }
        #expect(try error("found") < 500)
        #expect(try error("found") < 0.5 * error("given"), "outliers count less")
    }
}
