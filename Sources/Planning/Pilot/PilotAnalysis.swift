import BigBatch

/// From runs to configurations and advice: pure functions of `pilot.json`.
package enum PilotAnalysis {
    /// Fills in the target, the times to it, the configurations and the recommendation.
    package static func conclude(_ file: PilotFile) -> PilotFile {
        var file = file
        let objectives = file.runs.flatMap { run in run.curve.map(\.objective) + [run.objective].compactMap { $0 } }
        file.target.best = objectives.filter(\.isFinite).min() ?? .infinity
        file.target.objective = file.target.best + file.target.tolerance * abs(file.target.best)
        for index in file.runs.indices {
            let run = file.runs[index]
            // What was ended at the target of its time has reached it, though the target has moved a little since.
            file.runs[index].secondsToTarget =
                CurvePoint.seconds(to: file.target.objective, in: run.curve)
                ?? (run.stopReason == "target" ? run.seconds : nil)
        }
        file.configurations = configurations(file)
        let choice = Choice(file)
        for index in file.configurations.indices where index != choice.chosen {
            (file.configurations[index].standing, file.configurations[index].comparison) = choice.standing(index)
        }
        file.recommendation = recommendation(file, choice)
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
        let all = runs.map { $0.secondsToTarget ?? .infinity }
        let range = Statistics.nextTime(all)
        let median = Statistics.median(all).flatMap { $0.isFinite ? $0 : nil }
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
        summary.wholeSeconds = Statistics.median(
            runs.filter { $0.secondsToTarget != nil && $0.hasConverged }.map(\.seconds))
        summary.runLow = range?.lowerBound
        summary.runHigh = range?.upperBound
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

    /// What to run: `Choice` says which, and here it is said with its command.
    private static func recommendation(_ file: PilotFile, _ choice: Choice) -> Recommendation? {
        guard let index = choice.chosen else {
            guard let last = file.configurations.min(by: { ($0.objective ?? .infinity) < ($1.objective ?? .infinity) })
            else { return nil }
            return Recommendation(
                verdict: .undecided, method: last.method, ranks: last.ranks, nodes: last.nodes,
                command: command(file, last))
        }
        let chosen = file.configurations[index]
        let verdict: Recommendation.Verdict =
            if chosen.seconds == nil {
                .undecided
            } else if chosen.nodes > 1 {
                .severalMachines
            } else if chosen.ranks == 1 {
                .oneRank
            } else if file.machine.hosts.count > 1 {
                .oneMachine
            } else {
                .oneMachineTried
            }
        let speedup = chosen.ranks > 1 ? choice.ratioOfOneRank(to: index) : nil
        return Recommendation(
            verdict: verdict, method: chosen.method, ranks: chosen.ranks, nodes: chosen.nodes,
            command: command(file, chosen), seconds: chosen.seconds,
            speedup: speedup?.low == nil ? nil : speedup?.value, speedupLow: speedup?.low, speedupHigh: speedup?.high)
    }

    /// The command line that runs a configuration on all of the data.
    package static func command(_ file: PilotFile, _ configuration: ConfigurationSummary) -> [String] {
        (configuration.ranks > 1 ? ["mpirun", "-n", "\(configuration.ranks)"] : []) + ["crescendo", "train"]
            + file.trainOptions + configuration.options
    }
}

extension PilotRun {
    /// Its own rules ended it.
    fileprivate var hasConverged: Bool { StopReason(rawValue: stopReason)?.isConvergence == true }
}
