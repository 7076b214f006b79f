import Foundation
import TestSupport
import Testing

/// One answer: the same model, byte for byte, by the same path on any number of ranks and threads, from text, compressed
/// text and a cache, with every instruction set that fuses multiply and add.
@Suite struct RankPathTests {
    private typealias Factors = [[(name: String, options: [String])]]

    private static let linear: Factors = [
        [
            ("ridge", ["--model", "ridge"]), ("logistic", ["--model", "logistic"]),
            ("softmax", ["--model", "softmax"]), ("squared-hinge", ["--model", "squared-hinge"]),
            ("huber", ["--model", "huber"]), ("poisson", ["--model", "poisson"]),
        ],
        [("dense", ["--storage", "dense"]), ("sparse", ["--storage", "sparse"])],
        [("plain", []), ("weights", ["--weight", "w"])],
        [("intercept", []), ("no intercept", ["--no-intercept"])],
        ["mixed", "zscore", "maxabs", "none"].map { ($0, ["--standardize", $0]) },
        [
            ("auto", []), ("armijo", ["--step", "armijo"]), ("bb", ["--step", "bb"]),
            ("fixed", ["--step", "fixed", "--step-size", "0.01"]),
        ],
        [
            ("auto", []), ("gradient", ["--direction", "gradient"]), ("lbfgs", ["--direction", "lbfgs"]),
            ("momentum", ["--direction", "momentum"]), ("adam", ["--direction", "adam"]),
        ],
        [("preconditioner", []), ("no preconditioner", ["--preconditioner", "none"])],
        [("all rows", []), ("validation", ["--validation", "0.2"])],
        [("one", []), ("increments", ["--growth", "increment"])],
        [("seed 1", ["--seed", "1"]), ("seed 2", ["--seed", "2", "--initial-batch", "37"])],
    ]

    private static let networks: Factors = [
        [
            ("dense", ["dense 12", "relu", "dense 7", "tanh"]),
            ("norm", ["dense 9", "layer-norm", "gelu", "dropout 0.2"]),
            ("conv", ["conv 4 2x2", "relu", "max-pool 2", "dense 8", "relu"]),
            ("pools", ["pad 1", "conv 6 3x3", "group-norm 2", "max-pool 2 stride=1", "conv 3 2x2", "average-pool 2"]),
        ].map { ($0, $1.flatMap { ["--network", $0] }) },
        [("momentum", []), ("adam", ["--optimizer", "adam"]), ("adadelta", ["--optimizer", "adadelta"])],
        [
            ("auto", []), ("armijo", ["--step", "armijo"]), ("bb", ["--step", "bb"]),
            ("fixed", ["--step", "fixed", "--step-size", "0.01"]), ("sgd", ["--step", "sgd", "--step-size", "0.02"]),
        ],
        [("plain", ["--drop", "w"]), ("weights", ["--weight", "w"])],
        [("as they are", []), ("variants", ["--augment", "shift:1,flip"])],
        [("labels", []), ("smoothed", ["--label-smoothing", "0.1"])],
        [("few", []), ("many", ["--initial-batch", "70", "--validation", "0.2"])],
        [("seed 1", ["--seed", "1"]), ("seed 2", ["--seed", "2", "--growth", "increment"])],
    ]

    /// The options of a run, one value of each factor.
    private struct Configuration {
        var factors: Factors
        var values: [Int]

        var options: [String] { zip(factors, values).flatMap { $0[$1].options } }
        var name: String { zip(factors, values).map { $0[$1].name }.joined(separator: ", ") }

        /// Configurations in which each value of a factor meets each of every other: of some at random the one that brings
        /// most new pairs, until there are none.
        static func pairwise(_ factors: Factors, seed: UInt64) -> [Configuration] {
            var state = seed
            func random(_ count: Int) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 33) % count
            }
            var met: Set<[Int]> = []
            let all = factors.indices.reduce(0) { sum, a in
                sum + factors.indices.filter { $0 > a }.reduce(0) { $0 + factors[a].count * factors[$1].count }
            }
            func pairs(_ values: [Int]) -> [[Int]] {
                values.indices.flatMap { a in values.indices.filter { $0 > a }.map { [a, values[a], $0, values[$0]] } }
            }
            var found: [Configuration] = []
            while met.count < all {
                let best = (0..<50).map { _ in factors.map { random($0.count) } }
                    .map { (values: $0, news: pairs($0).count { !met.contains($0) }) }
                    .max { $0.news < $1.news }
                guard let best, best.news > 0 else { continue }
                met.formUnion(pairs(best.values))
                found.append(Configuration(factors: factors, values: best.values))
            }
            return found
        }
    }

    private static let fields = [
        "iteration", "gradientPasses", "batchSize", "loss", "gradientNorm", "signalToNoise", "stepSize", "trials",
        "validationLoss", "allreduces",
    ]

    private struct Run: Equatable {
        var model: Data
        var path: [[String]]
        var code: Int32
    }

    private func run(
        _ place: Workplace, _ options: [String], ranks: Int, threads: Int, set: String? = nil
    ) throws -> Run {
        try? FileManager.default.removeItem(atPath: place.path("run"))
        let command = Workplace.command(
            ranks: ranks,
            ["train"] + options + ["--output", "run", "--threads", "\(threads)"]
                + (options.contains("--max-iterations") ? [] : ["--max-iterations", "60"]))
        let outcome = try place.start(command, environment: set.map { ["CRESCENDO_ISA": $0] } ?? [:]).wait()
        guard outcome.code == 0 || outcome.code == 2 else {
            Issue.record("\(options): \(outcome.errors)")
            return Run(model: Data(), path: [], code: outcome.code)
        }
        let path = try place.read("run/metrics.jsonl").split(separator: "\n").map { line in
            let values = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
            return Self.fields.map { "\(values[$0] ?? "")" }
        }
        let model = try Data(contentsOf: URL(fileURLWithPath: place.path("run/model.safetensors")))
        return Run(model: model, path: path, code: outcome.code)
    }

    /// CRESCENDO_TEST_PATHS asks for so many covering sets; one has about 45 configurations.
    private func expectSameBytes(_ factors: Factors, _ place: Workplace, _ data: (Configuration) -> [String]) throws {
        let sets = ProcessInfo.processInfo.environment["CRESCENDO_TEST_PATHS"].flatMap { UInt64($0) } ?? 1
        for seed in 1...sets {
            for (number, configuration) in Configuration.pairwise(factors, seed: seed).enumerated() {
                let options = data(configuration) + configuration.options
                let alone = try run(place, options, ranks: 1, threads: 1)
                let (ranks, threads) = [(2, 1), (3, 2), (4, 1), (1, 3), (2, 2)][number % 5]
                let other = try run(place, options, ranks: ranks, threads: threads)
                #expect(alone.model == other.model, "\(configuration.name): \(ranks) ranks, \(threads) threads")
                #expect(alone.path == other.path, "\(configuration.name): \(ranks) ranks, \(threads) threads")
                #expect(alone.code == other.code && !alone.path.isEmpty)
            }
        }
    }

    @Test func sameBytes() throws {
        let place = try Workplace()
        for kind in SampleData.PlainLabel.allCases {
            try place.write(SampleData.plain(kind, rows: 700), to: "\(kind).csv")
        }
        let data = ["values", "binary", "classes", "binary", "values", "counts"]
        try expectSameBytes(Self.linear, place) { [data[$0.values[0]] + ".csv", "--label", "y"] }
    }

    @Test func sameBytesOfNetworks() throws {
        let place = try Workplace()
        try place.write(SampleData.images(rows: 500, areWeighted: true), to: "images.csv")
        try expectSameBytes(Self.networks, place) { _ in
            ["images.csv", "--label", "label", "--input-shape", "1x5x5", "--max-iterations", "25"]
        }
    }

    @Test func sameBytesFromEverySource() throws {
        let place = try Workplace()
        try place.write(SampleData.plain(.classes, rows: 900), to: "data.csv")
        _ = try place.start(["gzip", "-k", "data.csv"]).wait()
        let table = ["--label", "y"]
        let alone = try run(place, ["data.csv"] + table, ranks: 1, threads: 1)
        #expect(try run(place, ["data.csv.gz"] + table, ranks: 3, threads: 1) == alone)
        // Written, then read.
        let cached = ["data.csv", "--cache", "cache"] + table
        #expect(try run(place, cached, ranks: 2, threads: 1) == alone)
        #expect(try run(place, cached, ranks: 4, threads: 2) == alone)
    }

    @Test func sameBytesWithEverySetThatFuses() throws {
        let place = try Workplace()
        let flags = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
        // Elsewhere the best there is would be taken, and be the same.
        guard flags.contains(" avx2 "), flags.contains(" fma ") else { return }
        func expectSame(_ options: [String]) throws {
            let best = try run(place, options, ranks: 1, threads: 1)
            #expect(try run(place, options, ranks: 2, threads: 1, set: "avx2") == best, "\(options)")
        }
        for kind in [SampleData.PlainLabel.binary, .classes] {
            try place.write(SampleData.plain(kind, rows: 700), to: "\(kind).csv")
            for storage in ["dense", "sparse"] {
                try expectSame(["\(kind).csv", "--label", "y", "--storage", storage])
            }
        }
        try place.write(SampleData.images(rows: 500), to: "images.csv")
        for network in Self.networks[0] {
            try expectSame(["images.csv", "--input-shape", "1x5x5", "--max-iterations", "25"] + network.options)
        }
    }
}
