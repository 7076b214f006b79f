import BigBatch
import Foundation
import TestSupport
import Testing

@testable import Telemetry

/// `metrics.jsonl` of runs that go on, and of disks that are full for a while.
@Suite struct MetricsStartTests {
    private func record(_ iteration: Int) -> IterationRecord { records(1, every: 1, from: iteration)[0] }

    private func covered(_ path: String) throws -> [ClosedRange<Int>] {
        try jsonLines(path).map { line in
            let last = try #require(line["iteration"] as? Int)
            return (line["firstIteration"] as? Int ?? last)...last
        }
    }

    private func put(_ path: String, _ iterations: Int, tail: String = "") throws {
        let file = MetricsFile(path: path, warn: { _ in })
        file.receive(RunNews(iterations: records(iterations, every: 1).map { MetricsLine($0, start: 0) }))
        file.finish(nil)
        let url = URL(fileURLWithPath: path)
        try (Data(contentsOf: url) + Data(tail.utf8)).write(to: url)
    }

    private func goOn(_ path: String, after iteration: Int, to last: Int) throws {
        let start = try MetricsStart(path: path, after: record(iteration))
        let file = MetricsFile(path: path, from: start, warn: { Issue.record("\($0)") })
        file.receive(RunNews(iterations: ((iteration + 1)...last).map { MetricsLine(record($0), start: 0) }))
        file.finish(nil)
    }

    /// Also where blocks of 64 kB end in the middle of lines.
    @Test(arguments: [0, 1, 7, 499, 500]) func laterLinesAreCutOff(_ iteration: Int) throws {
        try withFolder { folder in
            let path = folder + "/metrics.jsonl"
            for tail in ["", "{\"iteration\":50", "{\"iteration\":501}", "\n\n"] {
                try put(path, 500, tail: tail)
                try goOn(path, after: iteration, to: 510)
                let expected = (1...510).map { $0...$0 }
                #expect(try covered(path) == expected)
            }
        }
    }

    /// A file that was copied behind itself, shuffled or cut: every iteration is covered once all the same.
    @Test func iterationsThatComeTwiceAreCutOff() throws {
        try withFolder { folder in
            let path = folder + "/metrics.jsonl"
            let url = URL(fileURLWithPath: path)
            for change: ([Substring]) -> [Substring] in [
                { $0 + $0 }, { $0.reversed() }, { Array($0[..<20]) }, { $0[..<30] + ["no line"] + $0[30...] },
                { $0[..<30] + [$0[3]] + $0[30...] }, { _ in [] },
            ] {
                try put(path, 60)
                let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
                try Data((change(lines).joined(separator: "\n") + "\n").utf8).write(to: url)
                try goOn(path, after: 50, to: 55)
                var next = 1
                for line in try String(contentsOf: url, encoding: .utf8).split(separator: "\n") where line != "no line"
                {
                    let object = try #require(
                        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                    let last = try #require(object["iteration"] as? Int)
                    #expect((object["firstIteration"] as? Int ?? last) == next)
                    next = last + 1
                }
                #expect(next == 56)
            }
        }
    }

    @Test func whatIsMissingIsOneLine() throws {
        try withFolder { folder in
            let path = folder + "/metrics.jsonl"
            try put(path, 5)
            try goOn(path, after: 8, to: 10)
            #expect(try covered(path) == [1...1, 2...2, 3...3, 4...4, 5...5, 6...8, 9...9, 10...10])
            try FileManager.default.removeItem(atPath: path)
            try goOn(path, after: 3, to: 4)
            #expect(try covered(path) == [1...3, 4...4])
        }
    }

    /// A line that an iteration shares with later ones goes as a whole.
    @Test func sharedLinesAreNotTornApart() throws {
        try withFolder { folder in
            let path = folder + "/metrics.jsonl"
            try Data(
                """
                {"iteration":2}
                {"firstIteration":3,"iteration":6}

                """.utf8
            ).write(to: URL(fileURLWithPath: path))
            try goOn(path, after: 4, to: 5)
            #expect(try covered(path) == [2...2, 3...4, 5...5])
        }
    }

    @Test func aSealKeepsIterationsApart() {
        var ring = MetricsRing(unmerged: 0)
        for (number, record) in records(6, every: 1e-5).enumerated() {
            ring.append(record)
            if number == 2 { ring.seal() }
        }
        let lines = ring.drain()
        #expect(lines.map(\.firstIteration) == [1, 4])
        #expect(lines.map(\.record.iteration) == [3, 6])
    }

    /// A file system with little room, that has more later: a pipe that is read late.
    @Test func linesWaitForRoom() throws {
        try withFolder { folder in
            let path = folder + "/pipe"
            #expect(mkfifo(path, 0o600) == 0)
            let reader = open(path, O_RDONLY | O_NONBLOCK)
            defer { close(reader) }
            let writer = open(path, O_WRONLY | O_NONBLOCK)
            defer { close(writer) }
            // The open file description is shared with nobody: the pipe is full by another writer.
            let filler = [UInt8](repeating: UInt8(ascii: "\n"), count: 1 << 16)
            while write(writer, filler, filler.count) > 0 {}
            while write(writer, filler, 1) > 0 {}
            let warnings = Warnings()
            let file = LineFile(
                path: path, empties: false, owns: { true }, warn: { warnings.add($0) }, flags: O_NONBLOCK)
            file.append("one\n")
            #expect(file.isBehind)
            file.append("two\n")
            #expect(warnings.all.count == 1)
            var text = ""
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while case let count = read(reader, &buffer, buffer.count), count > 0 {}
            file.append("three\n")
            #expect(!file.isBehind)
            let count = read(reader, &buffer, buffer.count)
            text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
            #expect(text == "one\ntwo\nthree\n")
        }
    }

    @Test func waitingIterationsShareLines() throws {
        try withFolder { folder in
            let file = MetricsFile(path: "/dev/full", from: nil, owns: { true }, warn: { _ in }, mostWaiting: 8)
            for record in records(1000, every: 1) {
                file.receive(RunNews(iterations: [MetricsLine(record, start: 0)]))
            }
            let lines = file.waiting
            #expect(lines.count <= 9)
            var next = 2
            for line in lines {
                #expect(line.firstIteration == next)
                next = line.record.iteration + 1
            }
            #expect(next == 1001)
        }
    }

    @Test func whoDoesNotOwnTheFileWritesNothing() throws {
        try withFolder { folder in
            let path = folder + "/events.jsonl"
            let owned = LineFile(path: path, empties: false, owns: { true }, warn: { _ in })
            owned.append("mine\n")
            let lost = LineFile(path: path, empties: false, owns: { false }, warn: { _ in })
            lost.append("theirs\n")
            #expect(!lost.isBehind)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text == "mine\n")
        }
    }

    @Test func eventsHaveTheirKeysFirst() throws {
        try withFolder { folder in
            let path = folder + "/events.jsonl"
            for attempt in 1...2 {
                let file = EventsFile(path: path, attempt: attempt, warn: { _ in })
                let events = [
                    RunEvent("checkpoint", iteration: 3, seconds: 1.5, [("bytes", .integer(7))]),
                    RunEvent(TrainingEvent(.recovery, iteration: 4, seconds: 2)),
                ]
                file.receive(RunNews(events: events))
                file.finish(nil)
            }
            let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 4)
            #expect(lines[2] == #"{"event":"checkpoint","iteration":3,"seconds":1.5,"attempt":2,"bytes":7}"#)
            #expect(lines[1] == #"{"event":"recovery","iteration":4,"seconds":2.0,"attempt":1}"#)
        }
    }
}
