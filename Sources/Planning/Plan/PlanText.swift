import Platform
import Telemetry

/// What `plan` prints.
package struct PlanText {
    package let forecast: Forecast

    package init(forecast: Forecast) {
        self.forecast = forecast
    }

    package var text: String {
        let hasCost = forecast.rows.contains { $0.cost != nil }
        var lines = [
            "\(forecast.method.rawValue): \(forecast.method.name); \(forecast.ranksPerNode) rank"
                + "\(forecast.ranksPerNode == 1 ? "" : "s") on a node",
            "",
            row(
                ["ranks", "nodes", "time", "9 of 10 runs", "speedup", "efficiency", "communication", "core time"]
                    + (hasCost ? ["cost"] : []) + ["measured"], hasCost),
        ]
        lines += forecast.rows.map { prediction in
            row(
                [
                    NumberFormat.count(prediction.ranks), NumberFormat.count(prediction.nodes),
                    NumberFormat.duration(prediction.seconds),
                    prediction.interval ?? "too few runs",
                    NumberFormat.significant(prediction.speedup, 3), NumberFormat.percent(prediction.efficiency),
                    NumberFormat.percent(prediction.communication), NumberFormat.coreTime(hours: prediction.coreHours),
                ] + (hasCost ? [prediction.cost.map(NumberFormat.money) ?? ""] : [])
                    + [prediction.measured.map(NumberFormat.duration) ?? ""], hasCost)
        }
        lines += ["", forecast.sentence]
        lines.append(
            "The fit is \(NumberFormat.percent(forecast.fitError)) off where it was measured, at most."
        )
        lines += (forecast.notes + [forecast.missing].compactMap { $0 }).map { "Note: " + $0 + "." }
        return lines.joined(separator: "\n")
    }

    private func row(_ cells: [String], _ hasCost: Bool) -> String {
        let widths = [7, 7, 12, 24, 9, 12, 15, 24] + (hasCost ? [9] : []) + [0]
        var line = ""
        for (cell, width) in zip(cells, widths) {
            line += cell + String(repeating: " ", count: max(1, width - cell.count))
        }
        return String(line.reversed().drop { $0 == " " }.reversed())
    }
}

extension Prediction {
    /// "4.1 ms – 6.8 ms"; nil: too few runs.
    var interval: String? {
        low.flatMap { low in high.map { "\(NumberFormat.duration(low)) – \(NumberFormat.duration($0))" } }
    }
}

extension Forecast {
    /// Where more ranks stop paying.
    package var sentence: String {
        let meaning =
            "a doubling pays when it makes the run \(NumberFormat.significant(Self.payingFactor, 3)) times as fast"
        let end = fastest.map { "; the shortest time is at \(NumberFormat.count($0)) rank\($0 == 1 ? "" : "s")" } ?? ""
        guard let payingUpTo else { return "More than 1 rank does not pay: \(meaning)\(end)." }
        let nodes = (payingUpTo + ranksPerNode - 1) / ranksPerNode
        let place =
            "\(NumberFormat.count(payingUpTo)) ranks (\(NumberFormat.count(nodes)) node\(nodes == 1 ? "" : "s"))"
        if isOpen { return "More ranks pay up to \(place) at least, as far as can be predicted: \(meaning)." }
        return "More ranks pay up to \(place): \(meaning)\(end)."
    }
}
