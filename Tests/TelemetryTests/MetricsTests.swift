import BigBatch
import Foundation
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Telemetry

func jsonLines(_ path: String) throws -> [[String: Any]] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
        try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
}

/// Counts warnings.
final class Warnings: Sendable {
    private let texts = Mutex<[String]>([])
    func add(_ text: String) { texts.withLock { $0.append(text) } }
    var all: [String] { texts.withLock { $0 } }
}

@Suite struct MetricsTests {
    static let keys: Set = [
        "iteration", "seconds", "gradientPasses", "featurePasses", "batchSize", "loss", "gradientNorm", "signalToNoise",
        "stepSize", "trials", "allreduces", "communicatedBytes", "computeSeconds", "communicationSeconds",
        "transferSeconds",
    ]

    @Test func aLineHasExactlyTheKeysPromised() throws {
        try withFolder { folder in
            let file = MetricsFile(path: folder + "/metrics.jsonl", warn: { _ in })
            var record = IterationRecord()
            record.iteration = 1
            record.signalToNoise = .infinity
            file.receive(RunNews(iterations: [MetricsLine(record, start: 0)]))
            record.iteration = 2
            record.validationLoss = 0.5
            file.receive(RunNews(iterations: [MetricsLine(record, start: 0)]))
            file.finish(nil)
            let lines = try jsonLines(folder + "/metrics.jsonl")
            #expect(lines.count == 2)
            #expect(Set(lines[0].keys) == Self.keys)
            #expect(lines[0]["signalToNoise"] is NSNull)
            #expect(Set(lines[1].keys) == Self.keys.union(["validationLoss"]))
        }
    }

    @Test func longIterationsHaveALineEach() throws {
        var ring = MetricsRing(unmerged: 0)
        for record in records(50, every: 0.002) { ring.append(record) }
        #expect(ring.drain().map(\.record.iteration) == Array(1...50))
    }

    @Test func shortIterationsShareLinesOfTwoMilliseconds() throws {
        var ring = MetricsRing(unmerged: 10)
        for record in records(1000, every: 0.0001) { ring.append(record) }
        let lines = ring.drain()
        #expect(lines.prefix(10).allSatisfy { $0.firstIteration == $0.record.iteration })
        #expect(lines.count < 150)
        var next = 1
        for line in lines {
            #expect(line.firstIteration == next)
            #expect(line.record.seconds - line.start < 0.00201)
            #expect(line.record.trials == 2 * (line.record.iteration - line.firstIteration + 1))
            next = line.record.iteration + 1
        }
        #expect(next == 1001)
        let shared = try #require(lines.last { $0.firstIteration != $0.record.iteration })
        #expect(shared.json["firstIteration"] == .integer(shared.firstIteration))
    }

    @Test func aWriterThatFallsBehindLosesNoIteration() {
        var ring = MetricsRing(capacity: 8, unmerged: 1000)
        for record in records(100, every: 1) { ring.append(record) }
        let lines = ring.drain()
        #expect(lines.count == 8)
        #expect(lines.last?.firstIteration == 8)
        #expect(lines.last?.record.iteration == 100)
        #expect(ring.drain().isEmpty)
        ring.append(records(1, every: 1, from: 101)[0])
        #expect(ring.drain().map(\.firstIteration) == [101])
    }

    @Test func theThreadWritesWhileTrainingGoesOn() throws {
        try withFolder { folder in
            let path = folder + "/metrics.jsonl"
            let telemetry = RunTelemetry(sinks: [MetricsFile(path: path, warn: { _ in })], warn: { _ in })
            for record in records(3, every: 1) { telemetry.iterationDidEnd(record) }
            var size = 0
            for _ in 0..<500 where size == 0 {
                usleep(20_000)
                size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            }
            #expect(size > 0)
            telemetry.iterationDidEnd(records(1, every: 1, from: 4)[0])
            telemetry.finish()
            telemetry.finish()
            #expect(try jsonLines(path).compactMap { $0["iteration"] as? Int } == [1, 2, 3, 4])
        }
    }
}
