import Foundation
import TestSupport
import Testing

/// What is written to standard output and does not arrive is an error of every command.
@Suite struct OutputTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        try #require(try place.run(["train", "data.svm", "--output", "run", "--quiet"]).code == 0)
    }

    /// Runs the program in a shell with what follows it on the line.
    private func shell(_ arguments: String, _ rest: String, ranks: Int = 0) throws -> Outcome {
        let program = Workplace.command(ranks: ranks, []).map { "'\($0)'" }.joined(separator: " ")
        return try place.start(["bash", "-c", "set -o pipefail; \(program) \(arguments) \(rest)"]).wait()
    }

    static let commands = [
        "info run", "evaluate --model run data.svm", "evaluate --model run data.svm --json",
        "predict --model run data.svm", "watch run --once", "watch run", "report run --output page.html", "--help",
        "help train", "--version", "doctor --json", "--generate-completion-script bash",
        "submit --overwrite train data.svm",
    ]

    @Test(arguments: commands) func aFullDiskIsAnError(command: String) throws {
        let outcome = try shell(command, "> /dev/full")
        #expect(outcome.code == 1, "\(outcome.code): \(outcome.errors)")
        let said = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("crescendo:") }
        #expect(said == ["crescendo: cannot write standard output: No space left on device"], "\(outcome.errors)")
    }

    @Test(arguments: ["info run", "predict --model run data.svm", "--help"])
    func aClosedOutputIsAnError(command: String) throws {
        let outcome = try shell(command, ">&-")
        #expect(outcome.code == 1 && outcome.errors.contains("cannot write standard output"), "\(outcome.errors)")
    }

    /// The run is whole, its log is not.
    @Test func aRunWhoseLogIsLostSaysSo() throws {
        let outcome = try shell("train data.svm --output lost", "> /dev/full")
        #expect(outcome.code == 1)
        #expect(outcome.errors.contains("crescendo: cannot write standard output: No space left on device"))
        #expect(place.exists("lost/model.safetensors"))
        #expect(try place.json("lost/status.json")["state"] as? String == "finished")
    }

    /// A reader that leaves early is no fault: no word, and the code that shells know. A run goes on without it.
    @Test func aReaderThatLeavesEndsWithoutAWord() throws {
        for command in ["info run", "predict --model run data.svm", "help train"] {
            let outcome = try shell(command, "| true; echo ${PIPESTATUS[0]}")
            #expect(["0", "141"].contains(outcome.output.trimmingCharacters(in: .newlines)), "\(command)")
            #expect(outcome.errors.isEmpty)
        }
        let closed = try shell("info run", "> >(exec <&-; sleep 2) ; echo $? >&2")
        #expect(closed.errors.hasSuffix("141\n") || closed.errors.hasSuffix("0\n"), "\(closed.errors)")
        let training = try shell("train data.svm --output left", "| true; echo ${PIPESTATUS[0]}")
        #expect(training.output == "0\n" && training.errors.isEmpty, "\(training)")
    }

    /// Models, caches and checkpoints may hold what not everybody shall see.
    @Test func filesHaveThePermissionsOfTheUmask() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let script =
            "umask 077; exec \(Workplace.program) train data.svm --output run --cache cache --prometheus run.prom "
            + "--tolerance 0 --max-iterations 30 --checkpoint-every 0.001 --quiet"
        #expect(try place.start(["bash", "-c", script]).wait().code == 0)
        let files = try #require(FileManager.default.enumerator(atPath: place.folder)).compactMap { $0 as? String }
        #expect(files.contains { $0.hasSuffix("model.safetensors") } && files.contains { $0.hasSuffix(".cache") })
        for file in files where file != "data.svm" {
            let attributes = try FileManager.default.attributesOfItem(atPath: place.path(file))
            let permissions = try #require(attributes[.posixPermissions] as? Int)
            #expect(permissions & 0o077 == 0, "\(file) has \(String(permissions, radix: 8))")
        }
    }
}
