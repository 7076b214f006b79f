import BigBatch
import Foundation
import Telemetry
import TestSupport
import Testing

@testable import Runs

@Suite struct RunFolderReaderTests {
    private func append(_ text: String, to path: String) throws {
        let file = fopen(path, "a")
        try #require(file != nil)
        fputs(text, file)
        fclose(file)
    }

    @Test func aMetricsLineReadsBack() throws {
        var record = IterationRecord()
        record.iteration = 12
        record.seconds = 0.1 + 0.2
        record.gradientPasses = 1.25
        record.featurePasses = 2.5
        record.batchSize = 4096
        record.loss = 1e-30
        record.gradientNorm = .nan
        record.signalToNoise = .infinity
        record.stepSize = 0.5
        record.trials = 3
        record.allreduces = 40
        record.communicatedBytes = 1 << 40
        record.computeSeconds = 0.1
        record.communicationSeconds = 0.02
        record.transferSeconds = 0.01
        record.nonFinite = 2
        record.validationLoss = 0.75
        var line = MetricsLine(record, start: 0)
        line.firstIteration = 10
        let text = line.json.text
        let read = try #require(Array(text.utf8).withUnsafeBufferPointer { MetricsLine(bytes: $0) })
        #expect(read.json.text == text)
        #expect(read.firstIteration == 10)
        #expect(read.record.gradientNorm.isNaN)
        #expect(read.record.signalToNoise == .infinity)
    }

    @Test func membersMayStandInAnyOrderOrBeUnknown() throws {
        let text = #" { "loss" : 0.5 , "new" : [1, {"x": "}"}], "iteration" : 3 } "#
        let line = try #require(Array(text.utf8).withUnsafeBufferPointer { MetricsLine(bytes: $0) })
        #expect(line.record.loss == 0.5)
        #expect(line.firstIteration == 3)
        for wrong in [#"{"loss":1}"#, #"{"iteration":1"#, "[]", #"{"iteration":1}x"#, #"{"iteration":0.5}"#] {
            #expect(Array(wrong.utf8).withUnsafeBufferPointer { MetricsLine(bytes: $0) } == nil)
        }
    }

    @Test func aGrowingRunIsFollowed() throws {
        try withFolder { folder in
            var reader = RunFolderReader(path: folder + "/")
            #expect(reader.refresh().isEmpty)
            #expect(!reader.looksLikeARun)
            let metrics = folder + "/metrics.jsonl"
            try append("{\"iteration\":1,\"loss\":1}\n{\"iteration\":2,\"lo", to: metrics)
            var update = reader.refresh()
            #expect(update.linesRestarted)
            #expect(update.lines.map(\.record.iteration) == [1])
            #expect(reader.refresh().isEmpty)
            try append("ss\":0.5}\nrubbish\n", to: metrics)
            try append(
                "{\"event\":\"checkpoint\",\"iteration\":2,\"seconds\":0.5,\"attempt\":1}\n",
                to: folder + "/events.jsonl")
            try append("{\"state\":\"running\"}", to: folder + "/status.json")
            update = reader.refresh()
            #expect(!update.linesRestarted)
            #expect(update.eventsRestarted)
            #expect(update.lines.map(\.record.iteration) == [2])
            #expect(update.events.map(\.kind) == ["checkpoint"])
            #expect(update.events[0].attempt == 1)
            #expect(reader.spoiltLines == 1)
            #expect(reader.status?["state"]?.string == "running")
            #expect(reader.result == nil)
            // A file that is being written is no document yet.
            try append("{\"objective\":0.1", to: folder + "/result.json")
            #expect(reader.refresh().isEmpty)
            #expect(reader.result == nil)
        }
    }

    /// After a restart the lines behind the checkpoint are gone and others stand in their place.
    @Test func aFileCutShortIsReadAnew() throws {
        try withFolder { folder in
            let metrics = folder + "/metrics.jsonl"
            func line(_ iteration: Int, _ loss: Double) -> String {
                "{\"iteration\":\(iteration),\"loss\":\(loss)}\n"
            }
            try append((1...100).map { line($0, 1) }.joined(), to: metrics)
            var reader = RunFolderReader(path: folder)
            #expect(reader.refresh().lines.count == 100)
            truncate(metrics, off_t(line(1, 1).utf8.count * 9 + line(10, 1).utf8.count))
            try append((11...200).map { line($0, 2) }.joined(), to: metrics)
            let update = reader.refresh()
            #expect(update.linesRestarted)
            #expect(update.lines.map(\.record.iteration) == Array(1...200))
            try FileManager.default.removeItem(atPath: metrics)
            #expect(reader.refresh().lines.isEmpty)
            #expect(!reader.hasMetrics)
        }
    }

    @Test func longFilesAreReadInBlocks() throws {
        try withFolder { folder in
            let metrics = folder + "/metrics.jsonl"
            let lines = records(6000, every: 0.01).map { MetricsLine($0, start: 0).json.text }
            try append(lines.joined(separator: "\n"), to: metrics)
            var reader = RunFolderReader(path: folder)
            let update = reader.refresh()
            // The last line has no end yet.
            #expect(update.lines.count == 5999)
            #expect(update.lines.enumerated().allSatisfy { $0.element.record.iteration == $0.offset + 1 })
            try append("\n", to: metrics)
            #expect(reader.refresh().lines.map(\.record.iteration) == [6000])
        }
    }
}
