import Platform
import Telemetry

/// What the pilot knows, and what it does not.
extension PilotAnswers {
    /// Configurations that may be more than a tenth faster than the recommended one, the fastest first.
    func open(where isWanted: (ConfigurationSummary) -> Bool = { _ in true }) -> [ConfigurationSummary] {
        file.configurations.filter { $0.standing?.isOpen == true && isWanted($0) }.sorted {
            ($0.seconds ?? .infinity) < ($1.seconds ?? .infinity)
        }
    }

    /// What cannot be told, one sentence for each reason.
    package var doubts: [String] {
        guard let chosen = recommended, chosen.seconds != nil else { return [] }
        let found = open()
        func names(_ standing: Standing) -> String? {
            let names = found.filter { $0.standing == standing }.map(name)
            guard let last = names.last else { return nil }
            if names.count > 3 { return names.prefix(2).joined(separator: ", ") + " and \(names.count - 2) others" }
            return names.count == 1 ? last : names.dropLast().joined(separator: ", ") + " and " + last
        }
        var lines: [String] = []
        if let others = names(.unknown) {
            lines.append("Cannot tell: \(name(chosen)) and \(others) differ by less than their noise.")
        }
        lines += found.filter { $0.standing == .overlapping }.prefix(3).map { other in
            let times = other.comparison.flatMap { ratio in
                ratio.range.map { "\(NumberFormat.significant(ratio.value, 2)) times as long (\($0))" }
            }
            return
                "Cannot tell for a single run: \(name(other)) takes \(times ?? "less time") as \(name(chosen)) in pairs of "
                + "runs, but the ranges of their runs overlap."
        }
        if let others = names(.tooFewRuns) {
            lines.append("Cannot tell whether \(others) would be faster than \(name(chosen)): too few runs.")
        }
        if let others = names(.cutShort) {
            lines.append("Cannot tell whether \(others) would be faster: such runs were ended too early to say.")
        }
        return lines
    }

    var certainty: [String] {
        guard let chosen = recommended, chosen.seconds != nil else {
            let reached = file.configurations.filter { $0.seconds != nil }.map(name)
            guard let chosen = recommended, let first = reached.first else {
                return ["Not at all: no configuration was measured to its end."]
            }
            return [
                "Cannot tell whether \(first)\(reached.count > 1 ? " or another of \(reached.count) that reached the target" : "") "
                    + "would be faster than \(name(chosen)), the default: its runs were ended too early to say."
            ]
        }
        var lines = doubts
        let others = file.configurations.count - 1
        if lines.isEmpty, others > 0 {
            lines.append(
                "\(others == 1 ? "The other configuration is" : "None of the \(others) other configurations is") "
                    + "\(others == 1 ? "not " : "")more than \(NumberFormat.percent(Choice.resolution)) faster, with 90 %."
            )
        } else if !lines.isEmpty {
            lines.append(
                "Recommended is what leaves least to choose, unless another is faster beyond noise. A larger --budget allows "
                    + "more runs.")
        }
        lines.append(runs(chosen))
        if let forecast {
            lines.append(
                "The prediction for other numbers of ranks is \(NumberFormat.percent(forecast.fitError)) off where it was "
                    + "measured, and less sure the farther away.")
            lines += forecast.notes.map { "Note: \($0)." }
        } else if let misfit {
            lines.append(misfit.description)
        }
        if isSample {
            lines.append(
                "The pilot saw \(NumberFormat.percent(Double(file.data.sampleRows) / Double(file.data.rows))) of the rows; "
                    + "with all rows, larger batches and more ranks pay rather more.")
        }
        if file.budget.wasInterrupted { lines.append("The pilot was interrupted: it has seen less than it should.") }
        return lines
    }

    private func runs(_ chosen: ConfigurationSummary) -> String {
        guard let low = chosen.runLow, let high = chosen.runHigh else {
            return "The time of a run rests on \(chosen.noInterval)."
        }
        return "From \(chosen.runs) runs, each with the rows in another order: nine of ten further ones take "
            + "\(NumberFormat.duration(low)) to \(NumberFormat.duration(high)) on machines as busy as these."
    }

    /// "1.3 times as long (1.1 to 1.5)", and what is not known of it.
    func factor(_ other: ConfigurationSummary, _ change: Double) -> String {
        guard let ratio = other.comparison, let range = ratio.range else {
            return "\(NumberFormat.significant(change, 2)) times as long (\(other.noInterval))"
        }
        let text = "\(NumberFormat.significant(ratio.value, 2)) times as long (\(range))"
        return other.standing == .unknown ? text + ": cannot tell" : text
    }
}

extension Ratio {
    /// "1.1 to 1.5"; nil: too few runs.
    var range: String? {
        low.flatMap { low in
            high.map { "\(NumberFormat.significant(low, 2)) to \(NumberFormat.significant($0, 2))" }
        }
    }
}

extension ConfigurationSummary {
    /// Where further runs lie, or why that is not known: "4.1 ms – 6.8 ms", "one run, no interval".
    package var interval: String {
        runLow.flatMap { low in
            runHigh.map { "\(NumberFormat.duration(low)) – \(NumberFormat.duration($0))" }
        } ?? noInterval
    }

    var noInterval: String {
        if runs >= Statistics.leastRuns, reached < runs { return "\(reached) of \(runs) runs, no interval" }
        return "\(runs == 1 ? "one run" : "\(runs) runs"), no interval"
    }
}
