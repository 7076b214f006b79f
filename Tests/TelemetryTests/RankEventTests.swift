import BigBatch
import Foundation
import Platform
import TestSupport
import Testing

@testable import Pages
@testable import Telemetry

/// What is told of all ranks at once, however many they are and however long a run takes.
@Suite struct RankEventTests {
    /// Rank r computes 1 + r/P seconds of two, with the work of all alike.
    private func times(_ ranks: Int, window: Double = 2) -> RankTimes {
        RankTimes(
            window: window,
            shares: (0..<ranks).map { rank in
                let compute = window / 2 * (1 + Double((rank * 7) % ranks) / Double(ranks))
                return RankTimes.Share(compute: compute, waiting: window - compute, samples: 1000)
            })
    }

    private func event(_ ranks: Int) -> RunEvent {
        RunEvent(
            TrainingEvent(.ranks(times(ranks)), iteration: 3, seconds: 9),
            hosts: (0..<ranks).map { "node-\($0 / 64)" })
    }

    /// A line from disk as a reader gets it.
    private func reread(_ event: RunEvent) throws -> RunEvent {
        var bytes = Array(event.line.text.utf8)
        return try #require(bytes.withUnsafeMutableBufferPointer { RunEvent(bytes: UnsafeBufferPointer($0)) })
    }

    @Test(arguments: [2, 64, 65, 1000, 10_000, 100_000]) func theSizeIsBounded(_ ranks: Int) throws {
        let line = event(ranks).line.text
        #expect(line.utf8.count < 2500, "\(ranks) ranks: \(line.utf8.count) bytes")
        let shares = try #require(RankShares(reread(event(ranks))))
        #expect(shares.count == ranks)
        #expect(shares.computing.count == (ranks <= 64 ? ranks : 33))
        #expect((shares.sample == nil) == (ranks <= 64))
        // The least, the middle and the most are those of all ranks, to the digits that are told.
        let all = times(ranks).shares.map { $0.compute / 2 }.sorted()
        let spread = RankShares.spread(shares.computing)
        #expect(abs(spread.least - all[0]) < 1e-3 && abs(spread.most - all[ranks - 1]) < 1e-3)
        #expect(abs(spread.middle - all[(ranks - 1) / 2]) < 1e-3)
        #expect(shares.samples.allSatisfy { abs($0 - 1) < 1e-3 })
        #expect(times(ranks).shares[shares.slowest.rank].compute / 2 > spread.most - 1e-3)
        if ranks > 64 { #expect(shares.slowest.host == "node-\(shares.slowest.rank / 64)") }
    }

    @Test func movesOfRowsAreBoundedToo() {
        func line(_ ranks: Int) -> JSON {
            let weights = (0..<ranks).map { $0 == 1 ? 0.5 : 1 + 0.5 / Double(ranks - 1) }
            let move = Rebalance(weights: weights, gain: 0.25, seconds: 1.5)
            return RunEvent(TrainingEvent(.rebalance(move), iteration: 1, seconds: 1)).line
        }
        #expect(line(4)["shares"]?.array?.count == 4)
        #expect(line(10_000)["shares"] == nil && line(10_000).text.utf8.count < 300)
        for ranks in [4, 10_000] {
            #expect(line(ranks)["leastRank"]?.integer == 1)
            #expect(line(ranks)["leastShare"]?.double == 0.5)
            #expect((line(ranks)["mostShare"]?.double ?? 0) >= 1)
        }
        let said = Warnings()
        let messages = RankMessages(say: { said.add($0) }, warn: { _ in })
        let move = Rebalance(weights: (0..<100).map { $0 == 7 ? 0.5 : 1 }, gain: 0.25, seconds: 1.5)
        messages.receive(RunNews(events: [RunEvent(TrainingEvent(.rebalance(move), iteration: 1, seconds: 1))]))
        #expect(said.all.first?.contains("rank 7 has 0.5 of an equal share now, others up to 1") == true, "\(said.all)")
    }

    /// A month of looks, at the times at which the trainer takes them: the events cover it all and are few.
    @Test func aLongRunHasFewEvents() {
        var looks = RankLooks()
        var seconds = 0.0
        var told = 0
        var computed = 0.0
        var day = 0
        func take(_ times: RankTimes?) {
            guard let times else { return }
            told += 1
            computed += times.shares[1].compute
            #expect(times.window <= max(2, 630))
        }
        while seconds < 30 * 86_400 {
            let window = min(max(2, seconds / 100), 30)
            seconds += window
            take(looks.add(times(2, window: window), at: seconds))
            if day == 0, seconds >= 86_400 { day = told }
        }
        take(looks.take())
        #expect(day < 1000, "\(day) in a day")
        #expect(told < 5500, "\(told) in a month")
        #expect(abs(computed / (0.75 * seconds) - 1) < 1e-6)
        #expect(looks.take() == nil)
    }

    /// Looks at another number of ranks, after a restart within a process, begin anew.
    @Test func looksOfOtherRanksAreNotAddedUp() {
        var looks = RankLooks()
        #expect(looks.add(times(2), at: 10_000) == nil)
        #expect(looks.add(times(3), at: 10_002) == nil)
        #expect(looks.take()?.shares.count == 3)
    }

    /// What is left at the end of a run is told by then.
    @Test func theLastLookIsNotLost() throws {
        try withFolder { folder in
            let path = folder + "/events.jsonl"
            let telemetry = RunTelemetry(sinks: [EventsFile(path: path, attempt: 1, warn: { _ in })], warn: { _ in })
            var record = IterationRecord()
            record.iteration = 5
            record.seconds = 9000
            telemetry.iterationDidEnd(record)
            telemetry.eventDidOccur(TrainingEvent(.ranks(times(2)), iteration: 5, seconds: 9000))
            telemetry.finish(TrainingResult())
            let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 1 && lines[0].contains(#""event":"ranks","iteration":5"#), "\(lines)")
        }
    }

    /// Ten thousand ranks in the report, on the terminal and in TensorBoard.
    @Test func manyRanksAreDrawnFromASample() throws {
        try withFolder { folder in
            let line = event(10_000).line.text + "\n"
            try Data((line + line).utf8).write(to: URL(fileURLWithPath: folder + "/events.jsonl"))
            try Data("{\"iteration\":1,\"seconds\":1}\n".utf8).write(
                to: URL(fileURLWithPath: folder + "/metrics.jsonl"))
            let run = try ReportedRun(folder: folder)
            let sums = try #require(RankPicture.sums(run))
            #expect(sums.isSample && sums.count == 10_000 && sums.compute.count == 33)
            #expect(abs((sums.compute.max() ?? 0) - 4) < 0.01)
            let page = RankPicture(runs: [run]).html.text
            #expect(page.contains("33 of 10,000 ranks, by computing"))
            #expect(page.contains("rank \(sums.slowest.rank) on node-\(sums.slowest.rank / 64)"))
            #expect(page.utf8.count < 20_000)
            let sink = TensorBoardSink(folder: folder + "/tensorboard")
            try sink.receive(RunNews(events: [event(10_000)], epoch: 100))
            sink.finish(nil)
            let read = try #require(
                try ReadEvent.all(in: folder + "/tensorboard")[0].first { $0.histograms["ranks/computing"] != nil })
            #expect(abs((read.histograms["ranks/computing"]?[3]?.double ?? 0) - 10_000) < 1)
        }
    }
}
