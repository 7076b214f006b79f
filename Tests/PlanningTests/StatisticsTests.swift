import Foundation
import Testing

@testable import Planning

extension SeededGenerator {
    /// By Box and Muller.
    mutating func normal() -> Double {
        let (u, v) = (Double.random(in: Double.ulpOfOne..<1, using: &self), Double.random(in: 0..<1, using: &self))
        return (-2 * log(u)).squareRoot() * cos(2 * .pi * v)
    }
}

@Suite struct StatisticsTests {
    @Test func quantiles() {
        #expect(Statistics.median([]) == nil)
        #expect(Statistics.median([3, 1, 2]) == 2)
        #expect(Statistics.median([4, 1, 2, 3]) == 2.5)
        #expect(Statistics.quantile([0, 10], 0.25) == 2.5)
        #expect(Statistics.median([1, .infinity, .infinity]) == .infinity)
    }

    /// The density of Student's t integrated in small steps.
    private func slowWithin(_ t: Double, degrees: Int) -> Double {
        let nu = Double(degrees)
        let scale = exp(lgamma((nu + 1) / 2) - lgamma(nu / 2)) / (nu * .pi).squareRoot()
        let steps = 20_000
        let width = t / Double(steps)
        return 2
            * (0..<steps).reduce(0) { sum, step in
                let x = (Double(step) + 0.5) * width
                return sum + width * scale * pow(1 + x * x / nu, -(nu + 1) / 2)
            }
    }

    @Test(arguments: [1, 2, 3, 4, 7, 10, 29, 200])
    func studentsDistribution(degrees: Int) {
        for t in [0.3, 1, 2.5, 8] {
            #expect(abs(Student.within(t, degrees: degrees) - slowWithin(t, degrees: degrees)) < 1e-6)
        }
        for share in [0.5, 0.9, 0.995] {
            #expect(
                abs(Student.within(Student.quantile(within: share, degrees: degrees), degrees: degrees) - share) < 1e-9)
        }
    }

    /// Printed tables.
    @Test func studentsQuantiles() {
        for (share, degrees, t) in [(0.9, 1, 6.314), (0.9, 2, 2.920), (0.9, 10, 1.812), (0.99, 5, 4.032)] {
            #expect(abs(Student.quantile(within: share, degrees: degrees) - t) < 1e-3)
        }
        #expect(abs(Student.quantile(within: 0.9, degrees: 100_000) - 1.645) < 2e-3)
    }

    @Test func noRangeOfTooFewRuns() {
        #expect(Statistics.nextTime([]) == nil)
        #expect(Statistics.nextTime([2]) == nil)
        #expect(Statistics.nextTime([1, 2]) == nil)
        #expect(Statistics.nextTime([1, 2, 3]) != nil)
        #expect(Statistics.nextTime([1, 2, 3, .infinity]) == nil)
        #expect(Statistics.nextTime((1...18).map(Double.init) + [.infinity]) == nil)
        #expect(Statistics.nextTime((1...60).map(Double.init) + [.infinity]) != nil)
    }

    /// A further run lies in the range in nine of ten cases. Times are log-normal; from 19 runs on also with a tenth of them
    /// three times as long.
    @Test(arguments: [3, 5, 12, 18, 19, 60], [false, true])
    func rangesOfRunsHold(count: Int, isHeavy: Bool) {
        guard !isHeavy || count >= Statistics.manyRuns else { return }
        var generator = SeededGenerator(state: UInt64(count))
        func time() -> Double {
            exp(0.3 * generator.normal()) * (isHeavy && Double.random(in: 0..<1, using: &generator) < 0.1 ? 3 : 1)
        }
        let trials = 3000
        let held = (0..<trials).count { _ in
            let range = Statistics.nextTime((0..<count).map { _ in time() })
            return range?.contains(time()) == true
        }
        #expect(abs(Double(held) / Double(trials) - 0.9) < 0.02, "\(held) of \(trials)")
    }
}

@Suite struct RatioTests {
    private func numbered(_ times: [Double]) -> [Int: Double] {
        Dictionary(uniqueKeysWithValues: times.enumerated().map { ($0.offset, $0.element) })
    }

    /// Runs of two ways: what all runs of one number share, and what each has of its own.
    private func pair(
        _ count: Int, ratio: Double, shared: Double, own: Double, _ generator: inout SeededGenerator
    ) -> (a: [Int: Double], b: [Int: Double]) {
        var (a, b): ([Double], [Double]) = ([], [])
        for _ in 0..<count {
            let common = shared * generator.normal()
            a.append(ratio * exp(common + own * generator.normal()))
            b.append(exp(common + own * generator.normal()))
        }
        return (numbered(a), numbered(b))
    }

    /// The interval holds the true ratio as often as it says, and is no wider than pairs allow.
    @Test(arguments: [3, 4, 10, 25, 80], [0.9, 0.98])
    func intervalsOfPairsHold(count: Int, confidence: Double) throws {
        var generator = SeededGenerator(state: UInt64(count))
        var (held, trials, width) = (0, 2000, 0.0)
        for _ in 0..<trials {
            let (a, b) = pair(count, ratio: 1.3, shared: 0.5, own: 0.1, &generator)
            let ratio = try #require(Ratio(a, over: b, confidence: confidence))
            let (low, high) = (try #require(ratio.low), try #require(ratio.high))
            if low <= 1.3, 1.3 <= high { held += 1 }
            width += log(high / low) / Double(trials)
            #expect(ratio.pairs == count)
        }
        #expect(abs(Double(held) / Double(trials) - confidence) < 0.02, "\(held) of \(trials)")
        // 0.1·√2/√n for each side and t, of ten blocks at least.
        let t = Student.quantile(within: confidence, degrees: (count < 20 ? count : 10) - 1)
        #expect(width < 1.1 * 2 * t * 0.1 * (2 / Double(count)).squareRoot())
    }

    /// A machine that is slow for a while: neighbours in time are alike, and that is not mistaken for many observations.
    @Test func slowSpellsAreNotManyObservations() throws {
        var generator = SeededGenerator(state: 5)
        var held = 0
        for _ in 0..<1000 {
            var spell = 0.0
            var (a, b): ([Double], [Double]) = ([], [])
            for _ in 0..<100 {
                spell = 0.7 * spell + 0.1 * generator.normal()
                a.append(exp(spell))
                b.append(exp(0.05 * generator.normal()))
            }
            let ratio = try #require(Ratio(numbered(a), over: numbered(b), confidence: 0.9))
            if try #require(ratio.low) <= 1, 1 <= (try #require(ratio.high)) { held += 1 }
        }
        #expect(held >= 850, "\(held)")
    }

    /// One run beside many: by the spread of the many.
    @Test func fewRunsBorrowTheSpreadOfOthers() throws {
        var generator = SeededGenerator(state: 9)
        var held = 0
        for _ in 0..<2000 {
            let one = numbered([2 * exp(0.2 * generator.normal())])
            let many = numbered((0..<9).map { _ in exp(0.2 * generator.normal()) })
            let ratio = try #require(Ratio(one, over: many, confidence: 0.9))
            #expect(ratio.pairs == 0)
            if try #require(ratio.low) <= 2, 2 <= (try #require(ratio.high)) { held += 1 }
        }
        #expect(abs(Double(held) / 2000 - 0.9) < 0.02, "\(held)")
    }

    @Test func oneRunOfEachHasNoInterval() throws {
        let ratio = try #require(Ratio([0: 3], over: [0: 2], confidence: 0.9))
        #expect(abs(ratio.value - 1.5) < 1e-12 && ratio.low == nil && ratio.high == nil)
        #expect(Ratio([:], over: [0: 2], confidence: 0.9) == nil)
        let pooled = Deviation([0, 0.1, 0.2])
        #expect(try #require(Ratio([0: 3], over: [0: 2], confidence: 0.9, pooled: pooled)).low != nil)
    }
}
