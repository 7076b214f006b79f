import Platform

/// What is predicted for one number of ranks.
package struct Prediction: Codable, Equatable, Sendable {
    package var ranks: Int
    package var nodes: Int
    /// To the target, reading not included; and the interval that holds the time of a run in nine of ten cases, nil where
    /// the pilot had too few runs.
    package var seconds: Double
    package var low: Double?
    package var high: Double?
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
    /// The largest relative error of the fit where it was measured.
    package var fitError: Double
    /// Assumptions.
    package var notes: [String]
    /// What was not predicted, and what it needs; nil: all that was asked.
    package var missing: String?

    /// - Parameters:
    ///   - ranks: those to predict; nil: 1, 2, 4, … 8192.
    ///   - latency, bytesPerSecond: of the network, for pilots on one node.
    /// - Throws: `PlanError`; `MisfitError` where the fit is off by more than `largestMisfit`.
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
        if file.machine.ranks > 1, !runs.isEmpty, runs.allSatisfy({ $0.ranks == 1 }) {
            throw PlanError(
                description:
                    "\(chosen.rawValue) was measured to the target on one rank only, which tells nothing about more: "
                    + "give the pilot a larger --budget, or choose another way with --method")
        }
        let onNode = ranksPerNode ?? file.machine.ranksOnNode(ranks: file.machine.ranks)
        let growth = Double(file.data.rows) / Double(max(1, file.data.sampleRows))
        func fit(
            _ runs: [PilotRun], _ allreduces: [AllreduceMeasurement], growth: Double = growth
        ) throws -> ScalingModel {
            var model = try ScalingModel(
                runs: runs, allreduces: allreduces, kernels: file.kernels, ranksPerNode: onNode,
                nodes: { file.machine.nodes(ranks: $0) }, growth: growth)
            if latency != nil || bytesPerSecond != nil {
                model.network.assume(latency: latency ?? 20e-6, bytesPerSecond: bytesPerSecond ?? 1.25e9)
            }
            return model
        }
        let model = try fit(runs, file.allreduces)
        let fits = Misfit.all(try fit(runs, file.allreduces, growth: 1), runs)
        if let worst = fits.max(by: { $0.share < $1.share }), worst.share > MisfitError.largest {
            throw MisfitError(method: chosen, misfit: worst, asked: ranks)
        }
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
        let residuals = (fits.reduce(0) { $0 + $1.logarithm * $1.logarithm } / Double(max(1, fits.count))).squareRoot()
        let spread = Self.spread(runs)
        let deviations =
            spread.degrees < Ratio.leastDegrees ? nil : Student.quantile(within: 0.9, degrees: spread.degrees)
        let alone = model.total(1)
        let measured = { count in
            growth == 1 ? Statistics.median(runs.filter { $0.ranks == count }.map { $0.workSeconds }) : nil
        }
        rows = counts.map { count in
            let parts = model.seconds(count)
            let seconds = parts.compute + parts.communication
            let doublings = max(0, log2(Double(count) / Double(model.measuredUpTo)))
            let variance =
                Deviation(samples[count] ?? []).variance + residuals * residuals + spread.variance
                + (Self.extrapolation * doublings) * (Self.extrapolation * doublings)
            let factor = deviations.map { exp($0 * variance.squareRoot()) }
            let nodes = model.nodes(count)
            return Prediction(
                ranks: count, nodes: nodes, seconds: seconds, low: factor.map { seconds / $0 },
                high: factor.map { seconds * $0 },
                speedup: alone / seconds, efficiency: alone / seconds / Double(count),
                communication: parts.communication / seconds,
                coreHours: seconds / 3600 * Double(count * file.machine.threads),
                cost: (price ?? file.money.price).map { $0 * Double(nodes) * seconds / 3600 },
                measured: measured(count))
        }
        self.method = chosen
        self.ranksPerNode = onNode
        fitError = fits.map(\.share).max() ?? 0
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
            missing =
                "more than \(onNode) ranks need several nodes, and the network between them was not measured: pilot on two "
                + "nodes, or give --latency and --bandwidth"
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

    /// Of ln T from run to run, pooled over the numbers of ranks.
    private static func spread(_ runs: [PilotRun]) -> Deviation {
        var spread = Deviation()
        for group in Dictionary(grouping: runs, by: \.ranks).sorted(by: { $0.key < $1.key }).map(\.value) {
            spread.add(Deviation(group.map { log(max($0.workSeconds, 1e-9)) }))
        }
        return spread
    }
}
