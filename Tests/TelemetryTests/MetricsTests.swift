import BigBatch
import Foundation
import Synchronization
import Testing

@testable import Telemetry

/// Iterations one after another, `seconds` apart.
func records(_ count: Int, every seconds: Double, from first: Int = 1) -> [IterationRecord] {
    (first..<first + count).map { number in
        var record = IterationRecord()
        record.iteration = number
        record.seconds = Double(number) * seconds
        record.batchSize = 256
        record.trials = 2
        record.loss = 1 / Double(number)
        record.signalToNoise = 1.5
        return record
    }
}

/// A fresh folder that is removed afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/crescendo-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
}

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

@Suite struct AtomicFileTests {
    @Test func aFileIsWholeOrAsItWas() throws {
        try withFolder { folder in
            let path = folder + "/result.json"
            try AtomicFile.write("first", to: path)
            let writer = try AtomicFileWriter(path: path)
            try writer.write(Array("sec".utf8))
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "first")
            try writer.write(Array("ond".utf8))
            try writer.commit()
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "second")
            let other = try AtomicFileWriter(path: path)
            try other.write(Array("third".utf8))
            other.abandon()
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "second")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["result.json"])
        }
    }

    @Test func aFolderThatIsMissingIsNamed() {
        let error = #expect(throws: FileWriteError.self) { try AtomicFile.write("x", to: absentFolder + "/file") }
        #expect(error?.description == "cannot write \(absentFolder)/file: No such file or directory")
    }
}
