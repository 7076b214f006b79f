import BigBatch
import Foundation
import Platform
import Testing
import Watch

@testable import Pages
@testable import Telemetry

/// Numbers in the files of a run that no run comes to: left out and told, with the file's name.
@Suite struct DamagedNumberTests {
    private func withRun(_ files: [String: String], _ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/damaged-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name)) }
        try body(folder)
    }

    /// All that a run is shown by.
    private func shown(_ folder: String) throws -> String {
        var watched = WatchedRun(path: folder)
        let events = watched.refresh(now: 100, age: { 1 })
        var text = WatchText()
        let lines = text.lines(watched, events: events, now: 0)
        let picture = Dashboard.lines(watched, .init(unicode: true, columns: 300, rows: 60)).map(\.text)
        return (lines + picture + [try RunReport(folders: [folder]).html]).joined(separator: "\n")
    }

    @Test func timesBeyondIntAreTimesStill() {
        #expect(NumberFormat.duration(9.2e18) == "9.2e+18 s")
        #expect(NumberFormat.duration(1e300) == "1e+300 s")
        #expect(NumberFormat.duration(3.2e9) == "888888 h 53 min")
    }

    @Test func linesThatCannotBeAreLeftOutAndCounted() throws {
        let good = #"{"iteration":1,"seconds":0.1,"batchSize":50,"loss":0.7,"gradientPasses":0.5}"#
        let bad = [
            #"{"iteration":-3,"seconds":0.2,"loss":0.5}"#, #"{"iteration":2,"seconds":9.2e18,"loss":0.5}"#,
            #"{"iteration":9223372036854775807,"firstIteration":-9223372036854775808,"loss":0.5}"#,
            #"{"iteration":2,"firstIteration":5,"loss":0.5}"#, #"{"iteration":2,"batchSize":-1,"loss":0.5}"#,
            #"{"iteration":2,"computeSeconds":-5,"loss":0.5}"#,
        ]
        try withRun(["metrics.jsonl": ([good] + bad).joined(separator: "\n") + "\n"]) { folder in
            let text = try shown(folder)
            #expect(text.contains("metrics.jsonl: 6 lines cannot be read and are left out, the first of them line 2."))
        }
        let event = #"{"event":"checkpoint","iteration":1,"seconds":9.3e18,"bytes":1}"#
        try withRun(["metrics.jsonl": good + "\n", "events.jsonl": event + "\n"]) { folder in
            let text = try shown(folder)
            #expect(text.contains("events.jsonl, line 1, cannot be read and is left out."))
        }
    }

    @Test(arguments: [
        #"{"state":"running","seconds":9.2e18,"ranks":2}"#, #"{"state":"running","ranks":-1}"#,
        #"{"state":"running","attempt":9223372036854775807}"#, #"{"state":"running","iteration":0.5}"#,
        #"{"state":"runn"#, "[]",
    ])
    func aDamagedStatusIsNamed(text: String) throws {
        let good = #"{"iteration":1,"seconds":0.1,"batchSize":50,"loss":0.7}"#
        for name in ["status.json", "result.json"] {
            try withRun(["metrics.jsonl": good + "\n", name: text]) { folder in
                let shown = try shown(folder)
                #expect(shown.contains("\(name) is damaged and left out: "))
            }
        }
    }

    /// Curves and bars of whatever numbers lines hold.
    @Test func extremeNumbersAreDrawn() throws {
        let numbers = [1e308, -1e308, .nan, 0, 5e-324, -5e-324, .infinity, -.infinity, 1]
        for unicode in [true, false] {
            for from in [nil, 0, 2e308] {
                #expect(Sparkline.text(numbers, unicode: unicode, from: from).count == numbers.count)
            }
            #expect(DotPlot.rows(numbers, columns: 9, rows: 4, unicode: unicode).count == 4)
        }
        #expect(Sparkline.lengths([1e308, 1e308, 0], width: 10) == [0, 0, 0])
        var history = RunHistory()
        for (place, seconds) in [0, 1e308, -1e308, 5e-324].enumerated() {
            var record = IterationRecord()
            record.iteration = place
            record.seconds = seconds
            history.add(record)
        }
        #expect(history.resampled(20) { $0.record.seconds }.count == 20)
    }

    @Test func longLinesArePassedOver() throws {
        let text = "one\n" + String(repeating: "x", count: 3 << 20) + "\ntwo\n"
        try withRun(["metrics.jsonl": text]) { folder in
            var follower = LineFollower(path: folder + "/metrics.jsonl", longestLine: 1 << 20)
            var lines: [String] = []
            follower.read(begin: { _ in }, line: { bytes, _ in lines.append(String(decoding: bytes, as: UTF8.self)) })
            #expect(lines.filter { !$0.contains("x") && !$0.isEmpty } == ["one", "two"])
            #expect(lines.contains("") && lines.allSatisfy { $0.utf8.count <= 2 << 20 })
            // And once read, not again.
            follower.read(begin: { _ in }, line: { _, _ in Issue.record("a line was read twice") })
        }
    }

    /// A run that goes on cuts what is no line, however long, in time.
    @Test func whatIsNoLineIsCutOff() throws {
        let good = #"{"iteration":7,"seconds":0.1,"batchSize":50,"loss":0.7}"# + "\n"
        try withRun(["metrics.jsonl": good + String(repeating: "x", count: 9 << 20)]) { folder in
            let start = seconds(CLOCK_THREAD_CPUTIME_ID)
            let last = try MetricsStart.cut(folder + "/metrics.jsonl", after: 9)
            #expect(last == 7)
            #expect(seconds(CLOCK_THREAD_CPUTIME_ID) - start < 20)
            let rest = try Data(contentsOf: URL(fileURLWithPath: folder + "/metrics.jsonl"))
            #expect(rest == Data(good.utf8))
        }
    }

    @Test func controlCharactersAreEscapedInJSON() throws {
        let name = "a\u{7F}\u{9B}31m\u{85}é\n\u{1}"
        let text = JSON.string(name).text
        #expect(text == #""a\u007f\u009b31m\u0085é\n\u0001""#)
        #expect(try JSON(text: text).string == name)
    }

    @Test func namesDoNotSteerTheTerminal() {
        #expect(StyledLine("a\u{1B}[2Jb\nc").text == "a\\x1b[2Jb\\nc")
    }
}
