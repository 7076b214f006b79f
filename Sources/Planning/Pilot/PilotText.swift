import Platform
import Telemetry

/// What a pilot says in words; the page says the same with pictures.
package struct PilotText {
    package let file: PilotFile

    package init(file: PilotFile) {
        self.file = file
    }

    package var text: String {
        var lines = ["time to an objective within \(percent(file.target.tolerance)) of the best seen", ""]
        lines.append(
            row([
                "method", "ranks", "runs", "median", "9 of 10 runs", "times", "core time", "comm/comp", "tuning",
                "score",
            ]))
        for configuration in file.configurations { lines.append(row(cells(configuration))) }
        lines += [
            "", "× is the time over that of the recommended; with ? too few runs or too much noise to tell them apart",
            "",
        ]
        for (question, answers) in PilotAnswers(file: file).all { lines += [question] + answers.map { "  " + $0.text } }
        return lines.joined(separator: "\n")
    }

    private func cells(_ configuration: ConfigurationSummary) -> [String] {
        return [
            configuration.method.rawValue, "\(configuration.ranks)", "\(configuration.reached)/\(configuration.runs)",
            configuration.seconds.map(NumberFormat.duration) ?? "not reached",
            configuration.seconds == nil ? "" : configuration.interval, comparison(configuration),
            configuration.coreHours.map(NumberFormat.coreTime) ?? "",
            configuration.communicationToComputation.map { NumberFormat.significant($0, 2) } ?? "",
            configuration.tuningRuns > 0
                ? "\(configuration.tuningRuns) runs, \(NumberFormat.duration(configuration.tuningSeconds))" : "",
            configuration.score ?? "",
        ]
    }

    /// "1.3 ×", and "1.1 × ?" where it cannot be told apart.
    private func comparison(_ configuration: ConfigurationSummary) -> String {
        guard let ratio = configuration.comparison else { return configuration.standing == nil ? "recommended" : "" }
        let text = "\(NumberFormat.significant(ratio.value, 2)) ×"
        return configuration.standing?.isOpen == true ? text + " ?" : text
    }

    private func row(_ cells: [String]) -> String {
        let widths = [8, 7, 9, 13, 24, 14, 24, 11, 17, 0]
        var line = ""
        for (cell, width) in zip(cells, widths) {
            line += cell + String(repeating: " ", count: max(1, width - cell.count))
        }
        return String(line.reversed().drop { $0 == " " }.reversed())
    }

    private func percent(_ share: Double) -> String { NumberFormat.percent(share) }
}
