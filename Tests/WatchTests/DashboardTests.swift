import BigBatch
import Foundation
import Platform
import Telemetry
import TestSupport
import Testing

@testable import Watch

/// A run folder as a run leaves it, written by the test.
private struct Folder {
    let path: String
    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
    }
    func append(_ text: String, to name: String) throws {
        let file = try #require(FileHandle(forWritingAtPath: path + "/" + name))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }
    static func metrics(_ count: Int, from first: Int = 1, every seconds: Double = 1) -> String {
        records(count, every: seconds, from: first).map { record in
            var record = record
            record.gradientPasses = 0.256 * Double(record.iteration)
            record.computeSeconds = 0.5 * record.seconds
            record.communicationSeconds = 0.25 * record.seconds
            record.transferSeconds = 0.125 * record.seconds
            return MetricsLine(record, start: 0).json.text + "\n"
        }.joined()
    }
}

private func withRun(_ body: (Folder) throws -> Void) throws { try withFolder { try body(Folder(path: $0)) } }

private func text(_ run: WatchedRun, columns: Int = 100, rows: Int = 40, unicode: Bool = true) -> String {
    Dashboard.lines(run, .init(unicode: unicode, columns: columns, rows: rows))
        .map { $0.rendered(columns: columns, colour: false) }.joined(separator: "\n")
}

@Suite struct DashboardTests {
    @Test func aRunIsSeenFromBeforeItsStartToItsEnd() throws {
        try withRun { folder in
            var run = WatchedRun(path: folder.path)
            func look(_ now: Double) -> String {
                run.refresh(now: now, age: { nil })
                return text(run)
            }
            #expect(look(0).contains("no run is in this folder yet"))
            try folder.write("max-epochs: 40.0\ntheta: 0.8\ngrowth: jump\n", to: "config.yaml")
            try folder.write(#"{"state":"running","attempt":1,"ranks":4}"#, to: "status.json")
            #expect(look(1).contains("starting, 4 ranks"))
            try folder.write(Folder.metrics(3), to: "metrics.jsonl")
            let training = look(2)
            #expect(training.contains("training, 3.0 s of training, 4 ranks"), "\(training)")
            #expect(training.contains("256 rows (26 % of all)"))
            #expect(training.contains("computing 50 %"))
            #expect(training.contains("transfer 13 %"))
            #expect(training.contains("waiting 13 %"))
            #expect(training.contains("3 iterations, 0.768 passes over the data"))
            #expect(training.contains("falls below 1.6"))
            // 39.232 passes at 0.256 a second.
            #expect(training.contains("ends at 40 passes at the latest, in about 2 min 33 s at this pace"))
            // Half a line, then the rest.
            let line = Folder.metrics(1, from: 4)
            try folder.append(String(line.prefix(40)), to: "metrics.jsonl")
            #expect(look(3).contains("3 iterations"))
            try folder.append(String(line.dropFirst(40)), to: "metrics.jsonl")
            #expect(look(4).contains("4 iterations"))
            // Nothing new for long.
            #expect(look(14).contains("last news 10 s ago"))
            #expect(look(64).contains("no news for 1 min 00 s: a long iteration, or the run was killed"))
            // It went on from iteration 2.
            try folder.write(Folder.metrics(2), to: "metrics.jsonl")
            try folder.write(#"{"state":"running","attempt":2,"ranks":2}"#, to: "status.json")
            let again = look(65)
            #expect(again.contains("training, attempt 2, 2.0 s of training, 2 ranks"), "\(again)")
            #expect(again.contains("2 iterations"))
            try folder.write(#"{"state":"finished","reason":"validationPlateau","ranks":2}"#, to: "status.json")
            let end = look(1000)
            #expect(end.contains("finished"))
            #expect(end.contains(StopReason.validationPlateau.explanation))
            #expect(!end.contains("at this pace"))
        }
    }

    @Test(arguments: [("failed", "no step: diverged"), ("interrupted", "SIGTERM")])
    func theEndIsExplained(_ state: String, _ reason: String) throws {
        try withRun { folder in
            try folder.write("{\"state\":\"\(state)\",\"reason\":\"\(reason)\"}", to: "status.json")
            var run = WatchedRun(path: folder.path)
            run.refresh(now: 0, age: { nil })
            #expect(run.stage.isOver)
            #expect(run.stage.name == state)
            #expect(text(run).contains(reason))
        }
    }

    @Test func aRunWithoutAStatusIsJudgedByItsResult() throws {
        try withRun { folder in
            try folder.write(Folder.metrics(2), to: "metrics.jsonl")
            var run = WatchedRun(path: folder.path)
            run.refresh(now: 0, age: { 3600 })
            #expect(run.stage == .silent(seconds: 3600))
            try folder.write(#"{"stopReason":"gradientNorm","rows":5000}"#, to: "result.json")
            run.refresh(now: 1, age: { 3600 })
            #expect(run.stage == .finished(StopReason.gradientNorm.explanation))
            #expect(text(run).contains("256 rows (5.1 % of all)"))
        }
    }

    @Test func eventsAndRanksAreTold() throws {
        try withRun { folder in
            try folder.write(Folder.metrics(30), to: "metrics.jsonl")
            try folder.write(
                """
                {"event":"start","iteration":0,"seconds":0,"attempt":1,"ranks":3,"threads":1}
                {"event":"checkpoint","iteration":10,"seconds":10,"bytes":1000,"stallSeconds":0.001,"writeSeconds":0.02}
                {"event":"checkpoint","iteration":20,"seconds":20,"bytes":2000,"stallSeconds":0.001,"writeSeconds":0.02}
                {"event":"ranks","iteration":21,"seconds":21,"window":2,"compute":[1,1,2],"waiting":[1,1,0],"samples":[5,5,5]}
                {"event":"straggler","iteration":22,"seconds":22,"rank":2,"host":"node7","slowdown":2.0}
                {"event":"somethingNew","iteration":23,"seconds":23,"size":7}

                """, to: "events.jsonl")
            var run = WatchedRun(path: folder.path)
            run.refresh(now: 0, age: { nil })
            let text = text(run)
            #expect(text.contains("start on 3 ranks"), "\(text)")
            #expect(!text.contains("checkpoint after iteration 10,"))
            #expect(text.contains("checkpoint after iteration 20: 2 kB in 20 ms"))
            #expect(text.contains("rank 2 on node7 is slow: a row takes it 2 times as long"))
            #expect(text.contains("somethingNew after iteration 23: size 7"))
            #expect(text.contains("rank 2 computes longest: 100 % of the time, the one in the middle 50 %"))
            #expect(text.contains("▅▅█ computing, by rank"))
            #expect(text.contains("a crash now would cost 10 s of training"))
        }
    }

    /// Of many ranks a sample is told, and the slowest by name.
    @Test func manyRanksAreASample() throws {
        try withRun { folder in
            try folder.write(Folder.metrics(30), to: "metrics.jsonl")
            try folder.write(
                """
                {"event":"ranks","iteration":21,"seconds":21,"window":2,"compute":[1,1,2],"waiting":[1,1,0],"samples":[5,5,5],\
                "ranks":10000,"rank":[7,8,9123],"slowest":[{"rank":9123,"compute":2,"host":"node7"}]}

                """, to: "events.jsonl")
            var run = WatchedRun(path: folder.path)
            run.refresh(now: 0, age: { nil })
            let text = text(run)
            #expect(text.contains("rank 9123 on node7 computes longest: 100 % of the time"), "\(text)")
            #expect(text.contains("▅▅█ computing, 3 of 10,000 ranks in order"))
        }
    }

    @Test func noPictureIsLargerThanTheScreen() throws {
        try withRun { folder in
            try folder.write("max-epochs: 40.0\ntheta: 0.8\ngrowth: jump\npatience: 10\n", to: "config.yaml")
            try folder.write(Folder.metrics(300), to: "metrics.jsonl")
            try folder.write(
                (1...9).map { "{\"event\":\"recovery\",\"iteration\":\($0),\"seconds\":\($0)}\n" }.joined(),
                to: "events.jsonl")
            var run = WatchedRun(path: folder.path)
            run.refresh(now: 0, age: { nil })
            for columns in [1, 10, 20, 40, 79, 80, 200] {
                for rows in [1, 2, 3, 5, 10, 15, 20, 24, 30, 50, 100] {
                    let lines = Dashboard.lines(run, .init(unicode: true, columns: columns, rows: rows))
                    #expect(lines.count <= rows, "\(columns) × \(rows)")
                    #expect(lines.allSatisfy { $0.rendered(columns: columns, colour: false).count <= columns })
                }
            }
            // A screen of the usual size has it all.
            let usual = text(run, columns: 80, rows: 24)
            for word in [
                "objective", "batch size", "signal to noise", "step size", "work", "time", "next", "events", "q leaves",
            ] {
                #expect(usual.contains(word), "\(usual)")
            }
            let plain = text(run, unicode: false)
            #expect(!plain.unicodeScalars.contains { !$0.isASCII })
        }
    }

    @Test func withoutATerminalThereIsALineWhenThereIsNews() throws {
        try withRun { folder in
            try folder.write(Folder.metrics(3), to: "metrics.jsonl")
            try folder.write(#"{"state":"running","attempt":1,"ranks":4}"#, to: "status.json")
            var run = WatchedRun(path: folder.path)
            var watch = WatchText(interval: 5)
            func look(_ now: Double) -> [String] {
                let events = run.refresh(now: now, age: { nil })
                return watch.lines(run, events: events, now: now)
            }
            let first = look(0)
            #expect(first.count == 2)
            #expect(first[0].contains("3.0 s  passes 0.77  batch size 256"), "\(first)")
            #expect(first[1] == "\(folder.path): training")
            try folder.append(Folder.metrics(1, from: 4), to: "metrics.jsonl")
            #expect(look(1).isEmpty)
            #expect(look(5).count == 1)
            #expect(look(10).isEmpty)
            try folder.write("{\"event\":\"recovery\",\"iteration\":4,\"seconds\":4}\n", to: "events.jsonl")
            #expect(look(11) == ["       4.0 s  back to earlier parameters, with a shorter step after iteration 4"])
            try folder.append(Folder.metrics(1, from: 5), to: "metrics.jsonl")
            try folder.write(#"{"state":"finished","reason":"iterationLimit"}"#, to: "status.json")
            let end = look(12)
            #expect(end.count == 2)
            #expect(end.last?.contains("finished. " + StopReason.iterationLimit.explanation) == true)
        }
    }
}
