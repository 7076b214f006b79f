import Pages
import Platform
import Telemetry

/// `pilot.html`: the five questions and their answers, then what they rest on.
package struct PilotPage {
    package let file: PilotFile
    private let answers: PilotAnswers

    package init(file: PilotFile) {
        self.file = file
        answers = PilotAnswers(file: file)
    }

    package var html: String {
        let name = file.data.files.first.map { $0.split(separator: "/").last.map(String.init) ?? $0 } ?? "data"
        var sections = answers.all.map { question, answers in
            Document.Section(
                title: question, name: question,
                blocks: answers.enumerated().map { index, answer in
                    switch answer {
                    case .command(let line): .command(line)
                    case .text(let text): index == 0 ? .lead(text) : .paragraph(text)
                    }
                })
        }
        sections.append(measured)
        sections.append(onTheWay)
        if let forecast = answers.forecast {
            sections.append(
                Document.Section(
                    title: "Other numbers of ranks", name: "Other numbers of ranks",
                    blocks: ForecastBlocks(forecast: forecast).blocks))
        } else if let misfit = answers.misfit {
            sections.append(
                Document.Section(
                    title: "Other numbers of ranks", name: "Other numbers of ranks",
                    blocks: [.lead(misfit.description)]))
        }
        sections.append(method)
        return Document(
            title: "Pilot on \(name)", summary: summary, figures: figures, sections: sections,
            footer: "Written by Crescendo \(file.version), \(file.finished)."
        ).html
    }

    private var summary: [String] {
        [answers.all[0].answers.first?.text, answers.all[1].answers.first?.text, answers.doubts.first].compactMap { $0 }
    }

    private var figures: [(name: String, value: String)] {
        guard let advice = file.recommendation else { return [] }
        var figures = [
            ("way to train", advice.method.rawValue), ("ranks", "\(advice.ranks)"), ("nodes", "\(advice.nodes)"),
        ]
        if let seconds = advice.seconds { figures.append(("time of a run", NumberFormat.duration(seconds))) }
        if let speedup = advice.speedup, advice.ranks > 1 {
            figures.append(("times as fast as one rank", NumberFormat.significant(speedup, 3)))
        }
        return figures.map { (name: $0.0, value: $0.1) }
    }

    private func isChosen(_ configuration: ConfigurationSummary) -> Bool {
        configuration.method == file.recommendation?.method && configuration.ranks == file.recommendation?.ranks
    }

    private var measured: Document.Section {
        let reached = file.configurations.filter { $0.seconds != nil }.sorted {
            ($0.seconds ?? 0) < ($1.seconds ?? 0)
        }
        let rows = reached.compactMap { configuration -> Document.Intervals.Row? in
            guard let middle = configuration.seconds else { return nil }
            let (low, high) = (configuration.runLow ?? middle, configuration.runHigh ?? middle)
            let isBare = configuration.runLow == nil
            return Document.Intervals.Row(
                label:
                    "\(configuration.method.rawValue) on \(configuration.ranks) rank\(configuration.ranks == 1 ? "" : "s")",
                low: low, middle: middle, high: high,
                text: NumberFormat.duration(middle) + (isBare ? ", \(configuration.interval)" : ""),
                isMarked: isChosen(configuration))
        }
        return Document.Section(
            title: "What was measured", name: "Measured",
            blocks: [
                .note(
                    "Time until the objective (mean loss on the training rows, with the penalty) is within "
                        + "\(NumberFormat.percent(file.target.tolerance)) of the lowest that any run has seen, "
                        + "\(NumberFormat.significant(file.target.best, 6)). Dot: median of the runs; line: where nine of "
                        + "ten further runs lie, by Student's t of their logarithms, from 19 runs on by their ranks; none for "
                        + "fewer than three runs. In colour: what is recommended."),
                .note(PilotMethod.allCases.map { "\($0.rawValue): \($0.name)" }.joined(separator: "; ") + "."),
                .intervals(
                    Document.Intervals(title: "Time to the target", xLabel: "seconds, fastest first", rows: rows)),
                .table(table),
                .note(
                    "Times as long: of the recommended configuration, by runs that met the rows in the same order where there are "
                        + "three such pairs; the intervals of all hold together with 90 %. What is not slower beyond noise is "
                        + "not told apart. Core time is ranks × threads × time, of one run without its tuning. Communication over computation is "
                        + "the time spent in communication, waiting for other ranks included, over all other time. Score: on "
                        + "\(NumberFormat.count(file.data.validationRows)) rows held back."),
            ] + tuning)
    }

    private var table: Document.Table {
        let hasCost = file.configurations.contains { $0.totalCost != nil }
        var head = ["way to train", "ranks", "nodes", "reached / runs", "median time", "nine of ten runs"]
        head += ["times as long", "core time", "communication / computation", "tuning runs", "time of tuning"]
        if hasCost { head.append("cost, tuning included") }
        head += ["best objective", "score"]
        let rows = file.configurations.map { cells($0, hasCost: hasCost) }
        return Document.Table(label: "All configurations in figures", head: head, rows: rows)
    }

    private func cells(_ configuration: ConfigurationSummary, hasCost: Bool) -> [String] {
        var cells: [String] = []
        cells.append(configuration.method.rawValue + (isChosen(configuration) ? " (recommended)" : ""))
        cells.append("\(configuration.ranks)")
        cells.append("\(configuration.nodes)")
        cells.append("\(configuration.reached) / \(configuration.runs)")
        cells.append(configuration.seconds.map(NumberFormat.duration) ?? "not reached")
        cells.append(configuration.seconds == nil ? "–" : configuration.interval)
        cells.append(comparison(configuration))
        cells.append(configuration.coreHours.map(NumberFormat.coreTime) ?? "–")
        cells.append(short(configuration.communicationToComputation))
        cells.append("\(configuration.tuningRuns)")
        cells.append(configuration.tuningRuns > 0 ? NumberFormat.duration(configuration.tuningSeconds) : "–")
        if hasCost { cells.append(configuration.totalCost.map(NumberFormat.money) ?? "–") }
        cells.append(short(configuration.objective, 6))
        // "accuracy 0.757" of "accuracy 0.757, log loss 0.512".
        cells.append(configuration.score.flatMap { $0.split(separator: ",").first.map(String.init) } ?? "–")
        return cells
    }

    private func comparison(_ configuration: ConfigurationSummary) -> String {
        guard let ratio = configuration.comparison else { return "–" }
        let value = NumberFormat.significant(ratio.value, 2)
        guard let range = ratio.range else { return "\(value), no interval" }
        return "\(value) (\(range))" + (configuration.standing == .unknown ? ", cannot tell" : "")
    }

    private func short(_ value: Double?, _ digits: Int = 2) -> String {
        value.map { NumberFormat.significant($0, digits) } ?? "–"
    }

    private var tuning: [Document.Block] {
        file.tuning.map { tuning in
            let decay = tuning.chosen.decay.map { ", decay \(NumberFormat.significant($0, 3))" } ?? ""
            return .note(
                "\(tuning.method.rawValue): \(tuning.runs) tuning runs on \(tuning.ranks) rank\(tuning.ranks == 1 ? "" : "s"), "
                    + "\(NumberFormat.duration(tuning.seconds)), found step size "
                    + "\(NumberFormat.significant(tuning.chosen.step, 3))\(decay).")
        }
    }

    /// The first run of each method on the recommended number of ranks.
    private var onTheWay: Document.Section {
        let ranks = file.recommendation?.ranks ?? 1
        let curves = PilotMethod.allCases.compactMap { method -> (name: String, points: [(x: Double, y: Double)])? in
            guard
                let run = file.runs.first(where: { $0.method == method && $0.ranks == ranks && $0.number == 0 }),
                run.curve.count > 1
            else { return nil }
            let points = run.curve.map { (x: $0.seconds, y: ($0.objective - file.target.best) / abs(file.target.best)) }
            return ("\(method.rawValue): \(method.name)", points.filter { $0.y > 0 })
        }
        return Document.Section(
            title: "On the way to the target", name: "On the way",
            blocks: [
                .chart(
                    Document.Plot(
                        title: "Distance to the best objective, \(ranks) rank\(ranks == 1 ? "" : "s")",
                        xLabel: "seconds", yLabel: "relative distance", curves: curves,
                        isLogarithmic: (x: true, y: true), level: (at: file.target.tolerance, label: "target"),
                        note: "One run of each way to train, at some of its moments.")),
                .table(
                    Document.Table(
                        label: "The points of the picture", head: ["way to train", "seconds", "passes", "objective"],
                        rows: file.runs.filter { $0.ranks == ranks && $0.number == 0 }.flatMap { run in
                            run.curve.map {
                                [
                                    run.method.rawValue, NumberFormat.significant($0.seconds, 3),
                                    NumberFormat.significant($0.passes, 3), NumberFormat.significant($0.objective, 6),
                                ]
                            }
                        }, isFolded: true)),
            ])
    }

    private var method: Document.Section {
        let data = file.data
        let hosts = file.machine.hosts
        let spent =
            file.budget.unit == "seconds"
            ? "\(NumberFormat.duration(file.budget.spent)) of \(NumberFormat.duration(file.budget.amount))"
            : "\(NumberFormat.significant(file.budget.spent, 3)) of \(NumberFormat.significant(file.budget.amount, 3)) passes"
        return Document.Section(
            title: "How it was done", name: "How",
            blocks: [
                .paragraph(
                    "\(data.model), \(NumberFormat.count(data.sampleRows)) of \(NumberFormat.count(data.rows)) training rows, "
                        + "\(NumberFormat.count(data.features)) features, λ = \(NumberFormat.significant(data.l2, 3)). "
                        + "\(file.machine.ranks) rank\(file.machine.ranks == 1 ? "" : "s") × \(file.machine.threads) "
                        + "thread\(file.machine.threads == 1 ? "" : "s") on \(hosts.prefix(8).joined(separator: ", "))"
                        + "\(hosts.count > 8 ? " and \(hosts.count - 8) more" : "") (\(file.machine.processor)). "
                        + "The budget: \(spent) spent, \(file.runs.count) measured runs."),
                .paragraph(
                    "Runs on fewer ranks use the first ones, which hold the rows alone while the others wait. Every repeat meets "
                        + "the rows in another order. Step sizes that need tuning were found by successive halving: all "
                        + "settings get a short run, the better half of them one of four times the passes, and so on."),
                .command(ShellWord.quoted(["crescendo"] + file.command)),
                .table(
                    Document.Table(
                        label: "Allreduces as they were measured",
                        head: ["ranks", "nodes", "bytes", "median, µs", "middle half, µs"],
                        rows: file.allreduces.map {
                            [
                                "\($0.ranks)", "\($0.nodes)", NumberFormat.count($0.bytes),
                                NumberFormat.significant($0.seconds * 1e6, 3),
                                "\(NumberFormat.significant($0.low * 1e6, 3)) – \(NumberFormat.significant($0.high * 1e6, 3))",
                            ]
                        }, textColumns: 0, isFolded: true)),
                .table(
                    Document.Table(
                        label: "What a row costs", head: ["ranks at work", "on a node", "ns a row"],
                        rows: file.kernels.map {
                            ["\($0.ranks)", "\($0.ranksOnNode)", NumberFormat.significant($0.secondsPerRow * 1e9, 3)]
                        }, textColumns: 0, isFolded: true)),
            ])
    }
}
