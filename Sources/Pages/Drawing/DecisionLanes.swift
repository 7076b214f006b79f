import BigBatch
import Datasets
import Platform
import Telemetry

/// Every decision and event of the runs: a lane of ticks for each kind over the iterations, and a table.
package struct DecisionLanes {
    package let runs: [ReportedRun]

    private struct Lane {
        var name: String
        var explanation: String
        var iterations: [Int]
        var count: Int
    }

    /// Kinds of events that have words of their own; others go by their name.
    private static let eventNames: [(kind: String, name: String, explanation: String)] = [
        ("checkpoint", "Checkpoint", "the state of the run was written to disk"),
        ("checkpointFailed", "Checkpoint failed", "the state of the run could not be written"),
        ("restart", "Restart", "the run was started again, from its last checkpoint or from its beginning"),
        ("straggler", "Slow rank", "a rank fell behind the others"),
        ("stragglerOver", "Slow rank recovered", "a rank is as fast as the others again"),
        ("rebalance", "Rows moved", "rows went from slow ranks to fast ones"),
        ("stall", "Stall", "a rank did not answer in time"),
        ("recovery", "Recovery", "the model went back to sound values and took shorter steps"),
    ]
    /// Events that are records for other parts of the report, or that the metrics show too.
    private static let records = ["ranks", "start", "stop", "nonFinite"]

    package var html: HTML {
        let parts = runs.map { run -> HTML in
            let lanes = lanes(of: run)
            let title: HTML =
                runs.count > 1 ? "<h4><span class=\"chip f\(run.index % 8)\">\(run.letter)</span> \(run.name)</h4>" : ""
            guard !lanes.isEmpty else {
                return "\(title)<p class=\"note\">None: every step was taken as first planned.</p>"
            }
            let last = max(1, run.iterations)
            let marks = lanes.map { lane -> HTML in
                """
                <dt>\(lane.name) <span class="count">\(NumberFormat.count(lane.count))×</span></dt>\
                <dd><svg class="lane" viewBox="0 0 1000 16" preserveAspectRatio="none" role="img" \
                aria-label="\(lane.name), \(lane.explanation): \(NumberFormat.count(lane.count)) times">\
                <path vector-effect="non-scaling-stroke" d="\(ticks(lane.iterations, last))"/></svg><span class="note">\(lane.explanation)</span></dd>

                """
            }
            return """
                \(title)<dl class="lanes">\(marks.joined())<dt class="scale">iteration</dt><dd class="scale"><span>0</span>\
                <span>\(NumberFormat.count(last))</span></dd></dl>

                """
        }
        return """
            <h3>Decisions and events</h3>
            <p class="note">Each tick is one, at its iteration.</p>
            \(parts.joined())\(table)

            """
    }

    private func lanes(of run: ReportedRun) -> [Lane] {
        var lanes: [Lane] = []
        for kind in MetricsHistory.Decision.Kind.allCases where run.history.count(kind) > 0 {
            let (name, explanation) = Self.words(for: kind)
            lanes.append(
                Lane(
                    name: name, explanation: explanation,
                    iterations: run.history.decisions.lazy.filter { $0.kind == kind }.map(\.iteration),
                    count: run.history.count(kind)))
        }
        for (kind, name, explanation) in kinds(of: run) {
            let events = run.events.filter { $0.kind == kind }
            lanes.append(
                Lane(
                    name: name, explanation: explanation, iterations: events.compactMap(\.iteration),
                    count: events.count))
        }
        return lanes
    }

    /// In the order in which they are explained; unknown ones last.
    private func kinds(of run: ReportedRun) -> [(kind: String, name: String, explanation: String)] {
        let found = Set(run.events.map(\.kind)).subtracting(Self.records)
        let known = Self.eventNames.filter { found.contains($0.kind) }
        let others = found.subtracting(known.map(\.kind)).sorted()
        return known + others.map { ($0, $0.prefix(1).uppercased() + $0.dropFirst(), "as events.jsonl calls it") }
    }

    private static func words(for kind: MetricsHistory.Decision.Kind) -> (name: String, explanation: String) {
        switch kind {
        case .growth: ("Batch grew", "noise hid the gradient, or the end was near, so more rows were taken")
        case .backtracking: ("Line search", "the first step was not the best one, so others were tried")
        case .skipped: ("Skipped batch", "a loss or gradient was not finite, so the step was left out")
        }
    }

    /// One tick per pixel column.
    private func ticks(_ iterations: [Int], _ last: Int) -> String {
        var taken = Set<Int>()
        var path = ""
        for iteration in iterations {
            let place = Int(saturating: 1000 * Double(iteration) / Double(last))
            guard taken.insert(place).inserted else { continue }
            path += "M\(place) 1v14"
        }
        return path
    }

    private var table: HTML {
        var rows: [[HTML]] = []
        for run in runs {
            var entries: [(iteration: Int, name: String, detail: String)] = run.history.decisions.map {
                ($0.iteration, Self.words(for: $0.kind).name, "batch of \(NumberFormat.count($0.batchSize)) rows")
            }
            let names = Dictionary(uniqueKeysWithValues: kinds(of: run).map { ($0.kind, $0.name) })
            entries += run.events.compactMap { event in
                guard let name = names[event.kind] else { return nil }
                return (event.iteration ?? 0, name, Self.detail(event))
            }
            entries.sort { $0.iteration < $1.iteration }
            for entry in Sampling.evenly(entries, count: 200) {
                rows.append(
                    (runs.count > 1 ? [.escaped(run.letter)] : [])
                        + [
                            .escaped(NumberFormat.count(entry.iteration)), .escaped(entry.name), .escaped(entry.detail),
                        ])
            }
        }
        guard !rows.isEmpty else { return .empty }
        return Page.table(
            summary: "Decisions and events as a table",
            head: (runs.count > 1 ? ["run"] : []) + ["iteration", "what", "detail"], rows: rows, textColumns: 2)
    }

    /// What an event holds besides what every event holds.
    private static func detail(_ event: RunEvent) -> String {
        if event.kind == "checkpoint", let bytes = event.json["bytes"]?.integer,
            let stall = event.json["stallSeconds"]?.double, let write = event.json["writeSeconds"]?.double
        {
            return "\(NumberFormat.bytes(bytes)), written in \(NumberFormat.duration(write)); training waited "
                + NumberFormat.duration(stall)
        }
        let known = ["event", "iteration", "environment"]
        return (event.json.members ?? []).compactMap { key, value in
            guard !known.contains(key) else { return nil }
            if let number = value.double { return "\(key) \(NumberFormat.significant(number, 4))" }
            if let text = value.string { return "\(key) \(text)" }
            return value == .null ? nil : "\(key) \(value.text)"
        }.joined(separator: ", ")
    }
}
