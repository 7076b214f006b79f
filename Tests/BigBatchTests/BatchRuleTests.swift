import Testing

@testable import BigBatch

@Suite("Batch growth")
struct BatchRuleTests {
    private func statistics(size: Int, population: Int, norm: Double, variance: Double) -> GradientStatistics {
        GradientStatistics(
            batchSize: size, population: population, loss: 1, squaredGradientNorm: norm, variance: variance)
    }

    private func wanted(_ rule: any BatchRule, _ statistics: GradientStatistics) -> Int {
        rule.size(for: statistics, limit: statistics.population, gradientsEvaluated: 0)
    }

    @Test("A batch whose signal exceeds its noise does not grow")
    func quietBatchStays() {
        let quiet = statistics(size: 100, population: 10_000, norm: 1, variance: 1)
        #expect(wanted(JumpGrowth(theta: 0.8), quiet) == 100)
        #expect(wanted(IncrementGrowth(), quiet) == 100)
    }

    @Test("The paper's rule grows by a tenth while ‖g‖² ≤ V/K")
    func incrementGrowsByATenth() {
        let rule = IncrementGrowth()
        #expect(wanted(rule, statistics(size: 100, population: 10_000, norm: 1, variance: 100)) == 110)
        #expect(wanted(rule, statistics(size: 100, population: 10_000, norm: 1.001, variance: 100)) == 100)
        #expect(wanted(rule, statistics(size: 5, population: 10_000, norm: 0, variance: 100)) == 6)
    }

    @Test("At the size the jump aims at, the test holds for the same signal and variance")
    func jumpLandsWhereTheTestHolds() {
        let rule = JumpGrowth(theta: 0.8)
        for variance in [2.0, 10, 50, 300] {
            let population = 100_000
            let signal = 0.05
            func withSize(_ size: Int) -> GradientStatistics {
                var result = statistics(size: size, population: population, norm: 0, variance: variance)
                result.squaredGradientNorm = signal + result.noise
                return result
            }
            var size = 10
            for _ in 0..<40 {
                let next = wanted(rule, withSize(size))
                if next == size { break }
                #expect(next >= Int(1.1 * Double(size)))
                #expect(next <= max(8 * size, population))
                size = next
            }
            #expect(wanted(rule, withSize(size)) == size)
            // Not far beyond the least size that passes: a smaller batch by a fifth fails.
            if size < population {
                #expect(wanted(rule, withSize(size * 4 / 5)) > size * 4 / 5)
            }
        }
    }

    @Test(
        "Growth ends at N, whatever the numbers are",
        arguments: [JumpGrowth(theta: 0.8), IncrementGrowth(theta: 0.8)] as [any BatchRule])
    func growthEndsAtN(rule: any BatchRule) {
        var size = 2
        for _ in 0..<500 {
            size = wanted(rule, statistics(size: size, population: 1000, norm: 0, variance: 1))
        }
        #expect(size == 1000)
        #expect(wanted(rule, statistics(size: 1000, population: 1000, norm: 0, variance: 1)) == 1000)
    }

    @Test("The full batch has no noise")
    func fullBatchHasNoNoise() {
        let full = statistics(size: 1000, population: 1000, norm: 0.5, variance: 7)
        #expect(full.noise == 0)
        #expect(full.signal == 0.5)
        #expect(full.signalToNoise == .infinity)
    }

    @Test("The shortest stay of any rank in a reduction is found from a sum")
    func shortestStay() {
        for (stays, shortest) in [([0.25], 0.25), ([3e-6, 1e-3, 0.5], 3e-6), ([2e-4, 2e-4, 2e-4, 9], 2e-4)] {
            let shared = stays.map { SharedStay(seconds: $0) }
            let sum = shared.reduce(0) { $0 + $1.contribution }
            for (stay, seconds) in zip(shared, stays) {
                let transfer = stay.transfer(sum: sum)
                #expect(transfer <= seconds && transfer <= shortest * 1.0001 && transfer >= shortest * 0.95)
            }
        }
        #expect(SharedStay().contribution == 0 && SharedStay().transfer(sum: 1) == 0)
        #expect(SharedStay(seconds: 1).transfer(sum: .nan) == 0)
    }
}
