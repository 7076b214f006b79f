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
            row(["method", "ranks", "runs", "median", "90 % interval", "core-hours", "comm/comp", "tuning", "score"]))
        for configuration in file.configurations { lines.append(row(cells(configuration))) }
        lines.append("")
        for (question, answers) in PilotAnswers(file: file).all { lines += [question] + answers.map { "  " + $0.text } }
        return lines.joined(separator: "\n")
    }

    private func cells(_ configuration: ConfigurationSummary) -> [String] {
        let interval = configuration.secondsLow.flatMap { low in
            configuration.secondsHigh.map { "\(NumberFormat.duration(low)) – \(NumberFormat.duration($0))" }
        }
        return [
            configuration.method.rawValue, "\(configuration.ranks)", "\(configuration.reached)/\(configuration.runs)",
            configuration.seconds.map(NumberFormat.duration) ?? "not reached", interval ?? "",
            configuration.coreHours.map { NumberFormat.significant($0, 2) } ?? "",
            configuration.communicationToComputation.map { NumberFormat.significant($0, 2) } ?? "",
            configuration.tuningRuns > 0
                ? "\(configuration.tuningRuns) runs, \(NumberFormat.duration(configuration.tuningSeconds))" : "",
            configuration.score ?? "",
        ]
    }

    private func row(_ cells: [String]) -> String {
        let widths = [8, 7, 7, 13, 20, 12, 11, 17, 0]
        var line = ""
        for (cell, width) in zip(cells, widths) {
            line += cell + String(repeating: " ", count: max(1, width - cell.count))
        }
        return String(line.reversed().drop { $0 == " " }.reversed())
    }

    private func percent(_ share: Double) -> String { NumberFormat.percent(share) }
}
