import BigBatch
import Foundation
import Platform
import TestSupport
import Testing

@testable import Telemetry

@Suite struct TensorBoardFormatTests {
    /// Of RFC 3720, B.4, and the check value that catalogues of such sums give.
    private static let sums: [([UInt8], UInt32)] = [
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        ([UInt8](0..<32), 0x46DD_794E), (Array("123456789".utf8), 0xE306_9283), ([], 0),
    ]

    @Test(arguments: sums)
    func theSumIsThatOfTheStandard(_ bytes: [UInt8], _ sum: UInt32) {
        #expect(CRC32C.of(bytes) == sum)
        #expect(EventFileReader.sum(bytes) == sum)
    }

    @Test func everyKindOfFieldReadsBack() throws {
        var inner = ProtobufMessage()
        inner.add(1, varint: 1)
        var message = ProtobufMessage()
        message.add(1, varint: 0)
        message.add(2, varint: 300)
        message.add(15, varint: -1)
        message.add(16, double: -0.1)
        message.add(3, float: 1.5)
        message.add(4, string: "größer")
        message.add(5, message: inner)
        message.add(6, packed: [1, -2.5])
        let fields = try EventFileReader.fields(message.bytes)
        #expect(fields.map(\.number) == [1, 2, 15, 16, 3, 4, 5, 6])
        #expect(fields.prefix(3).map(\.value.integer) == [0, 300, -1])
        #expect(fields[3].value.double == -0.1)
        #expect(fields[4].value.float == 1.5)
        #expect(fields[5].value.text == "größer")
        #expect(fields[6].value.bytes == [8, 1])
        #expect(fields[7].value.doubles == [1, -2.5])
        // The example of the format's documentation: field 1 = 150 is 08 96 01.
        var example = ProtobufMessage()
        example.add(1, varint: 150)
        #expect(example.bytes == [0x08, 0x96, 0x01])
    }

    @Test func aDamagedRecordIsNotedByTheReader() throws {
        var records = TFRecords()
        records.append(Array("some data".utf8))
        records.append([])
        #expect(records.ends == [25, 41])
        #expect(try EventFileReader.records(records.bytes) == [Array("some data".utf8), []])
        for place in records.bytes.indices {
            var damaged = records.bytes
            damaged[place] ^= 4
            #expect(throws: EventFileReader.Malformed.self) { try EventFileReader.records(damaged) }
        }
    }

    @Test func aHistogramCountsEveryValueOnce() throws {
        var values = (0..<1000).map { Double($0 * $0 % 997) / 997 }
        values += [0.25, 0.25, 1.5]
        let histogram = try #require(HistogramOfValues(values))
        let (limits, counts) = histogram.counted
        #expect(counts.reduce(0, +) == Double(values.count))
        #expect(limits.last == values.max())
        for (index, limit) in limits.enumerated() {
            let below = Double(values.filter { $0 <= limit }.count)
            // An edge is rounded: a value that lies on it may fall on either side.
            #expect(abs(below - counts[...index].reduce(0, +)) <= 3)
        }
        let same = try #require(HistogramOfValues([0.5, 0.5])).counted
        #expect(same.counts.reduce(0, +) == 2)
        #expect(same.limits[0] >= 0.5)
        #expect(HistogramOfValues([]) == nil)
        #expect(HistogramOfValues([1, .nan]) == nil)
    }
}

@Suite struct TensorBoardSinkTests {
    private func lines(_ count: Int, every seconds: Double = 1, from first: Int = 1) -> [MetricsLine] {
        records(count, every: seconds, from: first).map { MetricsLine($0, start: $0.seconds - seconds) }
    }

    @Test func everyIterationHasItsPointWithTimeAndStep() throws {
        try withFolder { folder in
            let sink = TensorBoardSink(folder: folder + "/tensorboard", configuration: "model: ridge\nl2: 1.0")
            var lines = lines(3)
            lines[1].record.validationLoss = 0.75
            lines[2].record.signalToNoise = .infinity
            lines[2].record.computeSeconds = 0.5
            lines[2].record.communicationSeconds = 0.375
            lines[2].record.transferSeconds = 0.25
            try sink.receive(RunNews(iterations: Array(lines[..<2]), epoch: 1_700_000_000))
            try sink.receive(RunNews(iterations: [], epoch: 1_700_000_000))
            try sink.receive(RunNews(iterations: Array(lines[2...]), epoch: 1_700_000_000))
            sink.finish(nil)
            let files = try ReadEvent.all(in: folder + "/tensorboard")
            #expect(files.count == 1)
            let events = files[0]
            #expect(events.count == 6)
            #expect(events[0].version == "brain.Event:2")
            #expect(events[2].texts["configuration"] == "    model: ridge\n    l2: 1.0")
            #expect(events[2].metadata["configuration"]?.plugin == "text")
            #expect(events[1].isStart && events[1].step == 0)
            let points = events[3...]
            #expect(points.map(\.step) == [1, 2, 3])
            #expect(points.map(\.wallTime) == [1_700_000_001, 1_700_000_002, 1_700_000_003])
            #expect(points.map { $0.scalars["progress/objective"] } == [1, 0.5, Float(1.0 / 3)])
            #expect(points.map { $0.scalars["progress/validation_loss"] } == [nil, 0.75, nil])
            #expect(points.map { $0.scalars["method/signal_to_noise"] } == [1.5, 1.5, nil])
            #expect(points.map { $0.scalars["method/batch_size"] } == [256, 256, 256])
            #expect(events[5].scalars["time/computing"] == 0.5)
            #expect(events[5].scalars["time/transfer"] == 0.25)
            #expect(events[5].scalars["time/waiting"] == 0.125)
            // Words beside a plot come with its first point, and only with that.
            #expect(events[3].metadata["progress/objective"]?.plugin == "scalars")
            #expect(events[4].metadata.keys.sorted() == ["progress/validation_loss"])
            #expect(Set(points.flatMap(\.metadata.keys)) == Set(points.flatMap(\.scalars.keys)))
        }
    }

    @Test func aRunThatGoesOnTellsTheReaderToForgetWhatWasBeyond() throws {
        try withFolder { folder in
            // A run killed before its first checkpoint, then after iteration 5, then before it did anything.
            for (after, first) in [(nil, 1), (0, 1), (5, 6), (5, 6)] as [(Int?, Int)] {
                let sink = TensorBoardSink(folder: folder, configuration: "model: ridge", after: after)
                // The first iteration may take longer than the first look.
                try sink.receive(RunNews())
                try sink.receive(RunNews(iterations: lines(8, from: first)))
                sink.finish(nil)
            }
            // All of one second and one process, and still in order.
            let files = try ReadEvent.all(in: folder)
            #expect(files.map { $0.filter(\.isStart).map(\.step) } == [[0], [0], [6], [6]])
            #expect(files[1].map(\.step) == [0, 0, 0] + Array(1...8))
            #expect(files[2].map(\.step) == [0, 6, 6] + Array(6...13))
            // What a reader keeps that forgets at each start what lies beyond.
            var kept: [Int] = []
            for event in files.joined() {
                if event.isStart { kept.removeAll { $0 >= event.step } }
                if event.scalars["progress/objective"] != nil { kept.append(event.step) }
            }
            #expect(kept == Array(1...13))
        }
    }

    @Test func anAttemptOnAHostWhoseClockIsBehindComesLast() throws {
        try withFolder { folder in
            try Data().write(to: URL(fileURLWithPath: folder + "/events.out.tfevents.4000000000.ahead.1.0"))
            let sink = TensorBoardSink(folder: folder, after: 3)
            try sink.receive(RunNews())
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(names.count == 2 && names[1].hasPrefix("events.out.tfevents.4000000001."), "\(names)")
        }
    }

    @Test func manyPointsAreThinnedAndTheLastKept() throws {
        try withFolder { folder in
            let sink = TensorBoardSink(folder: folder)
            var first = 1
            for _ in 0..<5 {
                var lines = lines(600, every: 0.001, from: first)
                lines[100].record.validationLoss = 1
                try sink.receive(RunNews(iterations: lines))
                first += 600
            }
            sink.finish(nil)
            let steps = try ReadEvent.all(in: folder)[0].dropFirst(2).map(\.step)
            #expect(Array(steps[..<1000]) == Array(1...1000))
            let later = steps.filter { $0 > 1200 }
            #expect(later.count == 3 * 11)
            for round in 2..<5 { #expect(later.contains(600 * round + 101) && later.contains(600 * (round + 1))) }
        }
    }

    private let ranks = RunEvent(
        "ranks", iteration: 7, seconds: 9,
        [
            ("window", .number(2)), ("compute", .array([.number(1), .number(0.5), .number(2)])),
            ("waiting", .array([.number(1), .number(1.5), .number(0)])),
            ("samples", .array([.integer(10), .integer(10), .integer(40)])),
        ])

    @Test func sharesOfRanksBecomeHistograms() throws {
        try withFolder { folder in
            let sink = TensorBoardSink(folder: folder)
            try sink.receive(RunNews(events: [ranks, ranks], epoch: 100))
            sink.finish(nil)
            let events = try ReadEvent.all(in: folder)[0].dropFirst(2)
            #expect(events.count == 2)
            let event = try #require(events.first)
            #expect(event.step == 7)
            #expect(event.wallTime == 109)
            #expect(event.metadata["ranks/computing"]?.plugin == "histograms")
            #expect(events.last?.metadata.isEmpty == true)
            let computing = try #require(event.histograms["ranks/computing"])
            #expect((1...5).map { computing[$0]?.double } == [0.25, 1, 3, 1.75, 0.25 + 0.0625 + 1])
            #expect(computing[7]?.doubles?.reduce(0, +) == 3)
            #expect(event.histograms["ranks/samples"]?[2]?.double == 2)
            #expect(event.histograms["ranks/waiting"]?[1]?.double == 0)
        }
    }

    @Test(.enabled(if: Python.hasTensorBoard, "TensorBoard's Python package is not installed"))
    func tensorBoardsOwnReaderShowsNoStepTwice() throws {
        try withFolder { folder in
            for (after, first) in [(nil, 1), (0, 1), (5, 6), (5, 6)] as [(Int?, Int)] {
                let sink = TensorBoardSink(folder: folder, configuration: "model: ridge", after: after)
                try sink.receive(RunNews())
                try sink.receive(RunNews(iterations: lines(8, from: first)))
                sink.finish(nil)
            }
            let script = """
                import sys
                from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
                a = event_accumulator.EventAccumulator(sys.argv[1])
                a.Reload()
                assert [p.step for p in a.Scalars("progress/objective")] == list(range(1, 14)), a.Scalars("progress/objective")
                b = plugin_event_accumulator.EventAccumulator(sys.argv[1], size_guidance={"tensors": 0})
                b.Reload()
                assert [p.step for p in b.Tensors("progress/objective")] == list(range(1, 14))
                assert [p.step for p in b.Tensors("configuration")] == [0, 6]
                """
            let (code, output) = try Python.run(script, folder)
            #expect(code == 0, "\(output)")
        }
    }

    @Test func aFolderThatCannotBeMadeTurnsItOff() {
        let warnings = Warnings()
        let telemetry = RunTelemetry(sinks: [TensorBoardSink(folder: absentFolder + "/tensorboard")]) {
            warnings.add($0)
        }
        for record in records(3, every: 1) { telemetry.iterationDidEnd(record) }
        telemetry.finish()
        #expect(warnings.all.count == 1)
        #expect(
            warnings.all.first
                == "cannot write \(absentFolder)/tensorboard: No such file or directory. "
                + "Training goes on without the files for TensorBoard.")
    }

    @Test(.enabled(if: Python.hasTensorBoard, "TensorBoard's Python package is not installed"))
    func tensorBoardsOwnReaderFindsEverything() throws {
        try withFolder { folder in
            let sink = TensorBoardSink(folder: folder, configuration: "model: ridge")
            var lines = lines(20)
            for index in lines.indices { lines[index].record.validationLoss = Double(index) }
            try sink.receive(RunNews(iterations: lines, events: [ranks], epoch: 1_700_000_000))
            sink.finish(nil)
            let script = """
                import sys
                from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
                a = event_accumulator.EventAccumulator(sys.argv[1])
                a.Reload()
                points = a.Scalars("progress/objective")
                assert [p.step for p in points] == list(range(1, 21)), points
                assert [p.wall_time for p in points] == [1700000000 + s for s in range(1, 21)], points
                assert all(abs(p.value - 1 / p.step) < 1e-6 for p in points), points
                assert [p.value for p in a.Scalars("progress/validation_loss")] == list(range(20))
                b = plugin_event_accumulator.EventAccumulator(sys.argv[1])
                b.Reload()
                for tag in a.Tags()["scalars"]:
                    assert b.SummaryMetadata(tag).plugin_data.plugin_name == "scalars", tag
                    assert b.SummaryMetadata(tag).summary_description, tag
                assert b.Tensors("configuration")[0].tensor_proto.string_val[0] == b"    model: ridge"
                histogram = a.Histograms("ranks/computing")[0]
                assert histogram.step == 7 and histogram.histogram_value.num == 3, histogram
                assert b.SummaryMetadata("ranks/computing").plugin_data.plugin_name == "histograms"
                print("read", len(a.Tags()["scalars"]))
                """
            let (code, output) = try Python.run(script, folder)
            #expect(code == 0, "\(output)")
            #expect(output == "read \(ScalarTable.scalars.count)\n", "\(output)")
        }
    }
}

/// The interpreter of the environment variable CRESCENDO_PYTHON, else python3.
enum Python {
    static let hasTensorBoard = (try? run("import tensorboard.backend.event_processing.event_accumulator").code) == 0

    static func run(_ arguments: String...) throws -> (code: Int32, output: String) {
        let name = ProcessInfo.processInfo.environment["CRESCENDO_PYTHON"] ?? "python3"
        return try runCommand([name, "-c"] + arguments)
    }
}

/// Runs a command of the path; what it prints, both streams together.
func runCommand(_ command: [String], input: String? = nil) throws -> (code: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["timeout", "100"] + command
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = try input.map { try FileHandle(forReadingFrom: URL(fileURLWithPath: $0)) } ?? .nullDevice
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
}
