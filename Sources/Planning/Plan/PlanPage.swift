import Pages
import Platform
import Telemetry

/// A forecast as parts of a page.
package struct ForecastBlocks {
    package let forecast: Forecast

    package var blocks: [Document.Block] {
        let rows = forecast.rows
        func curve(_ name: String, _ value: (Prediction) -> Double?) -> (name: String, points: [(x: Double, y: Double)])
        {
            (name, rows.compactMap { row in value(row).map { (x: Double(row.ranks), y: $0) } })
        }
        var curves = [curve("predicted", { $0.seconds })]
        if rows.contains(where: { $0.low != nil }) {
            curves.append(curve("lower end of the interval that holds nine of ten runs", { $0.low }))
            curves.append(curve("upper end of that interval", { $0.high }))
        }
        let measured = curve("measured (median)", { $0.measured })
        if !measured.points.isEmpty { curves.append(measured) }
        return [
            .lead(forecast.sentence),
            .chart(
                Document.Plot(
                    title: "Time of a run, \(forecast.method.rawValue)", xLabel: "ranks", yLabel: "seconds",
                    curves: curves, isLogarithmic: (x: true, y: true),
                    note:
                        "From the cost of a row, the batches that the runs took (they do not depend on the number of ranks) "
                        + "and the measured latency and bandwidth of the network. Reading the data is not included.")),
            .table(table),
            .note(
                "Speedup is against one rank; efficiency is speedup over ranks. The interval holds the time of a run in nine of "
                    + "ten cases if the network scales as assumed; every doubling beyond what was measured adds "
                    + "\(NumberFormat.percent(Forecast.extrapolation)) of uncertainty. The fit is "
                    + "\(NumberFormat.percent(forecast.fitError)) off where it was measured, at most."),
        ]
    }

    private var table: Document.Table {
        let hasCost = forecast.rows.contains { $0.cost != nil }
        var head = ["ranks", "nodes", "time", "nine of ten runs", "speedup", "efficiency", "in communication"]
        head.append("core time")
        if hasCost { head.append("cost") }
        head.append("measured")
        let rows = forecast.rows.map { row -> [String] in
            var cells = [NumberFormat.count(row.ranks), NumberFormat.count(row.nodes)]
            cells.append(NumberFormat.duration(row.seconds))
            cells.append(row.interval ?? "too few runs")
            cells.append(NumberFormat.significant(row.speedup, 3))
            cells.append(NumberFormat.percent(row.efficiency))
            cells.append(NumberFormat.percent(row.communication))
            cells.append(NumberFormat.coreTime(hours: row.coreHours))
            if hasCost { cells.append(row.cost.map(NumberFormat.money) ?? "–") }
            cells.append(row.measured.map(NumberFormat.duration) ?? "–")
            return cells
        }
        return Document.Table(label: "The forecast in figures", head: head, rows: rows, textColumns: 0)
    }
}

/// The page of `plan --html`.
package struct PlanPage {
    package let forecast: Forecast
    package let file: PilotFile

    package init(forecast: Forecast, file: PilotFile) {
        self.forecast = forecast
        self.file = file
    }

    package var html: String {
        let name = file.data.files.first.map { $0.split(separator: "/").last.map(String.init) ?? $0 } ?? "data"
        return Document(
            title: "Plan for \(name)", summary: ["\(forecast.method.rawValue): \(forecast.method.name)."], figures: [],
            sections: [
                Document.Section(
                    title: "Time and cost by the number of ranks", name: "Time and cost",
                    blocks: ForecastBlocks(forecast: forecast).blocks
                        + (forecast.notes + [forecast.missing].compactMap { $0 }).map { .note("Note: \($0).") })
            ], footer: "Written by Crescendo \(file.version) from a pilot of \(file.finished)."
        ).html
    }
}
