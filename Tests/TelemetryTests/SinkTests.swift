import BigBatch
import Foundation
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Telemetry

/// The sink that the documentation of `RunSink` shows.
private final class LossTable: RunSink {
    let name = "the table of losses"
    private let file: FileHandle
    init(_ file: FileHandle) { self.file = file }
    func receive(_ news: RunNews) throws {
        for line in news.iterations {
            try file.write(contentsOf: Data("\(line.record.seconds),\(line.record.loss)\n".utf8))
        }
    }
}

/// Remembers what it was told.
private final class Listener: RunSink, Sendable {
    let name = "the listener"
    let heard = Mutex<[Int]>([])
    let end = Mutex<TrainingResult??>(nil)
    func receive(_ news: RunNews) { heard.withLock { $0 += news.iterations.map(\.record.iteration) } }
    func finish(_ result: TrainingResult?) { end.withLock { $0 = .some(result) } }
}

/// Takes a few deliveries and then no more.
private final class Tired: RunSink, Sendable {
    struct Asleep: Error, CustomStringConvertible { let description = "asleep" }
    let name = "the tired one"
    let calls = Mutex(0)
    func receive(_ news: RunNews) throws {
        calls.withLock { $0 += 1 }
        throw Asleep()
    }
}

@Suite struct SinkTests {
    @Test func aSinkOfOnesOwnIsAFewLines() throws {
        try withFolder { folder in
            let path = folder + "/losses.csv"
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            let telemetry = RunTelemetry(
                sinks: [LossTable(try #require(FileHandle(forWritingAtPath: path)))], warn: { _ in })
            for record in records(2, every: 1) { telemetry.iterationDidEnd(record) }
            telemetry.finish(TrainingResult())
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "1.0,1.0\n2.0,0.5\n")
        }
    }

    @Test func aSinkThatThrowsIsTurnedOffAndTheOthersGoOn() {
        let warnings = Warnings()
        let (first, tired, last) = (Listener(), Tired(), Listener())
        let telemetry = RunTelemetry(sinks: [first, tired, last], warn: { warnings.add($0) })
        telemetry.iterationDidEnd(records(1, every: 1)[0])
        for _ in 0..<500 where tired.calls.withLock({ $0 }) == 0 { usleep(10_000) }
        telemetry.iterationDidEnd(records(1, every: 1, from: 2)[0])
        telemetry.finish()
        #expect(tired.calls.withLock { $0 } == 1)
        #expect(warnings.all == ["asleep. Training goes on without the tired one."])
        for listener in [first, last] {
            #expect(listener.heard.withLock { $0 } == [1, 2])
            #expect(listener.end.withLock { $0 != nil && $0! == nil })
        }
    }

    @Test func theTimeOfDayFollowsTheSecondsOfTheRun() throws {
        final class Clock: RunSink, Sendable {
            let name = "the clock"
            let times = Mutex<[Double]>([])
            func receive(_ news: RunNews) {
                times.withLock { $0 += news.iterations.map { news.epoch + $0.record.seconds } }
            }
        }
        let clock = Clock()
        let telemetry = RunTelemetry(sinks: [clock], warn: { _ in })
        let before = Date().timeIntervalSince1970
        // A run that had trained for an hour before it was interrupted.
        for record in records(2, every: 1, from: 3600) { telemetry.iterationDidEnd(record) }
        telemetry.finish()
        let times = clock.times.withLock { $0 }
        #expect(times.count == 2)
        #expect(times[0] - before >= 0 && times[0] - before < 10)
        #expect(abs(times[1] - times[0] - 1) < 1e-6)
    }

    @Test func aFullDiskIsNamed() {
        let file = GrowingFile(path: "/dev/full")
        let error = #expect(throws: FileWriteError.self) { try file.append([1, 2, 3], ends: [3]) }
        #expect(error?.description == "cannot write /dev/full: No space left on device")
    }

    @Test(arguments: ["/dev/full", absentFolder + "/metrics.jsonl"])
    func aFileThatTakesNothingWarnsOnce(_ path: String) {
        let warnings = Warnings()
        let telemetry = RunTelemetry(
            sinks: [MetricsFile(path: path, warn: { warnings.add($0) })], warn: { warnings.add($0) })
        for record in records(10, every: 1) { telemetry.iterationDidEnd(record) }
        telemetry.finish()
        #expect(warnings.all.count == 1)
        #expect(warnings.all.first?.contains(path) == true)
        #expect(warnings.all.first?.hasSuffix("its metrics wait until there is room.") == true)
    }
}
