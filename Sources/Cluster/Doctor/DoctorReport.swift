import Platform
import Telemetry

/// What `doctor` prints.
package struct DoctorReport {
    package let diagnosis: Diagnosis
    package let launcher: String
    package let versions: [(name: String, version: String)]
    /// Seconds after which Slurm gives a host up; nil outside Slurm.
    package let hostTimeout: Int?
    package let seconds: Double

    package init(
        diagnosis: Diagnosis, launcher: String, versions: [(name: String, version: String)], hostTimeout: Int?,
        seconds: Double
    ) {
        self.diagnosis = diagnosis
        self.launcher = launcher
        self.versions = versions
        self.hostTimeout = hostTimeout
        self.seconds = seconds
    }

    package var text: String {
        let ranks = diagnosis.ranks
        var lines = [
            line("launcher", "\(launcher); \(count(ranks.count, "rank")) on \(count(diagnosis.hosts.count, "host"))"),
            line("versions", versions.map { "\($0.name) \($0.version)" }.joined(separator: ", ")),
        ]
        if let hostTimeout {
            lines.append(line("slurm", "gives a silent host up after some \(hostTimeout) s (SlurmdTimeout)"))
        }
        for host in diagnosis.hosts {
            let facts = host.ranks.map { ranks[$0] }
            let places = facts.map(\.processors)
            let shown = Set(places).count == 1 ? places[0] : places.joined(separator: " | ")
            lines.append(
                line(
                    host.name,
                    "ranks \(Diagnosis.list(host.ranks)); \(count(facts[0].threads, "thread")) each on processors \(shown) of "
                        + "\(facts[0].hostProcessors); \(facts[0].model); \(NumberFormat.bytes(facts[0].memory)) free"))
        }
        let folder = diagnosis.folder
        if folder.problem == nil, folder.blind.isEmpty {
            lines.append(
                line(
                    "folder",
                    "\(folder.folder): all hosts see it, within \(NumberFormat.duration(folder.delay)); "
                        + "\(NumberFormat.bytes(SharedFolderProbe.bytes)) written and synced in "
                        + NumberFormat.duration(folder.seconds)))
        }
        for time in diagnosis.allreduce {
            lines.append(
                line(
                    time == diagnosis.allreduce[0] ? "allreduce" : "",
                    pad(size(time.bytes), 7) + pad(microseconds(time.seconds), 12)
                        + pad(NumberFormat.bytes(Int(time.rate)) + "/s", 13)))
        }
        lines.append(line("kernels", "dense rows \(range(ranks.map(\.readRate))) GB/s a rank, all at once"))
        lines.append(line("", "matrix product \(range(ranks.map(\.productRate))) GFLOP/s"))
        for finding in diagnosis.findings {
            lines.append(line(finding.isError ? "ERROR" : "warning", finding.problem))
            lines.append(line("", "→ " + finding.remedy))
        }
        if diagnosis.findings.isEmpty { lines.append(line("", "Nothing to mend.")) }
        return lines.joined(separator: "\n") + "\n"
    }

    package var json: JSON {
        let ranks = diagnosis.ranks.enumerated().map { rank, facts in
            JSON.object([
                ("rank", .integer(rank)), ("host", .string(facts.host)), ("threads", .integer(facts.threads)),
                ("processors", .string(facts.processors)), ("hostProcessors", .integer(facts.hostProcessors)),
                ("processor", .string(facts.model)), ("freeMemory", .integer(facts.memory)),
                ("readGigabytesPerSecond", .number(facts.readRate)),
                ("productGigaflops", .number(facts.productRate)),
            ])
        }
        let folder = diagnosis.folder
        return .object([
            ("launcher", .string(launcher)), ("ranks", .integer(diagnosis.ranks.count)),
            ("hosts", .array(diagnosis.hosts.map { .string($0.name) })),
            ("versions", .object(versions.map { ($0.name, .string($0.version)) })),
            ("slurmdTimeout", hostTimeout.map { .integer($0) } ?? .null),
            ("rank", .array(ranks)),
            ("slowRanks", .array(diagnosis.slow.map { .integer($0.rank) })),
            (
                "allreduce",
                .array(
                    diagnosis.allreduce.map {
                        .object([("bytes", .integer($0.bytes)), ("seconds", .number($0.seconds))])
                    })
            ),
            (
                "folder",
                .object([
                    ("path", .string(folder.folder)),
                    ("shared", .bool(folder.problem == nil && folder.blind.isEmpty)),
                    ("delaySeconds", .number(folder.delay)),
                    ("writeBytesPerSecond", .number(Double(SharedFolderProbe.bytes) / folder.seconds)),
                ])
            ),
            (
                "findings",
                .array(
                    diagnosis.findings.map {
                        .object([
                            ("error", .bool($0.isError)), ("problem", .string($0.problem)),
                            ("remedy", .string($0.remedy)),
                        ])
                    })
            ),
            ("seconds", .number(seconds)),
        ])
    }

    private func line(_ name: String, _ text: String) -> String {
        name + String(repeating: " ", count: max(1, 11 - name.count)) + text
    }

    private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    private func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private func size(_ bytes: Int) -> String {
        bytes >= 1 << 20 ? "\(bytes >> 20) MiB" : bytes >= 1 << 10 ? "\(bytes >> 10) KiB" : "\(bytes) B"
    }

    private func microseconds(_ seconds: Double) -> String {
        seconds < 1e-3
            ? NumberFormat.significant(seconds * 1e6, 3) + " µs" : NumberFormat.significant(seconds * 1e3, 3) + " ms"
    }

    private func range(_ rates: [Double]) -> String {
        let sorted = rates.sorted()
        let (least, most) = (sorted[0], sorted[sorted.count - 1])
        let shown = [least, most].map { NumberFormat.significant($0, 3) }
        return shown[0] == shown[1] ? shown[0] : "\(shown[0]) to \(shown[1])"
    }
}
