import Foundation
import TestSupport
import Testing

/// What was there stays, what is named is used, and what went wrong is said.
@Suite struct OverwritingTests {
    private func trained(_ place: Workplace, _ more: [String] = []) throws {
        try place.write(SampleData.plain(.binary, rows: 300), to: "data.csv")
        let outcome = try place.run(
            ["train", "data.csv", "--label", "y", "--weight", "w", "--output", "run", "--max-iterations", "5"] + more)
        try #require(outcome.code == 0, "\(outcome.errors)")
    }

    @Test func aReportReplacesReportsOnly() throws {
        let place = try Workplace()
        try trained(place)
        #expect(try place.run(["report", "run"]).code == 0)
        #expect(try place.run(["report", "run"]).code == 0)
        try place.write("my own page", to: "page.html")
        let refused = try place.run(["report", "run", "--output", "page.html"])
        #expect(refused.code == 1 && refused.errors.contains("add --overwrite"), "\(refused.errors)")
        #expect(try place.read("page.html") == "my own page")
        #expect(try place.run(["report", "run", "--output", "page.html", "--overwrite"]).code == 0)
        #expect(try place.read("page.html").contains("Crescendo report"))
        let data = try place.read("data.csv")
        #expect(try place.run(["report", "run", "--output", "data.csv"]).code == 1)
        #expect(try place.read("data.csv") == data)
    }

    @Test func nothingTakesThePlaceOfAPipeOrALink() throws {
        let place = try Workplace()
        try trained(place)
        _ = try place.start(["mkfifo", "pipe"]).wait()
        _ = try place.start(["ln", "-s", "data.csv", "link"]).wait()
        for (name, kind) in [("pipe", "a pipe"), ("link", "a link")] {
            for command in [
                ["report", "run", "--output", name, "--overwrite"],
                ["predict", "--model", "run", "data.csv", "--output", name, "--overwrite"],
            ] {
                let outcome = try place.run(command, limit: 20)
                #expect(outcome.code == 1 && outcome.errors.contains("it is \(kind)"), "\(outcome.errors)")
            }
        }
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: place.path("link")) == "data.csv")
    }

    @Test func aPipeInARunFolderIsNotWaitedFor() throws {
        let place = try Workplace()
        try trained(place)
        try FileManager.default.removeItem(atPath: place.path("run/events.jsonl"))
        _ = try place.start(["mkfifo", "run/events.jsonl"]).wait()
        let options = ["--label", "y", "--weight", "w", "--output", "run", "--tolerance", "0"]
        let rest = try place.run(["train", "data.csv"] + options + ["--max-iterations", "9"], limit: 30)
        #expect(!rest.hasTimedOut && rest.errors.contains("events.jsonl"), "\(rest.errors)")
        try FileManager.default.removeItem(atPath: place.path("run/checkpoints/attempts.jsonl"))
        _ = try place.start(["mkfifo", "run/checkpoints/attempts.jsonl"]).wait()
        let refused = try place.run(["train", "data.csv"] + options + ["--max-iterations", "20"], limit: 30)
        #expect(refused.code == 1 && refused.errors.contains("attempts.jsonl"), "\(refused.errors)")
    }

    @Test func evaluateUsesTheColumnsThatAreNamed() throws {
        let place = try Workplace()
        try trained(place)
        // The same labels turned round, and a second column of weights.
        let lines = try place.read("data.csv").split(separator: "\n")
        let turned = lines.dropFirst().map { "\($0),\($0.hasPrefix("1") ? 0 : 1),2" }
        try place.write(
            ([lines[0] + ",truth,heavy"] + turned.map { Substring($0) }).joined(separator: "\n"), to: "t.csv")
        func accuracy(_ options: [String]) throws -> Double {
            let outcome = try place.run(["evaluate", "--model", "run", "t.csv", "--json"] + options)
            try #require(outcome.code == 0, "\(outcome.errors)")
            #expect(!outcome.errors.contains("truth") || options.isEmpty || options[0] == "--weight")
            let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
            return try #require(object?["accuracy"] as? Double)
        }
        let plain = try accuracy([])
        #expect(abs(try accuracy(["--label", "truth"]) - (1 - plain)) < 1e-12)
        #expect(try accuracy(["--weight", "heavy"]) != plain)
        for (options, message) in [
            (["--label", "nosuch"], "no such column"), (["--weight", "nosuch"], "no such column"),
            (["--drop", "nosuch"], "no such column"), (["--drop", "a"], "the model was trained on this column"),
        ] {
            let outcome = try place.run(["evaluate", "--model", "run", "t.csv"] + options)
            #expect(outcome.code == 1 && outcome.errors.contains(message), "\(options): \(outcome.errors)")
        }
    }

    @Test(arguments: [1, 3]) func predictionsThatAreNoNumbersAreSaid(ranks: Int) throws {
        let place = try Workplace()
        try place.write(
            "y,a,b\n" + (0..<60).map { "\($0 % 2),\($0 % 7),\($0 % 5)" }.joined(separator: "\n"), to: "d.csv")
        #expect(try place.run(["train", "d.csv", "--label", "y", "--output", "run"]).code == 0)
        // Of the two rows one has ∞ − ∞ for a margin, whatever the signs of the weights.
        try place.write("a,b\n1,2\n1e300,-1e300\n1e300,1e300\n3,4\n", to: "p.csv")
        let outcome = try place.run(ranks: ranks, ["predict", "--model", "run", "p.csv"])
        #expect(outcome.code == 0)
        #expect(
            outcome.errors.contains("1 of 4 predictions is not a finite number, first of row"), "\(outcome.errors)")
    }

    @Test func quietIsNotSilentAboutFailure() throws {
        let place = try Workplace()
        try place.write(SampleData.plain(.values, rows: 200), to: "data.csv")
        let diverged = try place.run([
            "train", "data.csv", "--label", "y", "--step", "fixed", "--step-size", "100", "--preconditioner", "none",
            "--output", "run", "--quiet",
        ])
        #expect(diverged.code == 2 && diverged.errors.contains("diverged"), "\(diverged.errors)")
        let late = try place.run([
            "train", "data.csv", "--label", "y", "--end-time", "2001-01-01T00:00:00", "--output", "late", "--quiet",
        ])
        #expect(late.code == 75 && !late.errors.isEmpty, "\(late.code) \(late.errors)")
    }

    @Test func aLostTerminalLeavesAUsableRun() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 500), to: "data.svm")
        let program = try place.start(
            [Workplace.program, "train", "data.svm", "--output", "run"] + SampleData.endless, limit: 60)
        for _ in 0..<200 where !place.exists("run/metrics.jsonl") { usleep(50_000) }
        usleep(300_000)
        program.signal(SIGHUP)
        let outcome = try program.wait()
        #expect(outcome.code == 129, "\(outcome.code) \(outcome.errors)")
        #expect(place.exists("run/model.safetensors"))
    }
}
