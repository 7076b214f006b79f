import Foundation
import TestSupport
import Testing

/// `--tensorboard` and `--prometheus`: what a run shows to other programs.
@Suite struct LiveSinkTests {
    @Test func filesForTensorBoardAndPrometheusAreThere() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let outcome = try place.run(
            ranks: 2, ["train", "data.svm", "--output", "runs/first", "--prometheus", "state.prom"])
        try #require(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.errors.isEmpty, "\(outcome.errors)")
        let names = try FileManager.default.contentsOfDirectory(atPath: place.path("runs/first/tensorboard"))
        #expect(names.count == 1)
        #expect(names[0].hasPrefix("events.out.tfevents."))
        let events = try Data(contentsOf: URL(fileURLWithPath: place.path("runs/first/tensorboard/\(names[0])")))
        for tag in ["brain.Event:2", "progress/objective", "method/batch_size", "model: logistic"] {
            #expect(events.range(of: Data(tag.utf8)) != nil, "\(tag)")
        }
        let state = try place.read("state.prom")
        let iterations = try #require(try place.json("runs/first/result.json")["iterations"] as? Int)
        let labels = "run=\"first\",folder=\"\(place.path("runs/first"))\""
        #expect(state.contains("crescendo_iterations_total{\(labels)} \(iterations)\n"), "\(state)")
        #expect(state.contains("crescendo_run_state{\(labels),state=\"finished\"} 1\n"))
        let configuration = try place.read("runs/first/config.yaml")
        #expect(configuration.contains("tensorboard: true\n"))
        #expect(configuration.contains("prometheus: \"\(place.path("state.prom"))\"\n"), "\(configuration)")
    }

    /// The collector refuses all files where two hold the same series.
    @Test func runsOfTheSameNameWriteDifferentSeries() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 40), to: "data.svm")
        var series: [Set<Substring>] = []
        for parent in ["seed1", "seed \"2\""] {
            let outcome = try place.run([
                "train", "data.svm", "--output", "\(parent)/../\(parent)/run", "--prometheus", "state.prom", "--quiet",
            ])
            try #require(outcome.code == 0, "\(outcome.errors)")
            let lines = try place.read("state.prom").split(separator: "\n").filter { !$0.hasPrefix("#") }
            series.append(Set(lines.compactMap { line in line.lastIndex(of: " ").map { line[..<$0] } }))
        }
        #expect(series[0].isDisjoint(with: series[1]) && !series[0].isEmpty)
        let folder = #"folder="\#(place.path(#"seed \"2\""#))/run""#
        #expect(series[1].allSatisfy { $0.contains(folder) }, "\(series[1])")
    }

    /// A restart after a kill before the first checkpoint, and one on other ranks: each begins with the START of a session.
    @Test func everyRestartTellsTensorBoard() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 2000), to: "data.svm")
        let command = ["train", "data.svm", "--output", "run", "--checkpoint-every", "0"] + SampleData.endless
        var starts: [Int] = []
        var step = 0
        for (ranks, signal) in [(0, SIGKILL), (0, SIGUSR1), (2, SIGUSR1)] {
            let running = try place.start(Workplace.command(ranks: ranks, command))
            let attempt = starts.count + 1
            var names: [String] = []
            for _ in 0..<600 where names.count < attempt {
                usleep(50_000)
                names = (try? FileManager.default.contentsOfDirectory(atPath: place.path("run/tensorboard"))) ?? []
            }
            usleep(700_000)
            for rank in running.ranks.prefix(1) { kill(rank, signal) }
            _ = try running.wait()
            let newest = try #require(names.max())
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: place.path("run/tensorboard/" + newest))))
            // Field 2 of the event is the step, field 7 a message whose field 1 is 1.
            var mark: [UInt8] = [0x10]
            var rest = step
            while rest > 127 {
                mark.append(UInt8(rest % 128 + 128))
                rest /= 128
            }
            mark += [UInt8(rest), 0x3A, 2, 8, 1]
            starts.append(bytes.indices.dropLast(mark.count).count { bytes[$0..<$0 + mark.count].elementsEqual(mark) })
            let iteration = try #require(try place.json("run/status.json")["iteration"] as? Int)
            step = iteration == 0 ? 0 : iteration + 1
        }
        #expect(step > 2)
        #expect(starts == [1, 1, 1])
    }

    @Test func theyCanBeTurnedOff() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 40), to: "data.svm")
        try place.write("data: data.svm\ntensorboard: false\noutput: run\n", to: "config.yaml")
        let outcome = try place.run(["train", "--config", "config.yaml"])
        try #require(outcome.code == 0, "\(outcome.errors)")
        #expect(!place.exists("run/tensorboard"))
    }

    @Test func aPlaceThatCannotBeWrittenIsAWarning() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 40), to: "data.svm")
        let outcome = try place.run(
            ranks: 2, ["train", "data.svm", "--output", "run", "--prometheus", "missing/state.prom"])
        #expect(outcome.code == 0)
        #expect(outcome.errors.components(separatedBy: "warning").count == 2, "\(outcome.errors)")
        #expect(outcome.errors.contains("missing/state.prom: No such file or directory"), "\(outcome.errors)")
        #expect(place.exists("run/model.safetensors"))
    }

    @Test(arguments: ["state.txt", "folder", ".prom"])
    func namesThatTheCollectorWouldNotReadAreRefused(_ name: String) throws {
        let place = try Workplace()
        try place.write(SampleData.binary(rows: 40), to: "data.svm")
        let outcome = try place.run(["train", "data.svm", "--output", "run", "--prometheus", name])
        #expect(outcome.code == 64)
        #expect(outcome.errors.contains("ends in .prom"), "\(outcome.errors)")
        #expect(!place.exists("run"))
    }
}
