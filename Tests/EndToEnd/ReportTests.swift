import Foundation
import FoundationXML
import Platform
import Telemetry
import TestSupport
import Testing

/// The reports of runs of the built program, and the files they are drawn from.
@Suite struct ReportTests {
    /// nil when the page is well-formed XML, which our HTML is too.
    private func fault(in page: String) -> String? {
        let parser = XMLParser(data: Data(page.utf8))
        return parser.parse() ? nil : "line \(parser.lineNumber): \(parser.parserError.map { "\($0)" } ?? "?")"
    }

    private func train(_ place: Workplace, _ data: String, _ options: [String], ranks: Int = 0, output: String) throws {
        try place.write(data, to: "data.svm")
        let outcome = try place.run(
            ranks: ranks, ["train", "data.svm", "--output", output, "--threads", "1"] + options)
        try #require(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("report.html"))
    }

    /// Every kind of label at another number of ranks, each with files that keep to their schemas.
    @Test(arguments: ["classes", "binary", "values"]) func aRunEndsWithAReport(kind: String) throws {
        let place = try Workplace()
        let text =
            kind == "classes" ? SampleData.classes() : kind == "binary" ? SampleData.binary() : SampleData.values()
        let ranks = kind == "classes" ? 3 : kind == "binary" ? 2 : 0
        try train(place, text, ["--validation", "0.2", "--initial-batch", "10"], ranks: ranks, output: "run")
        let page = try place.read("run/report.html")
        #expect(fault(in: page) == nil)
        #expect(try Schema("result").complaints(JSON(text: place.read("run/result.json"))) == [])
        #expect(try Schema("metrics").complaints(lines: place.read("run/metrics.jsonl")) == [])
        #expect(try Schema("status").complaints(JSON(text: place.read("run/status.json"))) == [])
        #expect(try Schema("events").complaints(lines: place.read("run/events.jsonl")) == [])
        let picture = kind == "values" ? "Residuals" : "Confusion matrix"
        for words in [
            "validation rows", "Gradient norm", "ignal to noise", "initial-batch", "Open MPI", picture,
        ] {
            // The MPI may be another one.
            #expect(page.contains(words) || words == "Open MPI" && page.contains("MPICH"), "\(words)")
        }
        #expect(page.contains("ROC curve</h3>") == (kind == "binary"))
        // One rank alone communicates nothing.
        #expect(page.contains("against-bytes\"") == (ranks > 1))
        for forbidden in ["http://", "https://", "<script", "url(", "@import"] {
            #expect(!page.contains(forbidden), "\(forbidden)")
        }
        let quality = try #require(JSON(text: place.read("run/result.json"))["validation"])
        if let rows = quality["rows"]?.integer, let matrix = quality["confusion"]?.array {
            let counts = matrix.map { ($0.array ?? []).map { $0.double ?? .nan } }
            #expect(counts.flatMap { $0 }.reduce(0, +) == Double(rows))
            let right = counts.indices.reduce(0.0) { $0 + counts[$1][$1] }
            #expect(abs(right / Double(rows) - (quality["accuracy"]?.double ?? 0)) < 1e-12)
        }
    }

    /// A run that goes on or is done already leaves one file, and one that cannot be written is no success.
    @Test func coefficientsAreThereAfterEveryStart() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        func train(_ options: [String], ranks: Int = 0) throws -> Outcome {
            try place.run(
                ranks: ranks, ["train", "data.svm", "--output", "run", "--coefficients-file", "k.csv"] + options)
        }
        #expect(try train(["--max-iterations", "1"], ranks: 2).code == 0)
        let first = try place.read("k.csv")
        #expect(try train([], ranks: 3).code == 0)
        let last = try place.read("k.csv")
        #expect(last != first && last.split(separator: "\n").count == 1 + 1 + 5)
        // Done: what is there stays, what is missing is written.
        #expect(try train([]).code == 0)
        #expect(try place.read("k.csv") == last)
        try FileManager.default.removeItem(atPath: place.path("k.csv"))
        #expect(try train([]).code == 0)
        #expect(try place.read("k.csv") == last)
        // Another run does not replace it, and says so before it trains.
        let other = try place.run(["train", "data.svm", "--output", "other", "--coefficients-file", "k.csv"])
        #expect(other.code != 0 && other.errors.contains("it exists") && !place.exists("other/model.safetensors"))
        let nowhere = try place.run(["train", "data.svm", "--output", "other", "--coefficients-file", "none/k.csv"])
        #expect(nowhere.code != 0 && nowhere.errors.contains("none/k.csv"))
    }

    /// What a manager asks: better than nothing, how sure, what drives it, and which rows are wrong.
    @Test func thePageTellsWhatTheModelIsWorth() throws {
        let place = try Workplace()
        var data = SampleData(seed: 21)
        let rows = (0..<400).map { row -> (x: Double, city: String, y: Double) in
            let x = data.next()
            let city = ["Paris", "Rome"][row % 2]
            // Row 58, counted from 1, is a slip of the pen.
            return (x, city, 5 * x + (row % 2 == 0 ? 1 : 0) + 0.1 * data.next() + (row == 57 ? 90 : 0))
        }
        try place.write(
            "x,city,empty,y\n" + rows.map { "\($0.x),\($0.city),,\($0.y)\n" }.joined(), to: "values.csv")
        try place.write(
            "x,city,copy,y\n"
                + rows.map { "\($0.x),\($0.city),\($0.y > 1 ? "in" : "out"),\($0.y > 1 ? "yes" : "no")\n" }.joined(),
            to: "classes.csv")
        for ranks in [1, 3] {
            let outcome = try place.run(
                ranks: ranks, ["train", "values.csv", "--label", "y", "--output", "values\(ranks)"])
            #expect(outcome.code == 0, "\(outcome.errors)")
            let result = try JSON(text: place.read("values\(ranks)/result.json"))
            #expect(result["train"]?["worst"]?.array?.first?["row"]?.integer == 58)
            #expect(result["learned"]?["columns"]?.array?.first?["name"]?.string == "x")
            #expect(result["learned"]?["leftOut"]?.array?.first?["name"]?.string == "empty")
        }
        let page = try place.read("values1/report.html")
        for words in ["What it learned", "Furthest off", "empty (empty in every row)", "rows that it was trained on"] {
            #expect(page.contains(words), "\(words)")
        }
        let leaky = try place.run(
            ranks: 2,
            [
                "train", "classes.csv", "--label", "y", "--test", "0.25", "--output", "classes", "--coefficients-file",
                "k.csv",
            ])
        #expect(leaky.code == 0, "\(leaky.errors)")
        #expect(leaky.output.contains("Column 'copy' alone tells the label"))
        #expect(leaky.output.contains("--drop"))
        #expect(leaky.output.contains("95 % intervals"))
        let found = try JSON(text: place.read("classes/result.json"))
        #expect(try Schema("result").complaints(found) == [])
        #expect(found["remarks"]?.array?.first?.string?.contains("Column 'copy'") == true)
        #expect(found["test"]?["operation"]?["calibration"] != nil)
        #expect(try place.read("k.csv").contains("copy,categories,copy=in,yes,"))
        let drawn = try place.read("classes/report.html")
        for words in ["What to expect at other thresholds", "Are the probabilities to be believed?", "% interval"] {
            #expect(drawn.contains(words), "\(words)")
        }
        #expect(fault(in: drawn) == nil && drawn.utf8.count < 300_000)
        // A network leans on columns too.
        let network = try place.run(
            ranks: 2,
            [
                "train", "classes.csv", "--label", "y", "--drop", "copy", "--model", "mlp:4", "--max-epochs", "3",
                "--output", "net",
            ])
        #expect(network.code == 0, "\(network.errors)")
        let importance = try JSON(text: place.read("net/result.json"))
        #expect(try Schema("result").complaints(importance) == [])
        #expect(importance["importance"]?["columns"]?.array?.count == 2)
        let refused = try place.run(
            ["train", "classes.csv", "--label", "y", "--model", "mlp:4", "--coefficients-file", "n.csv"])
        #expect(refused.code != 0 && refused.errors.contains("--coefficients-file"))
    }

    @Test func severalRunsAreCompared() throws {
        let place = try Workplace()
        for (name, seed) in [("a", "1"), ("b & <b>", "2"), ("c", "3")] {
            try train(place, SampleData.binary(), ["--seed", seed, "--quiet"].filter { $0 != "--quiet" }, output: name)
        }
        let outcome = try place.run(["report", "a", "b & <b>/", "c", "--output", "all.html"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output == "all.html\n")
        let page = try place.read("all.html")
        #expect(fault(in: page) == nil)
        for words in ["3 runs side by side", "b &amp; &lt;b&gt;", "Options that differ", "<code>seed</code>"] {
            #expect(page.contains(words), "\(words)")
        }
        #expect(!page.contains("<b>"))
        let warning = "The objectives are not compared"
        #expect(!page.contains(warning))
        try train(place, SampleData.binary(), ["--l2", "0.1"], output: "d")
        #expect(try place.run(["report", "a", "d", "--output", "two.html"]).code == 0)
        #expect(try place.read("two.html").contains(warning))
        let other = "The scores are not compared"
        #expect(!page.contains(other) && page.contains("class=\"best\""))
        // Other seeds hold back other rows.
        for seed in ["1", "2"] {
            try train(
                place, SampleData.binary(), ["--validation", "0.2", "--seed", seed], output: "v" + seed)
        }
        #expect(try place.run(["report", "v1", "v2", "--output", "seeds.html"]).code == 0)
        let seeds = try place.read("seeds.html")
        #expect(seeds.contains(other) && !seeds.contains("Times and passes are not compared"))
        // Other data: nothing is the best.
        try train(place, SampleData.binary(rows: 300, seed: 9), ["--seed", "1"], output: "f")
        #expect(try place.run(["report", "a", "f", "--output", "apart.html"]).code == 0)
        let apart = try place.read("apart.html")
        #expect(apart.contains(other) && apart.contains("Times and passes are not compared"))
        #expect(!apart.contains("class=\"best\"") && !apart.contains("Bold:"))
        #expect(try place.run(["report", "a", "c"]).output == "report.html\n")
    }

    /// A run that was killed, or still runs: what is there is drawn, and what is not is named.
    @Test func anUnfinishedRunHasAReport() throws {
        let place = try Workplace()
        try train(place, SampleData.binary(), [], output: "run")
        let lines = try place.read("run/metrics.jsonl")
        for name in ["result.json", "report.html", "config.yaml", "status.json", "events.jsonl"] {
            try FileManager.default.removeItem(atPath: place.path("run/" + name))
        }
        try place.write(String(lines.dropLast(40)), to: "run/metrics.jsonl")
        try place.write(#"{"state":"interrupted","reason":"SIGUSR1","attempt":2,"iteration":1}"#, to: "run/status.json")
        try place.write(
            #"{"event":"restart","iteration":1,"seconds":0.1,"attempt":2}"# + "\n"
                + #"{"event":"ranks","iteration":2,"seconds":0.2,"attempt":2,"compute":[1,2],"waiting":[1,0],"samples":[5,5]}"#
                + "\n" + #"{"event":"<i>new</i>","iteration":2,"seconds":0.2,"attempt":2}"# + "\n{\"ev",
            to: "run/events.jsonl")
        #expect(try place.run(["report", "run"]).output == "run/report.html\n")
        let page = try place.read("run/report.html")
        #expect(fault(in: page) == nil)
        for words in [
            "interrupted after", "SIGUSR1", "There is no config.yaml", "has not been judged", "Restart",
            "&lt;i&gt;new", "On each rank",
        ] {
            #expect(page.contains(words), "\(words)")
        }
        try FileManager.default.removeItem(atPath: place.path("run/metrics.jsonl"))
        #expect(try place.run(["report", "run"]).code == 0)
        #expect(try place.read("run/report.html").contains("There is no metrics.jsonl"))
    }

    /// As `report runs/*` finds them.
    @Test func whatIsNoRunAmongSeveralIsLeftOut() throws {
        let place = try Workplace()
        for name in ["a", "b"] { try train(place, SampleData.binary(rows: 40), [], output: "runs/" + name) }
        for name in ["empty", "torn"] {
            try FileManager.default.createDirectory(
                atPath: place.path("runs/" + name), withIntermediateDirectories: true)
        }
        try place.write("{\"stopReason\":", to: "runs/torn/result.json")
        try place.write("words", to: "runs/notes.txt")
        try place.write("{\"stopReason\":", to: "runs/b/result.json")
        let names = ["a", "b", "empty", "notes.txt", "torn"].map { "runs/" + $0 }
        let outcome = try place.run(ranks: 2, ["report"] + names + ["--output", "all.html"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output == "all.html\n")
        #expect(fault(in: try place.read("all.html")) == nil)
        #expect(try place.read("all.html").contains("2 runs side by side"))
        let complaints = outcome.errors.split(separator: "\n")
        #expect(complaints.count == 4, "\(outcome.errors)")
        for words in [
            "left out: runs/empty holds no run: there is no config.yaml",
            "left out: runs/notes.txt holds no run: it is a file",
            "left out: runs/torn holds no run: all there is in it: result.json is damaged",
            "runs/b/result.json is damaged",
        ] {
            #expect(complaints.count { $0.contains(words) } == 1, "\(words): \(outcome.errors)")
        }
        let none = try place.run(["report", "runs/empty", "runs/notes.txt", "--output", "none.html"])
        #expect(none.code == 1 && !place.exists("none.html"))
        #expect(none.errors.contains("there is nothing to draw: none of the 2 holds a run"), "\(none.errors)")
    }

    @Test func whatIsNoRunIsRefused() throws {
        let place = try Workplace()
        try FileManager.default.createDirectory(atPath: place.path("empty"), withIntermediateDirectories: true)
        for folder in ["empty", "nowhere"] {
            let outcome = try place.run(ranks: 2, ["report", folder])
            #expect(outcome.code == 1)
            #expect(outcome.errors.contains("\(folder) holds no run"))
            #expect(outcome.errors.components(separatedBy: "holds no run").count == 2)
            #expect(!place.exists("empty/report.html"))
        }
        #expect(try place.run(["report"]).code == 64)
        try train(place, SampleData.binary(rows: 40), [], output: "run")
        let outcome = try place.run(["report", "run", "--output", "nowhere/report.html"])
        #expect(outcome.code == 1 && outcome.errors.contains("cannot write nowhere/report.html"))
        let many = try place.run(["report"] + [String](repeating: "run", count: 27))
        #expect(many.code == 1 && many.errors.contains("1 to 26 runs"))
    }
}
