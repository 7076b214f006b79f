import Platform

/// Options and environment of the runs; of several runs, what differs comes first.
package struct SettingsSection {
    package let runs: [ReportedRun]

    package var html: HTML {
        Page.section(id: "settings", title: "Options and machines", differences + options + environments)
    }

    private var keys: [String] {
        var seen = Set<String>()
        return runs.flatMap { $0.options.map(\.key) }.filter { seen.insert($0).inserted }
    }

    private var differences: HTML {
        guard runs.count > 1 else { return .empty }
        let different = keys.filter { key in Set(runs.map { $0.option(key) }).count > 1 }
        guard !different.isEmpty else { return "<p>All runs had the same options.</p>" }
        let rows = different.map { key -> [HTML] in
            ["<code>\(key)</code>"] + runs.map { .escaped($0.option(key) ?? "–") }
        }
        return "<h3>Options that differ</h3>"
            + Page.openTable(
                label: "Options that differ", head: ["option"] + runs.map { "run \($0.letter)" }, rows: rows,
                textColumns: runs.count + 1)
    }

    private var options: HTML {
        guard !keys.isEmpty else {
            return "<p class=\"missing\">There is no config.yaml: the options are not known.</p>"
        }
        let rows = keys.map { key -> [HTML] in
            ["<code>\(key)</code>"] + runs.map { .escaped($0.option(key) ?? "–") }
        }
        return Page.table(
            summary: "All options, defaults included",
            head: ["option"] + runs.map { runs.count > 1 ? "run \($0.letter)" : "value" }, rows: rows,
            textColumns: runs.count + 1, isOpen: runs.count == 1)
    }

    private var environments: HTML {
        var body = HTML.empty
        for run in runs {
            guard let environment = run.environments.last?.environment else { continue }
            // A run that was started again may have moved.
            var hosts: [JSON] = []
            for host in run.environments.flatMap({ $0.environment["hosts"]?.array ?? [] }) where !hosts.contains(host) {
                hosts.append(host)
            }
            let rows = hosts.map { host -> [HTML] in
                func text(_ key: String) -> HTML {
                    .escaped(host[key]?.string ?? host[key]?.integer.map { NumberFormat.count($0) } ?? "?")
                }
                return [
                    text("name"), text("ranks"), text("processor"),
                    "\(text("usableProcessors")) of \(text("processors"))", text("instructions"),
                ]
            }
            var facts: [(String, String)] = []
            if let version = run.result?["version"]?.string { facts.append(("Crescendo", version)) }
            if let mpi = environment["mpi"]?.string { facts.append(("MPI", mpi)) }
            if let system = environment["system"]?.string { facts.append(("System", system)) }
            if let job = environment["slurmJob"]?.string { facts.append(("Slurm job", job)) }
            if let ranks = run.ranks, let threads = run.threads {
                facts.append(("Ranks × threads", "\(NumberFormat.count(ranks)) × \(threads)"))
            }
            if run.restarts > 0 { facts.append(("Starts", "\(run.restarts + 1), on all of these hosts")) }
            if let started = run.result?["started"]?.string { facts.append(("Started", started)) }
            if let finished = run.result?["finished"]?.string { facts.append(("Finished", finished)) }
            let title: HTML =
                run.isAlone
                ? "<h3>Machines</h3>"
                : "<h3>Machines of <span class=\"chip f\(run.index % 8)\">\(run.letter)</span></h3>"
            body += """
                \(title)
                <ul class="facts">\(facts.map { HTML("<li><span>\($0.0)</span> \($0.1)</li>") }.joined())</ul>
                \(Page.openTable(
                    label: "Hosts", head: ["host", "ranks", "processor", "processors a rank may use", "instruction set"],
                    rows: Sampling.evenly(rows, count: 64), textColumns: 1))

                """
            if hosts.count > 64 {
                body += "<p class=\"note\">64 of \(NumberFormat.count(hosts.count)) hosts are shown.</p>"
            }
        }
        if body == .empty {
            body = "<p class=\"missing\">The machines are not known: they are written down when a run ends.</p>"
        }
        return body
    }
}
