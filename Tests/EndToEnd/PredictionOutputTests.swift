import Foundation
import TestSupport
import Testing

/// `predict` with thresholds, beside labels, and as arrays.
@Suite(.timeLimit(.minutes(3))) struct PredictionOutputTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func train(_ data: String, as name: String, _ options: [String] = []) throws {
        try place.write(data, to: name)
        try? FileManager.default.removeItem(atPath: place.path("run"))
        let outcome = try place.run(["train", name, "--output", "run", "--quiet"] + options)
        try #require(outcome.code == 0, "\(outcome.errors)")
    }

    private func predict(_ data: String, _ options: [String] = []) throws -> (head: String, rows: [[String]]) {
        let outcome = try place.run(["predict", "--model", "run", data] + options)
        try #require(outcome.code == 0, "\(outcome.errors)")
        let lines = outcome.output.split(separator: "\n").map(String.init)
        return (
            lines[0],
            lines.dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        )
    }

    /// The numbers of a .npy file, row by row, and their type.
    private func array(_ name: String) throws -> (type: String, rows: [[Double]]) {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: place.path(name)))
        #expect(bytes.prefix(8) == Data([0x93] + Array("NUMPY".utf8) + [1, 0]))
        let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
        #expect(start % 64 == 0 && bytes[start - 1] == 0x0A)
        let head = String(decoding: bytes[10..<start], as: UTF8.self)
        let match = try #require(
            head.firstMatch(
                of: /\{'descr': '(<f[48])', 'fortran_order': False, 'shape': \((\d+), (\d+)\), \} *\n/), "\(head)")
        let (count, columns) = (try #require(Int(match.2)), try #require(Int(match.3)))
        let size = match.1 == "<f4" ? 4 : 8
        #expect(bytes.count == start + count * columns * size)
        let numbers = bytes[start...].withUnsafeBytes { raw in
            (0..<count * columns).map { index in
                size == 4
                    ? Double(raw.loadUnaligned(fromByteOffset: 4 * index, as: Float.self))
                    : raw.loadUnaligned(fromByteOffset: 8 * index, as: Double.self)
            }
        }
        return (String(match.1), (0..<count).map { Array(numbers[$0 * columns..<($0 + 1) * columns]) })
    }

    @Test func aThresholdDecidesTheLabel() throws {
        try train(SampleData.binary(), as: "data.svm")
        let usual = try predict("data.svm")
        #expect(usual.head == "label,probability_-1,probability_1")
        func labels(_ isPositive: ([Float]) -> Bool, _ positive: String, _ other: String) -> [String] {
            usual.rows.map { isPositive($0.dropFirst().compactMap(Float.init)) ? positive : other }
        }
        let low = try predict("data.svm", ["--threshold", "0.2"])
        #expect(low.rows.map { $0[0] } == labels({ $0[1] >= 0.2 }, "1", "-1"))
        #expect(low.rows.map { $0[0] } != usual.rows.map { $0[0] })
        #expect(low.rows.map { $0.dropFirst() } == usual.rows.map { $0.dropFirst() })
        let first = try predict("data.svm", ["--threshold", "0.2", "--positive", "-1"])
        #expect(first.rows.map { $0[0] } == labels({ $0[0] >= 0.2 }, "-1", "1"))
        // A probability as it is written is at least itself.
        let own = usual.rows[7][2]
        #expect(try predict("data.svm", ["--threshold", own]).rows[7][0] == "1")
        #expect(try predict("data.svm", ["--threshold", "0"]).rows.allSatisfy { $0[0] == "1" })
        let said = try place.run(["predict", "--model", "run", "data.svm", "--threshold", "0.2"])
        #expect(said.errors.contains("the label is 1 where its probability is at least 0.2"), "\(said.errors)")
    }

    @Test func theClassLookedForInTrainingIsPositive() throws {
        try train(SampleData.table(), as: "data.csv", ["--label", "answer", "--id", "key", "--positive", "no"])
        let rows = try predict("data.csv", ["--threshold", "0.9", "--actual"])
        #expect(rows.head == "key,label,probability_yes,probability_no,actual")
        for row in rows.rows { #expect(row[1] == ((Float(row[3]) ?? 0) >= 0.9 ? "no" : "yes")) }
        let answers = try place.read("data.csv").split(separator: "\n").dropFirst().map {
            $0.split(separator: ",").last
        }
        #expect(rows.rows.map { $0[4][...] } == answers)
    }

    @Test func thresholdsOfMarginsAndOfNetworks() throws {
        try train(SampleData.binary(), as: "data.svm", ["--model", "squared-hinge"])
        let margins = try predict("data.svm", ["--threshold", "-0.5"])
        #expect(margins.rows.allSatisfy { ((Float($0[1]) ?? 0) >= -0.5) == ($0[0] == "1") })
        let other = try predict("data.svm", ["--threshold", "-0.5", "--positive", "-1"])
        #expect(other.rows.allSatisfy { ((Float($0[1]) ?? 0) <= 0.5) == ($0[0] == "-1") })

        try train(
            SampleData.plain(.binary, rows: 100), as: "data.csv",
            ["--weight", "w", "--model", "mlp:4", "--max-epochs", "2"])
        let network = try predict("data.csv", ["--threshold", "0.4", "--positive", "0"])
        #expect(network.rows.allSatisfy { ((Float($0[1]) ?? 0) >= 0.4) == ($0[0] == "0") })
    }

    @Test func labelsStandBesideValues() throws {
        try train(SampleData.plain(.values, rows: 120), as: "data.csv", ["--drop", "w"])
        var lines = try place.read("data.csv").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        lines[3] = "?" + lines[3].drop { $0 != "," }
        try place.write(lines.joined(separator: "\n"), to: "gap.csv")
        let written = try predict("gap.csv", ["--actual"])
        #expect(written.head == "value,actual,residual")
        #expect(written.rows.count == 120)
        for (index, row) in written.rows.enumerated() {
            guard index != 2 else {
                #expect(row[1].isEmpty && row[2].isEmpty)
                continue
            }
            let actual = try #require(Double(lines[index + 1].prefix { $0 != "," }))
            #expect(Double(row[1]) == actual)
            #expect(abs(try #require(Double(row[2])) - (actual - (Double(row[0]) ?? 0))) < 1e-7)
        }
        #expect(try predict("gap.csv").rows.map { $0[0] } == written.rows.map { $0[0] })
        let evaluated = try place.run(["evaluate", "--model", "run", "data.csv", "--json"])
        let quality = try #require(
            try JSONSerialization.jsonObject(with: Data(evaluated.output.utf8)) as? [String: Any])
        let residuals = try predict("data.csv", ["--actual"]).rows.compactMap { Double($0[2]) }
        let rmse = (residuals.reduce(0) { $0 + $1 * $1 } / Double(residuals.count)).squareRoot()
        #expect(abs(try #require(quality["rmse"] as? Double) - rmse) < 1e-6)
    }

    /// Classes that training never saw are named as the file has them.
    @Test func labelsStandBesideClasses() throws {
        try train("a,y\n" + (0..<40).map { "\($0 % 7),\($0 % 2 == 0 ? "a" : "b")\n" }.joined(), as: "t.csv")
        try place.write("a,y\n1,b\n2,\"c,d\"\n3,\n4,a\n", to: "new.csv")
        let output = try place.run(["predict", "--model", "run", "new.csv", "--actual"]).output
        let last = output.split(separator: "\n").map {
            $0.split(separator: ",", maxSplits: 3, omittingEmptySubsequences: false)[3]
        }
        #expect(last == ["actual", "b", "\"c,d\"", "", "a"])
        try place.write("5 1:1\n", to: "new.svm")
        #expect(try predict("new.svm", ["--actual"]).rows[0].last == "5")
    }

    @Test func arraysHoldTheNumbersOfTables() throws {
        func check(
            _ data: String, _ type: String, _ columns: Range<Int>, _ options: [String] = [], isFloat: Bool
        ) throws {
            let table = try predict(data, options)
            for ranks in 1...4 {
                let outcome = try place.run(
                    ranks: ranks,
                    ["predict", "--model", "run", data, "--output", "p\(ranks).npy", "--overwrite"] + options)
                try #require(outcome.code == 0 && outcome.output.isEmpty, "\(outcome.errors)")
            }
            let bytes = try (1...4).map { try Data(contentsOf: URL(fileURLWithPath: place.path("p\($0).npy"))) }
            #expect(bytes.allSatisfy { $0 == bytes[0] })
            let array = try array("p1.npy")
            #expect(array.type == type)
            #expect(array.rows.count == table.rows.count)
            for (numbers, fields) in zip(array.rows, table.rows) {
                // Of a model without a unit, as CSV has it: the shortest decimal of a Float.
                let written = fields[columns].map { isFloat ? Double(Float($0) ?? 0) : Double($0) ?? 0 }
                #expect(numbers == written)
            }
        }
        try train(SampleData.binary(), as: "two.svm")
        try check("two.svm", "<f4", 1..<3, isFloat: true)
        try train(SampleData.classes(), as: "three.svm")
        try check("three.svm", "<f4", 1..<4, isFloat: true)
        try train(SampleData.binary(), as: "two.svm", ["--model", "squared-hinge"])
        try check("two.svm", "<f4", 1..<2, isFloat: true)
        try train(SampleData.values(), as: "v.svm")
        try check("v.svm", "<f8", 0..<1, isFloat: false)
        try check("v.svm", "<f8", 0..<3, ["--actual"], isFloat: false)
        try train(SampleData.values(count: true), as: "v.svm", ["--model", "poisson"])
        try check("v.svm", "<f8", 0..<1, isFloat: true)
    }

    /// Pieces of many ranks keep the order of the rows.
    @Test func manyRowsAreTheSameOnAnyRanks() throws {
        try train(SampleData.values(rows: 30_000), as: "v.svm", ["--max-iterations", "2"])
        let alone = try place.run(["predict", "--model", "run", "v.svm", "--actual"])
        for ranks in 2...4 {
            let outcome = try place.run(ranks: ranks, ["predict", "--model", "run", "v.svm", "--actual"])
            #expect(outcome.output == alone.output, "\(ranks): \(outcome.errors)")
        }
    }

    @Test func whatDoesNotFitIsRefused() throws {
        try train(SampleData.binary(), as: "two.svm")
        func refuse(_ options: [String], _ message: String, code: Int32 = 64, ranks: Int = 0) throws {
            let outcome = try place.run(
                ranks: ranks, ["predict", "--model", "run", "two.svm", "--output", "out.npy"] + options)
            #expect(outcome.code == code, "\(options): \(outcome.errors)")
            #expect(outcome.errors.contains(message), "\(options): \(outcome.errors)")
            #expect(!place.exists("out.npy") && !place.exists("out.csv"))
        }
        let csv = ["--output", "out.csv"]
        try refuse(csv + ["--threshold", "1.5"], "--threshold 1.5: it is a probability, from 0 to 1")
        try refuse(csv + ["--threshold", "-0.1"], "--threshold -0.1: it is a probability, from 0 to 1", ranks: 2)
        try refuse(csv + ["--threshold", "half"], "expected a number")
        try refuse(csv + ["--positive", "1"], "add --threshold")
        try refuse(csv + ["--threshold", "0.5", "--positive", "2"], "--positive 2: the model's classes are -1 and 1")
        try refuse(["--threshold", "0.5"], "leave it out, or write CSV")
        try refuse(["--actual"], "leave it out, or write CSV")
        try train(SampleData.classes(), as: "three.svm")
        try refuse(csv + ["--threshold", "0.5"], "the model predicts 3 classes: leave it out")
        try train(SampleData.values(), as: "values.svm")
        try refuse(csv + ["--threshold", "0.5"], "the model predicts values: leave it out")
        try train("a,b,y\n" + (0..<40).map { "\($0 % 7),\($0 % 3),\($0 * $0)\n" }.joined(), as: "t.csv")
        try place.write("a,b\n1,2\n", to: "bare.csv")
        let bare = try place.run(ranks: 2, ["predict", "--model", "run", "bare.csv", "--actual"])
        #expect(bare.code == 1 && bare.output.isEmpty, "\(bare.errors)")
        #expect(bare.errors.contains("bare.csv has no labels for --actual: leave it out"), "\(bare.errors)")
    }
}
