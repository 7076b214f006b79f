import BigBatch
import Pages
import Platform
import Telemetry

/// What is written of a measurement: a table, three plots and a JSON document.
struct Report {
    let measurements: [Measurement]
    /// Gradient descent on a finer grid than that of the table.
    let fine: Tuning
    let seeds: [UInt64]
    let passes: Double
    let rows: Int
    let features: Int
    let ranks: Int
    let threads: Int
    let seconds: Double

    func write(to folder: String) throws {
        try AtomicFile.write(table, to: folder + "/paper-covertype.txt")
        try AtomicFile.write(json.indentedText, to: folder + "/paper-covertype.json")
        for (name, plot) in plots { try AtomicFile.write(plot.svg, to: folder + "/paper-covertype-\(name).svg") }
    }

    var allPass: Bool { measurements.allSatisfy { $0.holds ?? true } }

    var table: String {
        var lines = [
            "COVERTYPE, logistic, z-score, λ = 0, no intercept: \(NumberFormat.count(rows)) rows × \(features) features",
            "‖∇ℓ‖ over all rows after \(NumberFormat.significant(passes, 3)) passes; seeds "
                + seeds.map(String.init).joined(separator: ", ")
                + "; \(ranks) ranks × \(threads) threads; \(NumberFormat.duration(seconds))",
            "",
            row("method", "settings", "‖∇ℓ‖", "ratio", "worst", "paper", ""),
        ]
        for measurement in measurements {
            lines.append(
                row(
                    measurement.method.name, measurement.settings.text,
                    NumberFormat.significant(measurement.medianNorm, 3),
                    NumberFormat.fixed(measurement.medianRatio, 3), NumberFormat.fixed(measurement.worstRatio, 3),
                    NumberFormat.fixed(measurement.method.paperRatio, 2),
                    measurement.holds.map { $0 ? "holds" : "MISSED" } ?? "baseline"))
            if measurement.tuning?.isAtEdge == true { lines.append("  (best setting at the edge of its grid)") }
        }
        lines += [
            "",
            "‖∇ℓ‖: median of the seeds. ratio: to tuned gradient descent of the same seed, median and worst. "
                + "paper: the ratio in its Figure 1.",
        ]
        lines.append(fineLine)
        return lines.joined(separator: "\n") + "\n"
    }

    /// What the ratios would be against gradient descent with a step tuned to within 9 %.
    private var fineLine: String {
        let ratios = measurements.filter { $0.method.target != nil }.map {
            $0.method.name + " " + NumberFormat.fixed($0.medianNorm / fine.best.norm, 3)
        }
        return "Gradient descent on a grid of factor 2^(1/8): \(NumberFormat.significant(fine.best.norm, 3)) at "
            + "\(fine.best.settings.text); ratios to that: " + ratios.joined(separator: "; ") + "."
    }

    private func row(_ cells: String...) -> String {
        let widths = [24, 26, 10, 8, 8, 8, 0]
        var line = ""
        for (cell, width) in zip(cells, widths) {
            line += cell + String(repeating: " ", count: max(cell.isEmpty ? 0 : 1, width - cell.count))
        }
        return String(line.reversed().drop { $0 == " " }.reversed())
    }

    var plots: [(name: String, plot: SVGPlot)] {
        func plot(
            _ title: String, _ label: String, _ interpolation: SVGPlot.Series.Interpolation,
            _ points: (Curves) -> [(x: Double, y: Double)]
        ) -> SVGPlot {
            SVGPlot(
                title: title, xLabel: "passes (gradients of N samples)", yLabel: label, yScale: .logarithmic,
                series: measurements.map {
                    SVGPlot.Series(
                        name: $0.method.name, points: points($0.curves), interpolation: interpolation,
                        isDashed: $0.method.target == nil)
                })
        }
        return [
            ("gradient-norm", plot("Gradient norm, COVERTYPE", "‖∇ℓ‖ over all rows", .straight, \.norms)),
            ("batch-size", plot("Batch size, COVERTYPE", "batch size K", .steps, \.batchSizes)),
            ("step-size", plot("Step size, COVERTYPE", "step size α", .steps, \.stepSizes)),
        ]
    }

    private var json: JSON {
        .object([
            ("data", .string("covtype.binary.scale")),
            ("rows", .integer(rows)),
            ("features", .integer(features)),
            ("passes", .number(passes)),
            ("seeds", .array(seeds.map { .integer(Int($0)) })),
            ("ranks", .integer(ranks)),
            ("threads", .integer(threads)),
            ("seconds", .number(seconds)),
            ("fineGridOfGradientDescent", fine.json),
            ("methods", .object(measurements.map { ($0.method.rawValue, $0.json) })),
        ])
    }
}

extension Settings {
    /// "α = 2, γ = 0.3"; "α found by the run".
    var text: String {
        guard let step else { return "none" }
        let decayText = decay.map { ", γ = " + NumberFormat.significant($0, 3) } ?? ""
        return "α = " + NumberFormat.significant(step, 3) + decayText
    }

    fileprivate var json: JSON {
        .object([
            ("step", step.map { .number($0) } ?? .null),
            ("decay", decay.map { .number($0) } ?? .null),
        ])
    }
}

extension Tuning {
    fileprivate var json: JSON {
        .array(trials.map { .object([("settings", $0.settings.json), ("norm", .number($0.norm))]) })
    }
}

extension Measurement {
    fileprivate var json: JSON {
        var members: [(key: String, value: JSON)] = [
            ("settings", settings.json),
            ("norms", .array(outcomes.map { .number($0.norm) })),
            ("ratios", .array(ratios.map { .number($0) })),
            ("medianRatio", .number(medianRatio)),
            ("worstRatio", .number(worstRatio)),
            ("paperRatio", .number(method.paperRatio)),
            ("target", method.target.map { .number($0) } ?? .null),
            ("holds", holds.map { .bool($0) } ?? .null),
            ("passes", .array(outcomes.map { .number($0.passes) })),
            ("iterations", .array(outcomes.map { .integer($0.iterations) })),
            ("stopReasons", .array(outcomes.map { .string($0.reason.rawValue) })),
            ("seconds", .number(seconds)),
        ]
        if let tuning { members.append(("grid", tuning.json)) }
        members.append(("curve", .array(curves.norms.map { .array([.number($0.x), .number($0.y)]) })))
        return .object(members)
    }
}
