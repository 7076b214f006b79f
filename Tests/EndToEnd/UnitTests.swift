import ArgumentParser
import Datasets
import Evaluation
import Foundation
import MPI
import Platform
import Testing

@testable import crescendo

@Suite struct OptionValueTests {
    @Test(arguments: [
        ("90", 90), ("90s", 90), ("30m", 1800), ("2h", 7200), ("1d", 86_400), ("1h30m", 5400), ("1.5h", 5400),
        ("30:00", 1800), ("01:30:00", 5400), ("1-00:00:01", 86_401),
    ])
    func timeSpans(_ text: String, _ seconds: Double) {
        #expect(TimeSpan(argument: text)?.seconds == seconds)
    }

    @Test(arguments: ["9223372036854775808", "1e300", "2e12", "9999999999-00:00:00"]) func timesHaveALimit(text: String)
    {
        #expect(TimeSpan(argument: text) == nil)
    }

    @Test func countsHaveALimit() throws {
        #expect(try parseCount(atLeast: 1)("1000000000000") == 1_000_000_000_000)
        #expect(throws: (any Error).self) { try parseCount(atLeast: 1)("9223372036854775807") }
    }

    @Test(arguments: ["", "soon", "0", "-5", "5x", "m", "30m1h", "1:2:3:4", "1-30:00", "::", "nan", "inf", "1h30"])
    func noTimeSpans(_ text: String) { #expect(TimeSpan(argument: text) == nil) }

    @Test(arguments: [
        ("4GB", 4_000_000_000), ("4G", 4_000_000_000), ("512M", 512_000_000), ("1.5k", 1500), ("2GiB", 2 << 30),
        ("100", 100),
    ])
    func amountsOfMemory(_ text: String, _ bytes: Int) { #expect(ByteCount(argument: text)?.bytes == bytes) }

    @Test(arguments: ["", "lots", "-1G", "0", "4X", "GB", "1e9"])
    func noAmountsOfMemory(_ text: String) { #expect(ByteCount(argument: text) == nil) }

    @Test func slipsOfTheKeyboard() {
        #expect(editDistance("kitten", "sitting") == 3)
        #expect(editDistance("", "abc") == 3)
        #expect(editDistance("tolerence", "tolerance") == 1)
        #expect(editDistance("lable", "label") == 1)
        let keys = OptionTable.kinds.map(\.key)
        #expect(nearest(to: "tolerence", among: keys) == "tolerance")
        #expect(nearest(to: "max-epoch", among: keys) == "max-epochs")
        #expect(nearest(to: "xyzzy-plugh", among: keys) == nil)
    }

    @Test func negativeValuesAreNoOptions() {
        #expect(
            CommandLineReader.joiningNegativeValues(["train", "a", "--label", "-1", "--quiet", "-x"])
                == ["train", "a", "--label=-1", "--quiet", "-x"])
    }

    /// A new option must be settable from a file too.
    @Test func everyOptionOfTrainHasAKey() {
        let help = TrainCommand.helpMessage(columns: 400)
        // A name, and the others of the same option: "--l2, --weight-decay <lambda>".
        let options = help.matches(of: /^ +--([a-z0-9-]+)(?:, --([a-z0-9-]+))?/.anchorsMatchLineEndings()).flatMap {
            [String($0.1)] + ($0.2.map { [String($0)] } ?? [])
        }
        let keys = Set(OptionTable.kinds.map(\.key))
        #expect(options.count > 25)
        for option in options where !["config", "version", "help"].contains(option) {
            #expect(keys.contains(option), "\(option)")
        }
        #expect(keys.subtracting(options) == ["data"])
    }
}

/// What messages advise can be given.
@Suite struct AdvisedOptionTests {
    /// Options of Slurm, MPI's launchers and TensorBoard, and what is put before the name of a flag.
    private static let foreign: Set = [
        "batch", "bind-to", "comment", "cpu-bind", "cpus-per-task", "exclude", "het-group", "host", "job-name",
        "kill-on-bad-exit", "logdir", "map-by", "mem", "mpi", "no", "no-kill", "nodelist", "ntasks", "ntasks-per-node",
        "open-mode", "overlap", "pty", "requeue", "signal",
    ]
    private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Sources")

    private func options(of json: JSON?) -> Set<String> {
        let own = (json?["arguments"]?.array ?? []).flatMap { $0["names"]?.array ?? [] }.compactMap {
            $0["name"]?.string
        }
        return (json?["subcommands"]?.array ?? []).reduce(into: Set(own)) { $0.formUnion(options(of: $1)) }
    }

    /// Files of some modules, without their comments.
    private func code(_ modules: [String]) throws -> [(file: String, text: String)] {
        try modules.flatMap { module -> [(file: String, text: String)] in
            let folder = Self.sources.appendingPathComponent(module).path
            let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
            return try files.filter { $0.hasSuffix(".swift") && !$0.hasSuffix("ReportStyle.swift") }.map { file in
                let text = try String(contentsOfFile: folder + "/" + file, encoding: .utf8)
                let lines = text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
                return ("\(module)/\(file)", lines.joined(separator: "\n"))
            }
        }
    }

    @Test func optionsThatTheProgramNamesExist() throws {
        let known = options(of: try JSON(text: Crescendo._dumpHelp())["command"])
        #expect(known.count > 80 && known.contains("missing") && known.contains("delimiter"))
        for (file, text) in try code(["crescendo", "Runs", "Cluster", "Planning", "Watch"]) {
            for match in text.matches(of: /--([a-z][a-z0-9-]*[a-z0-9])/) where !Self.foreign.contains(String(match.1)) {
                #expect(known.contains(String(match.1)), "\(file): --\(match.1)")
            }
        }
    }

    @Test func settingsThatLibrariesNameAreOptions() throws {
        var found = 0
        for (file, text) in try code(["Datasets", "Models", "BigBatch"]) {
            for match in text.matches(of: /`([a-z]+(?:[A-Z][a-z]+)*)`/) {
                found += 1
                #expect(spelled("`\(match.1)`").hasPrefix("--"), "\(file): `\(match.1)`")
            }
        }
        #expect(found > 30)
        #expect(
            spelled("give `inputShape` 1x2x3 or `header` false, not `nothing`")
                == "give --input-shape 1x2x3 or --no-header, not `nothing`")
    }
}

@Suite struct ConfigurationTests {
    @Test func valuesOfAllKindsBecomeArguments() throws {
        let yaml = """
            # a comment
            data: [a.svm, /b.svm]
            model: softmax
            l2: 1e-4
            label: -1
            drop: [x, "y z"]
            id: key
            intercept: no
            seed:
            quiet: true
            """
        let file = try ConfigurationFile(yaml: yaml, path: "job/c.yaml")
        #expect(
            file.entries.flatMap(\.arguments) == [
                "job/a.svm", "/b.svm", "--model=softmax", "--l2=1e-4", "--label=-1", "--drop=x", "--drop=y z",
                "--id=key",
                "--no-intercept", "--quiet",
            ])
        #expect(try ConfigurationFile(yaml: "", path: "c").entries.isEmpty)
        #expect(throws: ConfigurationError.self) { try ConfigurationFile(yaml: "just words", path: "c") }
    }

    @Test func textsSurviveTheWayThroughYAML() throws {
        let texts = [
            "plain", "no", "1e5", "with: colon", "# hash", "quote\"", "back\\slash", "tab\t", "é😀", " space ", "-1",
            "~",
        ]
        let resolved = ResolvedConfiguration(entries: [("drop", .list(texts)), ("label", .text("null")), ("id", nil)])
        let file = try ConfigurationFile(yaml: resolved.yaml(header: ["once", "more"]), path: "c")
        #expect(file.entries.flatMap(\.arguments) == texts.map { "--drop=\($0)" } + ["--label=null"])
    }
}

/// YAML that is small and means much.
@Suite struct ConfigurationBombTests {
    private func yaml(_ lines: [String]) -> String { lines.joined(separator: "\n") + "\n" }

    /// Aliases of aliases: ten steps of ten make ten thousand million values.
    @Test(arguments: ["labels: *j", "? *j\n: 1", "l2: *j", "*j : 1"]) func aliasesOfAliases(use: String) throws {
        var lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
        for (before, next) in zip("abcdefghi", "bcdefghij") {
            lines.append(
                "\(next): &\(next) [" + [String](repeating: "*\(before)", count: 10).joined(separator: ", ") + "]")
        }
        let start = seconds(CLOCK_THREAD_CPUTIME_ID)
        #expect(throws: ConfigurationError.self) { try ConfigurationFile(yaml: yaml(lines + [use]), path: "c.yaml") }
        #expect(seconds(CLOCK_THREAD_CPUTIME_ID) - start < 10)
    }

    @Test(arguments: [
        "seed: *none", "data: {a: b}", "drop: [x, [y]]", "drop: [x, {y: z}]", "? [a]\n: 1", "- a", "l2: 1\n---\nl2: 2",
    ])
    func whatIsNoListOfOptions(text: String) {
        #expect(throws: ConfigurationError.self) { try ConfigurationFile(yaml: text + "\n", path: "c.yaml") }
    }

    @Test func anchorsStandForScalarsAndLists() throws {
        let lines = ["drop: &d [x, y]", "categorical: *d", "label: &l \"1\"", "id: *l"]
        let file = try ConfigurationFile(yaml: yaml(lines), path: "c.yaml")
        let arguments = file.entries.flatMap(\.arguments)
        #expect(arguments == ["--drop=x", "--drop=y", "--categorical=x", "--categorical=y", "--label=1", "--id=1"])
    }

    @Test func closedNestingOfAnyDepth() {
        let depth = 100_000
        let deep = "drop: " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(throws: ConfigurationError.self) { try ConfigurationFile(yaml: deep, path: "c.yaml") }
    }

    @Test(arguments: ["[", "{a: ", "- ", "? "]) func nestedWithoutEnd(text: String) throws {
        let bomb = String(repeating: text, count: 200_000)
        #expect(throws: ConfigurationError.self) { try ConfigurationFile(yaml: bomb, path: "c.yaml") }
    }
}
