/// Numbers of `pilot.json` that no pilot writes, and with which nothing can be reckoned.
extension PilotFile {
    /// The first of them, with its place in the file; nil: there is none.
    package var fault: String? {
        machineFault ?? dataFault
            ?? Self.first(allreduces, "allreduces", Self.fault) ?? Self.first(kernels, "kernels", Self.fault)
            ?? Self.first(runs, "runs", Self.fault)
            ?? Self.first(configurations, "configurations") {
                Self.below(1, [("ranks", $0.ranks), ("nodes", $0.nodes)])
            } ?? recommendation.flatMap { Self.below(1, [("ranks", $0.ranks), ("nodes", $0.nodes)]) }
    }

    /// Ranks, nodes and the like: more than any machine has.
    private static let mostRanks = 1 << 24
    /// Rows, bytes, iterations; times in seconds.
    private static let most = 1e15

    private var machineFault: String? {
        if let fault = Self.below(1, [("ranks", machine.ranks), ("threads", machine.threads)]) {
            return "machine: \(fault)"
        }
        guard machine.hostOfRank.count == machine.ranks, machine.hostOfRank.allSatisfy(machine.hosts.indices.contains)
        else { return "machine: hostOfRank does not name a host for each of \(machine.ranks) ranks" }
        return nil
    }

    private var dataFault: String? {
        Self.outside([
            ("rows", Double(data.rows)), ("features", Double(data.features)), ("parameters", Double(data.parameters)),
            ("sampleRows", Double(data.sampleRows)), ("validationRows", Double(data.validationRows)), ("l2", data.l2),
            ("price", money.price ?? 0), ("hourlyWage", money.hourlyWage ?? 0), ("tuningHours", money.tuningHours),
            ("budget", budget.amount), ("loadSeconds", budget.loadSeconds),
        ])
    }

    private static func fault(_ measured: AllreduceMeasurement) -> String? {
        below(1, [("ranks", measured.ranks), ("nodes", measured.nodes)])
            ?? outside([
                ("bytes", Double(measured.bytes)), ("seconds", measured.seconds), ("low", measured.low),
                ("high", measured.high),
            ])
    }

    private static func fault(_ measured: KernelMeasurement) -> String? {
        below(1, [("ranks", measured.ranks), ("ranksOnNode", measured.ranksOnNode)])
            ?? outside([("secondsPerRow", measured.secondsPerRow)])
    }

    private static func fault(_ run: PilotRun) -> String? {
        below(1, [("ranks", run.ranks)]) ?? below(0, [("number", run.number)])
            ?? outside([
                ("seconds", run.seconds), ("gradientPasses", run.gradientPasses), ("workSeconds", run.workSeconds),
                ("secondsToTarget", run.secondsToTarget ?? 0),
            ]) ?? first(run.work, "work", fault)
    }

    private static func fault(_ phase: WorkPhase) -> String? {
        outside([
            ("iterations", phase.iterations), ("batch", phase.batch), ("rows", phase.rows), ("seconds", phase.seconds),
            ("communication", phase.communication), ("transfer", phase.transfer),
        ])
            ?? first(phase.reductions, "reductions") {
                outside([("bytes", Double($0.bytes)), ("count", $0.count)])
            }
    }

    private static func first<Element>(
        _ elements: [Element], _ name: String, _ fault: (Element) -> String?
    ) -> String? {
        for (place, element) in elements.enumerated() {
            if let fault = fault(element) { return "\(name)[\(place)]: \(fault)" }
        }
        return nil
    }

    private static func below(_ least: Int, _ counts: [(name: String, value: Int)]) -> String? {
        counts.first { $0.value < least || $0.value > mostRanks }.map { "\($0.name) is \($0.value)" }
    }

    private static func outside(_ numbers: [(name: String, value: Double)]) -> String? {
        numbers.first { !($0.value >= 0 && $0.value <= most) }.map { "\($0.name) is \($0.value)" }
    }
}
