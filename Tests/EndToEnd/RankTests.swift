import Foundation
import TestSupport
import Testing

/// What one rank alone sees ends all ranks with one message.
@Suite struct RankTests {
    /// Two ranks that start in different folders, so that relative paths differ.
    private func runApart(_ place: Workplace, _ arguments: [String]) throws -> Outcome {
        try FileManager.default.createDirectory(atPath: place.path("a"), withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: place.path("b"), withIntermediateDirectories: true)
        let rank = { (folder: String) in
            ["-n", "1", "-wdir", place.path(folder), Workplace.program] + arguments
        }
        return try place.start([Workplace.launcher] + rank("a") + [":"] + rank("b"), limit: 30).wait()
    }

    @Test func aFileThatOneRankMisses() throws {
        let place = try Workplace()
        try FileManager.default.createDirectory(atPath: place.path("a"), withIntermediateDirectories: true)
        try place.write(SampleData.binary(), to: "a/data.svm")
        let outcome = try runApart(place, ["train", "data.svm", "--output", place.path("run")])
        #expect(outcome.code == 1)
        #expect(outcome.errors.contains("crescendo: rank 1 of 2: data.svm: cannot open"), "\(outcome.errors)")
        #expect(outcome.errors.components(separatedBy: "cannot open").count == 2)
        #expect(!place.exists("run"))
    }

    @Test func aConfigurationThatOneRankMisses() throws {
        let place = try Workplace()
        try FileManager.default.createDirectory(atPath: place.path("a"), withIntermediateDirectories: true)
        try place.write("data: data.svm\n", to: "a/c.yaml")
        try place.write(SampleData.binary(), to: "a/data.svm")
        let outcome = try runApart(place, ["train", "--config", "c.yaml"])
        #expect(outcome.code != 0)
        #expect(outcome.errors.contains("rank 1 of 2: Error: c.yaml: cannot open"), "\(outcome.errors)")
    }

    @Test func aModelThatOneRankMisses() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        try #require(try place.run(["train", "data.svm", "--output", "a/run"]).code == 0)
        let outcome = try runApart(place, ["predict", "--model", "run", place.path("data.svm")])
        #expect(outcome.code == 1)
        #expect(outcome.errors.contains("rank 1 of 2: cannot read run"), "\(outcome.errors)")
    }

    @Test func differentArguments() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let start = ["-n", "1", Workplace.program, "train", "data.svm", "--output", "run"]
        let outcome = try place.start([Workplace.launcher] + start + [":"] + start + ["--l2", "1"], limit: 30).wait()
        #expect(outcome.code == 1)
        #expect(outcome.errors.contains("rank 1 of 2: started with other arguments"), "\(outcome.errors)")
        #expect(!place.exists("run"))
    }

    @Test func moreRanksThanRows() throws {
        let place = try Workplace()
        try place.write("1 1:1\n-1 1:-1\n1 1:0.5\n", to: "data.svm")
        let outcome = try place.run(ranks: 4, ["train", "data.svm", "--output", "run"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(try place.json("run/result.json")["rows"] as? Int == 3)
    }

    @Test func helpVersionAndCompletionsAreSaidOnce() throws {
        let place = try Workplace()
        let version = try place.run(ranks: 2, ["--version"])
        #expect(version.code == 0)
        #expect(version.output.split(separator: "\n").count == 1)
        let help = try place.run(["train", "--help"])
        #expect(help.code == 0)
        for word in ["mpirun -n 16 crescendo train", "MODEL:", "EXPERT:", "--stall-timeout"] {
            #expect(help.output.contains(word))
        }
        for (command, word) in [("launch", "--retries"), ("submit", "--partition")] {
            let help = try place.run([command, "--help"])
            #expect(help.code == 0)
            #expect(help.output.contains(word))
        }
        for shell in ["bash", "zsh", "fish"] {
            let script = try place.run(["--generate-completion-script", shell])
            #expect(script.code == 0)
            #expect(script.output.contains("max-epochs"))
        }
        #expect(try place.run([]).output.contains("SUBCOMMANDS"))
    }
}
