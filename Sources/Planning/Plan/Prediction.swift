import Platform

/// What is predicted for one number of ranks.
package struct Prediction: Codable, Equatable, Sendable {
    package var ranks: Int
    package var nodes: Int
    /// To the target, reading not included; and the interval that holds the time of a run in nine of ten cases.
    package var seconds: Double
    package var low: Double
    package var high: Double
    /// Against one rank.
    package var speedup: Double
    /// speedup / ranks.
    package var efficiency: Double
    /// Share of the time in communication, waiting included.
    package var communication: Double
    package var coreHours: Double
    /// Nodes × hours × price; nil without a price.
    package var cost: Double?
    /// Median of the pilot's own runs; nil where it had none.
    package var measured: Double?
}

/// Predictions from a pilot, for one method.
package struct Forecast: Codable, Equatable, Sendable {
    /// A doubling of the ranks pays when it makes a run this many times as fast.
    package static let payingFactor = 1.25
    /// Standard deviation of ln T that every doubling beyond the measured ranks adds: an assumption, not a measurement.
    package static let extrapolation = 0.04

    package var method: PilotMethod
    package var ranksPerNode: Int
    package var rows: [Prediction]
    /// The largest power of two of ranks up to which every doubling pays; nil: none does.
    package var payingUpTo: Int?
    /// The paying numbers go on beyond what could be predicted.
    package var isOpen: Bool
    /// The ranks with the shortest predicted time.
    package var fastest: Int?
    /// Relative error of the fit where it was measured: root of the mean square.
    package var fitError: Double
    package var notes: [String]

    /// - Parameters:
    ///   - ranks: those to predict; nil: 1, 2, 4, … 8192.
    ///   - latency, bytesPerSecond: of the network, for pilots on one node.
    package init(
        _ file: PilotFile, method: PilotMethod? = nil, ranks: [Int]? = nil, ranksPerNode: Int? = nil,
        price: Double? = nil, latency: Double? = nil, bytesPerSecond: Double? = nil, draws: Int = 200
    ) throws {
        guard let chosen = method ?? file.recommendation?.method else {
            throw PlanError(description: "the pilot recommends nothing: choose a method with --method")
        }
        let all = file.runs.filter { $0.method == chosen && !$0.work.isEmpty }
        let reached = all.filter { $0.secondsToTarget != nil }
        let runs = reached.isEmpty ? all : reached
        let onNode = ranksPerNode ?? file.machine.ranksOnNode(ranks: file.machine.ranks)
        let growth = Double(file.data.rows) / Double(max(1, file.data.sampleRows))
        func fit(_ runs: [PilotRun], _ allreduces: [AllreduceMeasurement]) throws -> ScalingModel {
            var model = try ScalingModel(
                runs: runs, allreduces: allreduces, kernels: file.kernels, ranksPerNode: onNode,
                nodes: { file.machine.nodes(ranks: $0) }, growth: growth)
            if latency != nil || bytesPerSecond != nil {
                model.network.assume(latency: latency ?? 20e-6, bytesPerSecond: bytesPerSecond ?? 1.25e9)
            }
            return model
        }
        let model = try fit(runs, file.allreduces)
        let asked = ranks ?? (0...13).map { 1 << $0 }
        let counts = asked.filter { model.knows($0) && $0 <= 10_000 }
        let powers = (0...13).map { 1 << $0 }.filter { model.knows($0) }
        var generator = SeededGenerator(state: 7)
        var samples: [Int: [Double]] = [:]
        for _ in 0..<draws {
            let drawn = try fit(
                Self.resampled(runs, &generator), file.allreduces.map { Self.perturbed($0, &generator) })
            for count in counts { samples[count, default: []].append(log(drawn.total(count))) }
        }
        let residuals = Self.residuals(model, runs, growth: growth)
        let spread = Self.spread(runs)
        let alone = model.total(1)
        let measured = { count in
            growth == 1 ? Statistics.median(runs.filter { $0.ranks == count }.map { $0.workSeconds }) : nil
        }
        rows = counts.map { count in
            let parts = model.seconds(count)
            let seconds = parts.compute + parts.communication
            let doublings = max(0, log2(Double(count) / Double(model.measuredUpTo)))
            let variance =
                Self.variance(samples[count] ?? []) + residuals * residuals + spread * spread
                + (Self.extrapolation * doublings) * (Self.extrapolation * doublings)
            let factor = exp(1.645 * variance.squareRoot())
            let nodes = model.nodes(count)
            return Prediction(
                ranks: count, nodes: nodes, seconds: seconds, low: seconds / factor, high: seconds * factor,
                speedup: alone / seconds, efficiency: alone / seconds / Double(count),
                communication: parts.communication / seconds,
                coreHours: seconds / 3600 * Double(count * file.machine.threads),
                cost: (price ?? file.money.price).map { $0 * Double(nodes) * seconds / 3600 },
                measured: measured(count))
        }
        self.method = chosen
        self.ranksPerNode = onNode
        fitError = residuals
        fastest = powers.min { model.total($0) < model.total($1) }
        var paying = 1
        for power in powers.dropFirst() {
            // What was measured counts more than what the fit makes of it.
            let seen = measured(paying).flatMap { before in measured(power).map { before / $0 } }
            guard seen ?? (model.total(paying) / model.total(power)) >= Self.payingFactor else { break }
            paying = power
        }
        payingUpTo = paying > 1 ? paying : nil
        isOpen = paying == powers.last && paying < 8192
        notes = []
        if reached.isEmpty {
            notes.append("no run of this method reached the target: times are those of its runs as they were")
        }
        if growth > 1 {
            notes.append(
                "the pilot trained on a sample; iterations over all rows are taken to be that much longer on all of them"
            )
        }
        if counts.count < asked.count {
            notes.append(
                "more than \(onNode) ranks need several nodes, and the network between them was not measured: pilot on two "
                    + "nodes, or give --latency and --bandwidth")
        }
    }

    /// As many runs of each number of ranks, drawn from those there are.
    private static func resampled(_ runs: [PilotRun], _ generator: inout SeededGenerator) -> [PilotRun] {
        var result: [PilotRun] = []
        for group in Dictionary(grouping: runs, by: \.ranks).sorted(by: { $0.key < $1.key }).map(\.value) {
            for _ in group { if let run = group.randomElement(using: &generator) { result.append(run) } }
        }
        return result
    }

    private static func perturbed(_ measured: AllreduceMeasurement, _ generator: inout SeededGenerator)
        -> AllreduceMeasurement
    {
        // The standard error of a median, from the quartiles.
        let width = (measured.high - measured.low) / 1.35 * 1.25 / Double(max(1, measured.rounds)).squareRoot()
        var result = measured
        result.seconds = max(measured.seconds / 2, measured.seconds + width * normal(&generator))
        return result
    }

    /// By the sum of twelve uniform numbers.
    private static func normal(_ generator: inout SeededGenerator) -> Double {
        (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &generator) }
    }

    private static func residuals(_ model: ScalingModel, _ runs: [PilotRun], growth: Double) -> Double {
        guard growth == 1 else { return 0.05 }
        let errors = Dictionary(grouping: runs, by: \.ranks).compactMap { count, runs in
            Statistics.median(runs.map(\.workSeconds)).map { log($0 / model.total(count)) }
        }
        return (errors.reduce(0) { $0 + $1 * $1 } / Double(max(1, errors.count))).squareRoot()
    }

    /// Of ln T from run to run, from the quartiles; pooled over the numbers of ranks.
    private static func spread(_ runs: [PilotRun]) -> Double {
        let widths = Dictionary(grouping: runs, by: \.ranks).values.compactMap { runs -> Double? in
            let times = runs.map { log($0.workSeconds) }
            guard times.count >= 4, let low = Statistics.quantile(times, 0.25),
                let high = Statistics.quantile(times, 0.75)
            else { return nil }
            return (high - low) / 1.35
        }
        return Statistics.median(widths) ?? 0.1
    }

    private static func variance(_ values: [Double]) -> Double {
        guard values.count > 1, let mean = Statistics.mean(values) else { return 0 }
        return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    }
}

extension ScalingModel {
    package func total(_ ranks: Int) -> Double {
        let parts = seconds(ranks)
        return max(parts.compute + parts.communication, 1e-12)
    }
}
