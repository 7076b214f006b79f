import Foundation
import Testing

@testable import Planning

@Suite struct PilotScheduleTests {
    /// A pretended cluster: what a run costs and finds is a formula.
    private struct Pretence {
        var speed: Double
        var generator = SeededGenerator(state: 3)

        mutating func run(_ assignment: Assignment) -> (cost: Double, objective: Double, seconds: Double?) {
            let noise = Double.random(in: 0.95..<1.05, using: &generator)
            let passes = assignment.passes ?? 20
            let work = speed * passes / Double(assignment.ranks) * noise
            // The best step is 0.5, and far from it nothing is learned.
            let distance = assignment.candidate.map { abs(log2($0.step / 0.5)) } ?? 0
            let isFast = assignment.method == .auto
            let time = (isFast ? 0.5 : 1) * work
            let cost = min(assignment.allowance, time)
            return (cost, 1 + distance / passes, time < assignment.allowance && distance < 2 ? time : nil)
        }
    }

    private func candidates(_ method: PilotMethod) -> [Candidate] {
        method.candidates(meanSquaredNorm: 2, isConvex: true)
    }

    @Test(arguments: [0.001, 0.01, 0.1], [5.0, 100])
    func spendsItsBudgetAndNoMore(speed: Double, budget: Double) {
        var schedule = PilotSchedule(
            methods: PilotMethod.allCases, ranks: [1, 2, 4], budget: budget, candidates: candidates)
        var pretence = Pretence(speed: speed)
        var spent = 0.2
        var counts: [String: Int] = [:]
        var longest = 0.0
        var isTuned = false
        while let assignment = schedule.next(spent: spent) {
            let found = pretence.run(assignment)
            longest = max(longest, found.cost)
            spent += found.cost
            schedule.note(assignment, cost: found.cost, objective: found.objective, seconds: found.seconds)
            if assignment.purpose == .measurement {
                counts["\(assignment.method) \(assignment.ranks)", default: 0] += 1
                isTuned = true
                #expect((assignment.candidate != nil) == assignment.method.needsTuning)
            } else {
                #expect(!isTuned)
            }
        }
        #expect(spent <= budget * 1.0001)
        #expect(spent >= budget - 2 * longest)
        // Every method on every number of ranks; what is fastest most often.
        #expect(counts.count == 18)
        if let most = counts.values.max(), most > 3 { #expect(counts["auto 4"] == most) }
        if speed < 0.1 || budget > 10 {
            for method in [PilotMethod.sgd, .large, .fixed] {
                #expect(schedule.tuned(method)?.step == 0.5)
                #expect(schedule.tuningRuns[method] ?? 0 > candidates(method).count)
            }
        }
    }

    /// The same questions get the same answers: ranks that decide each for itself stay together.
    @Test func isAFunctionOfWhatItIsTold() {
        var schedules = (0..<2).map { _ in
            PilotSchedule(methods: [.auto, .sgd], ranks: [1, 3], budget: 3, candidates: candidates)
        }
        var pretence = Pretence(speed: 0.01)
        var spent = 0.0
        for _ in 0..<60 {
            let assignments = schedules.indices.map { schedules[$0].next(spent: spent) }
            #expect(assignments[0] == assignments[1])
            guard let assignment = assignments[0] else { return }
            let found = pretence.run(assignment)
            spent += found.cost
            for index in schedules.indices {
                schedules[index].note(assignment, cost: found.cost, objective: found.objective, seconds: found.seconds)
            }
        }
    }

    @Test func whereTimeRunsOutTheBestTriedIsTaken() {
        var schedule = PilotSchedule(methods: [.sgd], ranks: [1], budget: 10, candidates: candidates)
        var spent = 0.0
        var tried: [Candidate] = []
        while let assignment = schedule.next(spent: spent) {
            if case .tuning = assignment.purpose, let candidate = assignment.candidate { tried.append(candidate) }
            // Each run takes all it may, and one after the third takes far more.
            spent += tried.count == 4 ? 6 : assignment.allowance
            let isBest = tried.count == 3
            schedule.note(assignment, cost: 1, objective: isBest ? 0.5 : 1, seconds: nil)
        }
        #expect(schedule.tuned(.sgd) == tried[2])
    }
}
