import Foundation
import TestSupport
import Testing

/// Files of a run that were cut off or overwritten: named, with the remedy, beside what the others tell.
@Suite struct DamagedRunTests {
    private let command = ["train", "data.svm", "--output", "run"]

    private func finishedRun() throws -> Workplace {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let outcome = try place.run(command + ["--quiet"])
        try #require(outcome.code == 0, "\(outcome.errors)")
        return place
    }

    private func cut(_ name: String, _ place: Workplace) throws {
        let path = URL(fileURLWithPath: place.path(name))
        try Data(contentsOf: path).dropLast(30).write(to: path)
    }

    @Test(arguments: ["result.json", "status.json", "model.safetensors"])
    func infoNamesATornFileAndTheRunWritesItAnew(_ name: String) throws {
        let place = try finishedRun()
        try cut("run/" + name, place)
        let info = try place.run(ranks: 2, ["info", "run"])
        #expect(info.code == 1)
        #expect(info.errors.components(separatedBy: "run/\(name) is ").count == 2, "\(info.errors)")
        #expect(info.errors.contains("crescendo train --config run/config.yaml --output run"), "\(info.errors)")
        // What is whole is shown.
        #expect(info.output.contains("converged") == (name != "result.json"), "\(info.output)")
        #expect(info.output.contains("features      5") == (name != "model.safetensors"), "\(info.output)")
        #expect(info.output.contains("last seen     iteration") == (name == "result.json"), "\(info.output)")
        // The remedy is one.
        let again = try place.run(["train", "--config", "run/config.yaml", "--output", "run", "--quiet"])
        #expect(again.code == 0, "\(again.errors)")
        let after = try place.run(["info", "run"])
        #expect(after.code == 0 && after.errors.isEmpty, "\(after.errors)")
        #expect(try place.run(command).output.contains("has finished already"))
    }

    @Test func infoOfATornModelFileNamesTheRemedy() throws {
        let place = try finishedRun()
        try cut("run/model.safetensors", place)
        let info = try place.run(["info", "run/model.safetensors"])
        #expect(info.code == 1 && info.output.isEmpty)
        #expect(info.errors.contains("run/model.safetensors is cut short"), "\(info.errors)")
        #expect(info.errors.contains("; copy it again, or train the model anew"), "\(info.errors)")
    }

    @Test func aDamagedLineIsNamedOnceByItsNumber() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let first = try place.run(command + ["--max-iterations", "4", "--quiet"])
        try #require(first.code == 0, "\(first.errors)")
        var lines = try place.read("run/metrics.jsonl").split(separator: "\n").map { String($0) }
        try #require(lines.count > 2)
        lines[1] = String(lines[1].dropLast(9))
        try place.write(lines.joined(separator: "\n") + "\n", to: "run/metrics.jsonl")
        let words = "metrics.jsonl, line 2, cannot be read and is left out."
        func times(_ text: String) -> Int { text.components(separatedBy: words).count - 1 }
        #expect(times(try place.run(["info", "run"]).output) == 1)
        #expect(times(try place.run(["watch", "run"]).output) == 1)
        #expect(times(try place.run(["watch", "--once", "run"]).output) == 1)
        let report = try place.run(["report", "run"])
        #expect(report.code == 0 && times(report.errors) == 1, "\(report.errors)")
        #expect(times(try place.read("run/report.html")) == 1)
        let resumed = try place.run(ranks: 2, command + ["--max-iterations", "6"])
        #expect(resumed.code == 0 && times(resumed.errors) == 1, "\(resumed.errors)")
    }

    /// Half a line is what a killed run leaves: no damage, and nothing is written behind it.
    @Test func halfALineIsCutOffWhereTheRunGoesOn() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let first = try place.run(command + ["--max-iterations", "4", "--quiet"])
        try #require(first.code == 0, "\(first.errors)")
        for name in ["run/metrics.jsonl", "run/events.jsonl"] {
            try place.write(try place.read(name) + #"{"iteration":5,"ev"#, to: name)
        }
        let resumed = try place.run(command + ["--max-iterations", "6"])
        #expect(resumed.code == 0 && resumed.errors.isEmpty, "\(resumed.errors)")
        #expect(!(try place.run(["info", "run"]).output.contains("damaged")))
    }
}
