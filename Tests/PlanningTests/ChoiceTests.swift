import Foundation
import Testing

@testable import Planning

/// What a pilot recommends, and when it says that it cannot tell.
@Suite struct ChoiceTests {
    /// A pilot whose runs took these times; nil: they ended without the target after 1 s.
    private func pilot(_ times: [(method: PilotMethod, ranks: Int, times: [Double?])], stop: String = "gradientNorm")
        -> PilotFile
    {
        var cluster = KnownCluster()
        var file = cluster.pilot(ranks: [1, 2], repeats: 1)
        file.machine.hosts = ["n0"]
        file.machine.hostOfRank = file.machine.hostOfRank.map { _ in 0 }
        file.runs = times.flatMap { way in
            way.times.enumerated().map { number, seconds in
                PilotRun(
                    method: way.method, ranks: way.ranks, number: number, seconds: seconds ?? 1,
                    stopReason: seconds == nil ? stop : "target", objective: 1, gradientPasses: 1,
                    curve: [CurvePoint(seconds: seconds ?? 1, objective: seconds == nil ? 2 : 1, passes: 1)], work: [],
                    workSeconds: seconds ?? 1)
            }
        }
        return PilotAnalysis.conclude(file)
    }

    private func noisy(_ seconds: Double, _ count: Int, spread: Double, _ generator: inout SeededGenerator) -> [Double?]
    {
        (0..<count).map { _ in seconds * exp(spread * generator.normal()) }
    }

    private func certainty(_ file: PilotFile) -> String {
        PilotAnswers(file: file).all[2].answers.map(\.text).joined(separator: "\n")
    }

    @Test func noiseRecommendsTheDefaultAndSaysSo() throws {
        var generator = SeededGenerator(state: 12)
        let file = pilot([
            (.auto, 1, noisy(1, 5, spread: 0.3, &generator)), (.bb, 1, noisy(0.9, 5, spread: 0.3, &generator)),
        ])
        #expect(file.recommendation?.method == .auto)
        #expect(file.configurations.map(\.standing) == [nil, .unknown])
        let sentence = "Cannot tell: auto on 1 rank and bb on 1 rank differ by less than their noise."
        #expect(certainty(file).contains(sentence))
        #expect(PilotText(file: file).text.contains(sentence))
        #expect(PilotPage(file: file).html.contains(sentence))
    }

    @Test func oneRunOfEachCannotTell() throws {
        let file = pilot([(.auto, 1, [2]), (.auto, 2, [1.1]), (.sgd, 1, [1.0])])
        #expect(file.recommendation?.method == .auto && file.recommendation?.ranks == 1)
        #expect(file.configurations.allSatisfy { $0.runLow == nil && $0.runHigh == nil })
        #expect(certainty(file).contains("too few runs") && certainty(file).contains("one run, no interval"))
        let text = PilotText(file: file).text
        #expect(text.contains("one run, no interval") && !text.contains("No. One rank is enough"))
    }

    @Test func whatIsFasterBeyondNoiseIsRecommended() throws {
        var generator = SeededGenerator(state: 3)
        let file = pilot([
            (.auto, 1, noisy(1, 6, spread: 0.05, &generator)), (.auto, 2, noisy(0.6, 6, spread: 0.05, &generator)),
            (.sgd, 1, noisy(5, 1, spread: 0.05, &generator)),
        ])
        #expect(file.recommendation?.ranks == 2 && file.recommendation?.method == .auto)
        #expect(file.configurations.map(\.standing) == [.slower, .slower, nil])
        #expect(PilotAnswers(file: file).doubts.isEmpty)
        let speedup = try #require(file.recommendation?.speedup)
        #expect(abs(speedup - 1 / 0.6) < 0.1)
    }

    /// The differences of pairs are told apart where the runs themselves overlap: enough for more ranks, not for options.
    @Test func pairsTellWhatRangesHide() {
        let order = (0..<8).map { exp(0.5 * sin(Double($0))) }
        let faster = order.enumerated().map { 0.8 * $0.element * ($0.offset % 2 == 0 ? 1.01 : 0.99) }
        #expect(pilot([(.auto, 1, order), (.auto, 2, faster)]).recommendation?.ranks == 2)
        let file = pilot([(.auto, 1, order), (.bb, 1, faster)])
        #expect(file.recommendation?.method == .auto)
        #expect(file.configurations.map(\.standing) == [nil, .overlapping])
        #expect(
            certainty(file).contains("bb on 1 rank takes 0.8 times as long (0.79 to 0.81) as auto on 1 rank"),
            "\(certainty(file))")
        #expect(certainty(file).contains("the ranges of their runs overlap"))
        #expect(pilot([(.auto, 1, order), (.bb, 1, order.map { 0.2 * $0 })]).recommendation?.method == .bb)
    }

    /// Twelve alike configurations: in at most one of ten pilots some other than the default is recommended.
    @Test func chanceRecommendsNothing() {
        var generator = SeededGenerator(state: 4)
        var (others, told) = (0, 0)
        for _ in 0..<200 {
            let ways = [1, 2].flatMap { ranks in
                PilotMethod.allCases.map { ($0, ranks, noisy(1, 6, spread: 0.2, &generator)) }
            }
            let file = pilot(ways)
            if file.recommendation?.method != .auto || file.recommendation?.ranks != 1 { others += 1 }
            if PilotAnswers(file: file).doubts.isEmpty { told += 1 }
        }
        #expect(others <= 25, "\(others)")
        #expect(told == 0)
    }

    @Test func whatDidNotReachTheTarget() {
        var file = pilot([(.auto, 1, [0.5, 0.5, 0.51]), (.bb, 1, [nil]), (.sgd, 1, [0.2, nil, nil])])
        #expect(file.recommendation?.method == .auto)
        #expect(file.configurations.map(\.standing) == [nil, .slower, .slower])
        // The budget ended it after 1 s, and 5 s are what the best takes.
        file = pilot([(.auto, 1, [5, 5, 5.1]), (.bb, 1, [nil])], stop: "timeLimit")
        #expect(file.configurations.map(\.standing) == [nil, .cutShort])
        // Of much the same time, and of clearly more than the others take.
        let near = pilot([(.auto, 1, [0.8, 1.1, 0.9]), (.bb, 1, [nil])], stop: "timeLimit")
        #expect(near.configurations.map(\.standing) == [nil, .cutShort])
        let far = pilot([(.auto, 1, [0.1, 0.11, 0.1]), (.bb, 1, [nil])], stop: "timeLimit")
        #expect(far.configurations.map(\.standing) == [nil, .slower])
        #expect(certainty(file).contains("ended too early to say"))
    }

    /// The default was ended after 1 s, and another came to the target in one run of 0.9 s.
    @Test func aDefaultThatWasCutShortStays() throws {
        let file = pilot([(.auto, 1, [nil]), (.bb, 1, [0.9])], stop: "timeLimit")
        #expect(file.recommendation?.method == .auto && file.recommendation?.verdict == .undecided)
        let text = PilotText(file: file).text
        #expect(text.contains("auto on 1 rank, the default, did not come to the target"), "\(text)")
        #expect(text.contains("Cannot tell whether bb on 1 rank would be faster"), "\(text)")
        // Far beyond noise another is known to be faster.
        let sure = pilot([(.auto, 1, [nil, nil]), (.bb, 1, [0.1, 0.11, 0.1])], stop: "timeLimit")
        #expect(sure.recommendation?.method == .bb)
    }

    @Test func whatWasNotTriedIsSaidOnce() {
        let file = pilot([(.auto, 1, [2, 2.1, 2]), (.auto, 2, [1.1, 1, 1.1])])
        let text = PilotText(file: file).text
        #expect(text.components(separatedBy: "ot tried").count == 2, "\(text)")
        #expect(text.contains("Not tried: several nodes; the ways to train bb, armijo, fixed, large, sgd."))
    }
}
