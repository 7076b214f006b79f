import Platform
import Telemetry

/// The five questions that a pilot answers, in plain words.
package struct PilotAnswers {
    package let file: PilotFile
    package let forecast: Forecast?
    /// Why there is no forecast although several numbers of ranks were measured.
    package let misfit: MisfitError?

    package init(file: PilotFile) {
        self.file = file
        do {
            forecast = try Forecast(file)
            misfit = nil
        } catch {
            forecast = nil
            misfit = error as? MisfitError
        }
    }

    package enum Answer: Equatable {
        case text(String)
        /// A command line.
        case command(String)

        package var text: String {
            switch self {
            case .text(let text), .command(let text): text
            }
        }
    }

    package var all: [(question: String, answers: [Answer])] {
        [
            ("Is it worth more nodes?", worth.map { .text($0) }), ("What does it cost?", cost.map { .text($0) }),
            ("How sure is this?", certainty.map { .text($0) }), ("What to run?", whatToRun),
            ("What if not?", otherwise.map { .text($0) }),
        ]
    }

    var recommended: ConfigurationSummary? {
        file.recommendation.flatMap { advice in
            file.configurations.first { $0.method == advice.method && $0.ranks == advice.ranks }
        }
    }

    /// "4 ranks on 2 nodes".
    private func place(_ ranks: Int, _ nodes: Int) -> String {
        let text = "\(ranks) rank\(ranks == 1 ? "" : "s")"
        if file.machine.hosts.count == 1 { return text }
        return nodes > 1 ? "\(text) on \(nodes) nodes" : "\(text) on one machine"
    }

    func name(_ configuration: ConfigurationSummary) -> String {
        "\(configuration.method.rawValue) on \(place(configuration.ranks, configuration.nodes))"
    }

    var isSample: Bool { file.data.sampleRows < file.data.rows }

    private var worth: [String] {
        guard let advice = file.recommendation, let chosen = recommended else { return ["The pilot measured nothing."] }
        var lines: [String] = []
        switch advice.verdict {
        case .undecided:
            let who = file.configurations.contains { $0.seconds != nil } ? "\(name(chosen)), the default," : "no run"
            lines.append(
                "Not known: \(who) \(who == "no run" ? "came" : "did not come") to the target within the budget. Give the "
                    + "pilot a larger --budget.")
        case .oneRank:
            if !open(where: { $0.ranks > 1 }).isEmpty {
                lines.append(
                    "Cannot tell whether more than one rank pays, for the reasons below. One rank is recommended, as it is "
                        + "the least.")
            } else if file.machine.ranks > 1 {
                lines.append(
                    "No. One rank is enough: no number of ranks that was tried is more than "
                        + "\(NumberFormat.percent(Choice.resolution)) faster.")
            } else {
                lines.append("Not known: this pilot had one rank.")
            }
            if let others = otherRanks(chosen) { lines.append(others) }
        case .oneMachine, .oneMachineTried, .severalMachines:
            let (ranks, nodes) = (chosen.ranks, chosen.nodes)
            let doubtful = open(where: { ($0.nodes, $0.ranks) > (nodes, ranks) })
            let isPlaceSure = doubtful.isEmpty
            switch (advice.verdict, isPlaceSure) {
            case (.oneMachine, true): lines.append("No. One machine is enough: \(place(ranks, 1)).")
            case (.severalMachines, true): lines.append("Yes: \(place(ranks, nodes)) pay.")
            case (_, true): lines.append("On one machine, \(ranks) ranks pay.")
            default:
                lines.append(
                    "\(place(ranks, nodes)) pay; cannot tell whether \(place(doubtful[0].ranks, doubtful[0].nodes)) pay "
                        + "more, for the reasons below.")
            }
        }
        if chosen.ranks > 1 { lines.append(speedup(advice, chosen)) }
        if let forecast { lines.append("By the forecast: \(forecast.sentence)") }
        if let notTried { lines.append(notTried) }
        return lines
    }

    private func speedup(_ advice: Recommendation, _ chosen: ConfigurationSummary) -> String {
        guard let speedup = advice.speedup, let low = advice.speedupLow, let high = advice.speedupHigh else {
            return "How many times as fast as one rank they are is not known: too few runs."
        }
        return "They are \(NumberFormat.significant(speedup, 2)) times as fast as one rank "
            + "(\(NumberFormat.significant(low, 2)) to \(NumberFormat.significant(high, 2)) with 90 %; the ideal is "
            + "\(chosen.ranks))."
    }

    /// All that was not tried, in one sentence; nil: nothing.
    private var notTried: String? {
        var parts: [String] = []
        if file.machine.ranks == 1 { parts.append("more than one rank") }
        if file.machine.hosts.count == 1 { parts.append("several nodes") }
        let missing = PilotMethod.allCases.filter { method in !file.configurations.contains { $0.method == method } }
        if !missing.isEmpty {
            parts.append("the ways to train \(missing.map(\.rawValue).joined(separator: ", "))")
        }
        guard !parts.isEmpty else { return nil }
        return "Not tried: \(parts.joined(separator: "; "))."
            + (file.machine.hosts.count == 1 ? " For more ranks or nodes, start the pilot on them." : "")
    }

    /// "1 rank takes 11.2 s; the fastest on 2 ranks takes 13 times as long, on 4 ranks 18 times."
    private func otherRanks(_ chosen: ConfigurationSummary) -> String? {
        guard let seconds = chosen.seconds else { return nil }
        let others = Set(file.configurations.map(\.ranks)).subtracting([chosen.ranks]).sorted().compactMap {
            ranks -> String? in
            let times = file.configurations.filter { $0.ranks == ranks }.compactMap(\.seconds)
            return times.min().map { "on \(ranks) ranks \(NumberFormat.significant($0 / seconds, 2)) times" }
        }
        guard !others.isEmpty else { return nil }
        return "One rank takes \(NumberFormat.duration(seconds)); the fastest way to train takes "
            + "\(others.joined(separator: ", ")) as long."
    }

    private var cost: [String] {
        guard let chosen = recommended, let seconds = chosen.seconds, let hours = chosen.coreHours else {
            return ["Not known: nothing reached the target."]
        }
        let whole =
            chosen.wholeSeconds.map {
                ", and \(NumberFormat.duration(max($0, seconds))) until it has made sure of it and stops"
            } ?? ""
        var lines = [
            "A run takes \(NumberFormat.duration(seconds)) to the target\(whole), reading the data not included "
                + "(\(NumberFormat.duration(file.budget.loadSeconds)) in the pilot). That is "
                + "\(NumberFormat.coreTime(hours: hours)) to the target, cores times time, to which the energy is proportional."
        ]
        if file.budget.loadSeconds > seconds {
            lines.append(
                "Reading the data takes longer than training on it: faster training hardly shortens the whole. For many runs "
                    + "on the same data, crescendo train --cache keeps it ready.")
        }
        if isSample {
            lines.append(
                "This is for the \(NumberFormat.count(file.data.sampleRows)) rows of the pilot; all "
                    + "\(NumberFormat.count(file.data.rows)) take up to "
                    + "\(NumberFormat.significant(Double(file.data.rows) / Double(file.data.sampleRows), 2)) times as much."
            )
        }
        if chosen.tuningRuns > 0 {
            lines.append(
                "Its settings took \(chosen.tuningRuns) tuning runs of \(NumberFormat.duration(chosen.tuningSeconds)) in all, "
                    + "which other data will need again.")
        } else {
            lines.append("It needs no tuning.")
        }
        if let total = chosen.totalCost {
            var parts: [String] = []
            if let run = chosen.runCost {
                let nodes = "\(chosen.nodes) node\(chosen.nodes == 1 ? "" : "s")"
                let nodeHours = PilotAnalysis.hours(file.budget.loadSeconds) * Double(chosen.nodes)
                let reading = nodeHours * (file.money.price ?? 0)
                parts.append(
                    "\(NumberFormat.money(run)) for a run (\(nodes), whole nodes are paid; reading the data adds "
                        + "\(NumberFormat.money(reading)))")
            }
            if let tuning = chosen.tuningCost, tuning > 0 {
                parts.append("\(NumberFormat.money(tuning)) for the machines while tuning")
            }
            if let person = chosen.personCost, person > 0 {
                parts.append(
                    "\(NumberFormat.money(person)) for a person's tuning (an assumed "
                        + "\(NumberFormat.significant(file.money.tuningHours, 3)) h, --tuning-hours)")
            }
            // A sum of one part is that part.
            let sum = parts.count == 1 ? "" : NumberFormat.money(total) + (parts.isEmpty ? "" : ": ")
            lines.append("In money: \(sum)\(parts.joined(separator: ", ")).")
        } else {
            lines.append("Give --price and --hourly-wage to see it in money.")
        }
        return lines
    }

    private var whatToRun: [Answer] {
        guard let advice = file.recommendation else { return [] }
        var answers: [Answer] = [.command(ShellWord.quoted(advice.command))]
        answers.append(.text("The way to train is \(advice.method.rawValue): \(advice.method.name)."))
        if advice.verdict == .undecided {
            answers.append(.text("This came nearest to the target, on whatever it was tried."))
        }
        if file.machine.hosts.count > 1 {
            let perNode = max(1, (advice.ranks + advice.nodes - 1) / advice.nodes)
            let train = advice.command.drop { $0 != "train" }
            answers.append(.text("As a batch job of Slurm:"))
            answers.append(
                .command(
                    ShellWord.quoted(
                        ["crescendo", "submit", "--nodes", "\(advice.nodes)", "--ranks-per-node", "\(perNode)"] + train)
                ))
        }
        return answers
    }

    private var otherwise: [String] {
        guard let chosen = recommended, let seconds = chosen.seconds else { return ["A larger budget decides."] }
        func compare(_ other: ConfigurationSummary, _ words: String) -> String? {
            guard other.method != chosen.method || other.ranks != chosen.ranks else { return nil }
            guard let time = other.seconds else {
                guard other.reached == 0 else {
                    return "\(words), \(name(other)): \(other.reached) of \(other.runs) runs reached the target."
                }
                let longest = file.runs.filter { $0.method == other.method && $0.ranks == other.ranks }.map(\.seconds)
                    .max()
                return "\(words), \(name(other)): it did not reach the target"
                    + (longest.map { " in \(NumberFormat.duration($0))" } ?? "")
                    + (other.objective.map {
                        " (best objective \(NumberFormat.significant($0, 5)), target "
                            + "\(NumberFormat.significant(file.target.objective, 5)))"
                    } ?? "") + "."
            }
            var text = "\(words), \(name(other)): \(NumberFormat.duration(time)), \(factor(other, time / seconds))"
            if other.tuningRuns > 0 {
                text += ", after \(other.tuningRuns) tuning runs of \(NumberFormat.duration(other.tuningSeconds))"
            }
            if let mine = chosen.totalCost, let theirs = other.totalCost {
                let (cost, own) = (NumberFormat.money(theirs), NumberFormat.money(mine))
                text += cost == own ? "; costs as much (\(cost))" : "; costs \(cost) instead of \(own)"
                if let person = other.personCost, person > 0 {
                    text += ", \(NumberFormat.money(person)) of it for a person's tuning"
                }
            }
            return text + "."
        }
        func best(_ isWanted: (ConfigurationSummary) -> Bool) -> ConfigurationSummary? {
            file.configurations.filter(isWanted).min {
                ($0.seconds ?? .infinity, $0.objective ?? .infinity) < (
                    $1.seconds ?? .infinity, $1.objective ?? .infinity
                )
            }
        }
        var lines: [String?] = []
        if let one = best({ $0.ranks == 1 }) { lines.append(compare(one, "On one rank")) }
        if let all = best({ $0.ranks == file.machine.ranks }) { lines.append(compare(all, "On all ranks")) }
        if let sgd = best({ $0.method == .sgd }) { lines.append(compare(sgd, "With small-batch SGD")) }
        if let large = best({ $0.method == .large }) { lines.append(compare(large, "With a large constant batch")) }
        if chosen.method != .auto, let auto = best({ $0.method == .auto }) {
            lines.append(compare(auto, "With nothing to tune"))
        }
        var found: [String] = []
        for line in lines.compactMap({ $0 }) where !found.contains(line) { found.append(line) }
        return found.isEmpty ? ["There is no other choice among those tried."] : found
    }
}
