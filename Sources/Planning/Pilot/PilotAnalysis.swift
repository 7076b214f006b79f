/// From runs to configurations and advice: pure functions of `pilot.json`.
package enum PilotAnalysis {
    /// Within this share of the fastest, fewer nodes and fewer ranks win.
    package static let tie = 0.05

    /// Fills in the target, the times to it, the configurations and the recommendation.
    package static func conclude(_ file: PilotFile) -> PilotFile {
        var file = file
        let objectives = file.runs.flatMap { run in run.curve.map(\.objective) + [run.objective].compactMap { $0 } }
        file.target.best = objectives.filter(\.isFinite).min() ?? .infinity
        file.target.objective = file.target.best + file.target.tolerance * abs(file.target.best)
        for index in file.runs.indices {
            file.runs[index].secondsToTarget = CurvePoint.seconds(to: file.target.objective, in: file.runs[index].curve)
        }
        file.configurations = configurations(file)
        file.recommendation = recommendation(file)
        return file
    }

    package static func configurations(_ file: PilotFile) -> [ConfigurationSummary] {
        var keys: [(PilotMethod, Int)] = []
        for run in file.runs where !keys.contains(where: { $0 == (run.method, run.ranks) }) {
            keys.append((run.method, run.ranks))
        }
        let order = PilotMethod.allCases
        keys.sort { ($0.1, order.firstIndex(of: $0.0) ?? 0) < ($1.1, order.firstIndex(of: $1.0) ?? 0) }
        return keys.map { summary(file, method: $0.0, ranks: $0.1) }
    }

    private static func summary(_ file: PilotFile, method: PilotMethod, ranks: Int) -> ConfigurationSummary {
        let runs = file.runs.filter { $0.method == method && $0.ranks == ranks }
        let times = runs.compactMap(\.secondsToTarget)
        let tuning = file.tuning.first { $0.method == method }
        let nodes = file.machine.nodes(ranks: ranks)
        let interval = Statistics.medianInterval(times)
        let median = Statistics.median(times)
        let work = runs.flatMap(\.work)
        let communication = work.reduce(0) { $0 + $1.communication }
        let compute = work.reduce(0) { $0 + $1.compute }
        let price = file.money.price
        let tuningNodes = tuning.map { file.machine.nodes(ranks: $0.ranks) } ?? 0
        var summary = ConfigurationSummary(
            method: method, ranks: ranks, nodes: nodes, candidate: runs.first?.candidate,
            options: method.options(tuned: runs.first?.candidate, rows: file.data.rows), runs: runs.count,
            reached: times.count, seconds: median, tuningRuns: tuning?.runs ?? 0, tuningSeconds: tuning?.seconds ?? 0,
            tuningCoreHours: hours(tuning?.seconds ?? 0) * Double((tuning?.ranks ?? 0) * file.machine.threads))
        summary.secondsLow = interval?.lowerBound
        summary.secondsHigh = interval?.upperBound
        summary.quartileLow = Statistics.quantile(times, 0.25)
        summary.quartileHigh = Statistics.quantile(times, 0.75)
        summary.coreHours = median.map { hours($0) * Double(ranks * file.machine.threads) }
        summary.totalSeconds = median.map { $0 + summary.tuningSeconds }
        summary.runCost = price.flatMap { price in median.map { price * Double(nodes) * hours($0) } }
        summary.tuningCost = price.map { $0 * Double(tuningNodes) * hours(summary.tuningSeconds) }
        summary.personCost = file.money.hourlyWage.map { $0 * (tuning == nil ? 0 : file.money.tuningHours) }
        summary.communicationToComputation = compute > 0 && ranks > 1 ? communication / compute : nil
        summary.objective = runs.flatMap { run in run.curve.map(\.objective) + [run.objective].compactMap { $0 } }.min()
        let judged = runs.first { $0.score != nil }
        summary.score = judged?.score
        summary.validationLoss = judged?.validationLoss
        return summary
    }

    package static func hours(_ seconds: Double) -> Double { seconds / 3600 }

    /// Smaller is better: fewer nodes, fewer ranks, nothing to tune, nothing to choose.
    private static func preference(_ configuration: ConfigurationSummary) -> (Int, Int, Int, Double) {
        let effort = configuration.method == .auto ? 0 : configuration.method.needsTuning ? 2 : 1
        return (configuration.nodes, configuration.ranks, effort, configuration.seconds ?? .infinity)
    }

    /// The configuration to run: of those within `tie` of the fastest the one with the fewest nodes, then the fewest ranks,
    /// then one that needs no tuning.
    package static func recommendation(_ file: PilotFile) -> Recommendation? {
        let reached = file.configurations.filter { $0.seconds != nil }
        guard let fastest = reached.compactMap(\.seconds).min() else {
            guard let last = file.configurations.min(by: { ($0.objective ?? .infinity) < ($1.objective ?? .infinity) })
            else { return nil }
            return Recommendation(
                verdict: .undecided, method: last.method, ranks: last.ranks, nodes: last.nodes,
                command: command(file, last))
        }
        let near = reached.filter { ($0.seconds ?? .infinity) <= (1 + tie) * fastest }
        guard
            let chosen = near.min(by: { preference($0) < preference($1) })
        else { return nil }
        let alone = file.configurations.first { $0.method == chosen.method && $0.ranks == 1 }?.seconds
        let verdict: Recommendation.Verdict =
            if chosen.nodes > 1 {
                .severalMachines
            } else if chosen.ranks == 1 {
                .oneRank
            } else if file.machine.hosts.count > 1 {
                .oneMachine
            } else {
                .oneMachineTried
            }
        return Recommendation(
            verdict: verdict, method: chosen.method, ranks: chosen.ranks, nodes: chosen.nodes,
            command: command(file, chosen), seconds: chosen.seconds, confidence: confidence(file, chosen),
            speedup: alone.flatMap { alone in chosen.seconds.map { alone / $0 } })
    }

    /// The share of resampled pilots (each configuration's times drawn anew from those measured) in which `chosen` is at
    /// most a tenth slower than the fastest.
    package static func confidence(_ file: PilotFile, _ chosen: ConfigurationSummary, draws: Int = 2000) -> Double? {
        var generator = SeededGenerator(state: 1)
        let all = file.configurations.map { configuration in
            file.runs.filter { $0.method == configuration.method && $0.ranks == configuration.ranks }
                .compactMap(\.secondsToTarget)
        }
        guard
            let index = file.configurations.firstIndex(where: { $0.method == chosen.method && $0.ranks == chosen.ranks }
            ),
            all[index].count >= 3
        else { return nil }
        var right = 0
        for _ in 0..<draws {
            let medians = all.map { times in
                Statistics.median(times.map { _ in times.randomElement(using: &generator) ?? .infinity }) ?? .infinity
            }
            if medians[index] <= 1.1 * (medians.min() ?? .infinity) { right += 1 }
        }
        return Double(right) / Double(draws)
    }

    /// The command line that runs a configuration on all of the data.
    package static func command(_ file: PilotFile, _ configuration: ConfigurationSummary) -> [String] {
        (configuration.ranks > 1 ? ["mpirun", "-n", "\(configuration.ranks)"] : []) + ["crescendo", "train"]
            + file.trainOptions + configuration.options
    }
}
