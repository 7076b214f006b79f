import BigBatch
import Foundation
import TestSupport
import Testing

@testable import Telemetry

@Suite struct PrometheusTests {
    private func sink(_ path: String, interval: Double = 0) -> PrometheusSink {
        PrometheusSink(
            path: path, labels: [("run", "a \"run\"\\1\n"), ("slurm_job_id", "7")], rows: 1000, interval: interval)
    }

    private func news(_ change: (inout IterationRecord) -> Void = { _ in }) -> RunNews {
        var record = records(1, every: 2)[0]
        record.computeSeconds = 1
        record.communicationSeconds = 0.75
        record.transferSeconds = 0.25
        change(&record)
        return RunNews(iterations: [MetricsLine(record, start: 0)], epoch: 1_700_000_000)
    }

    /// Samples of a text in the exposition format by name and labels; checks what the format asks for.
    private func samples(_ text: String) throws -> [String: Double] {
        var samples: [String: Double] = [:]
        var family = ""
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3)
            if line.hasPrefix("# HELP ") {
                family = String(words[2])
                #expect(words.count == 4)
            } else if line.hasPrefix("# TYPE ") {
                #expect(words[2] == family)
                #expect((words[3] == "counter") == family.hasSuffix("_total"))
            } else {
                let end = try #require(line.lastIndex(of: " "))
                let name = String(line[..<end])
                #expect(name.prefix { $0 != "{" } == family)
                let value = String(line[line.index(after: end)...])
                #expect(samples.updateValue(try #require(Double(value.lowercased())), forKey: name) == nil)
            }
        }
        return samples
    }

    @Test func aFileHoldsTheStateWithLabelsEscaped() throws {
        try withFolder { folder in
            let path = folder + "/run.prom"
            let sink = sink(path)
            try sink.receive(news { $0.validationLoss = 0.5 })
            // Not every iteration has a validation loss; the last one known stays.
            try sink.receive(
                news {
                    $0.iteration = 2
                    $0.signalToNoise = .infinity
                })
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text.hasSuffix("\n"))
            let labels = #"run="a \"run\"\\1\n",slurm_job_id="7""#
            let found = try samples(text)
            func value(_ name: String, _ more: String = "") -> Double? { found["crescendo_\(name){\(labels)\(more)}"] }
            #expect(value("iterations_total") == 2)
            #expect(value("validation_loss") == 0.5)
            #expect(value("signal_to_noise_ratio") == .infinity)
            #expect(value("training_rows") == 1000)
            #expect(value("last_iteration_timestamp_seconds") == 1_700_000_002)
            for (activity, seconds) in [("computing", 1), ("transfer", 0.25), ("waiting", 0.5), ("other", 0.25)] {
                #expect(value("rank_seconds_total", ",activity=\"\(activity)\"") == seconds)
            }
            #expect(value("run_state", ",state=\"running\"") == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["run.prom"])
        }
    }

    @Test(arguments: [
        (StopReason.gradientNorm, "finished"), (.iterationLimit, "finished"), (.signal, "interrupted"),
        (.divergence, "failed"), (nil, "failed"),
    ])
    func theLastStateTellsHowItEnded(_ reason: StopReason?, _ state: String) throws {
        try withFolder { folder in
            let path = folder + "/run.prom"
            let sink = sink(path, interval: 1000)
            try sink.receive(RunNews())
            try sink.receive(news())
            #expect(!(try String(contentsOfFile: path, encoding: .utf8)).contains("crescendo_iterations_total{"))
            try sink.finish(
                reason.map {
                    var result = TrainingResult()
                    result.stopReason = $0
                    return result
                })
            let found = try samples(try String(contentsOfFile: path, encoding: .utf8))
            for (name, value) in found where name.hasPrefix("crescendo_run_state") {
                #expect(value == (name.contains("state=\"\(state)\"") ? 1 : 0))
            }
            #expect(found.keys.contains { $0.hasPrefix("crescendo_iterations_total") })
        }
    }

    @Test(arguments: [
        (0.0, "0"), (1e15, "1000000000000000"), (0.1, "0.1"), (.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
        (1e-300, "1e-300"), (-2.5, "-2.5"),
    ])
    func numbersAreThoseOfTheFormat(_ value: Double, _ text: String) {
        #expect(MetricFamily.number(value) == text)
    }

    @Test(arguments: [absentFolder + "/run.prom", "/dev/full/run.prom"])
    func aPlaceThatTakesNothingTurnsItOff(_ path: String) {
        let warnings = Warnings()
        let telemetry = RunTelemetry(sinks: [sink(path)], warn: { warnings.add($0) })
        for record in records(3, every: 1) { telemetry.iterationDidEnd(record) }
        telemetry.finish()
        #expect(warnings.all.count == 1)
        #expect(warnings.all.first?.hasSuffix("Training goes on without the file for Prometheus.") == true)
    }

    private static let hasPromtool = (try? runCommand(["promtool", "--version"]).code) == 0

    @Test(.enabled(if: hasPromtool, "promtool (Debian package prometheus) is not installed"))
    func promtoolFindsNothingToSay() throws {
        try withFolder { folder in
            let path = folder + "/run.prom"
            let sink = sink(path)
            let ranks = RunEvent(
                "ranks", iteration: 1, seconds: 1,
                [
                    ("window", .number(2)), ("compute", .array([.number(1), .number(2)])),
                    ("waiting", .array([.number(1), .number(0)])), ("samples", .array([.integer(1), .integer(1)])),
                ])
            try sink.receive(RunNews(events: [ranks, RunEvent("checkpoint", iteration: 1, seconds: 1)]))
            #expect(
                try String(contentsOfFile: path, encoding: .utf8).contains(#"statistic="most"} 1"#))
            for change in [{ $0.validationLoss = 0.5 }, { $0.loss = .nan }] as [(inout IterationRecord) -> Void] {
                try sink.receive(news(change))
                let (code, output) = try runCommand(["promtool", "check", "metrics"], input: path)
                #expect(code == 0, "\(output)")
                #expect(output.isEmpty, "\(output)")
            }
        }
    }
}
