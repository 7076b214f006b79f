import Testing

@testable import BigBatch

/// Each rule by itself, on ½ c x² in one dimension, where all can be reckoned by hand.
@Suite("Step rules on a parabola")
struct StepRulesOnParabolaTests {
    @Test("Armijo: 2α only when the batch grew, or always; the curvature shortens it to the minimiser")
    func armijo() throws {
        var none = NoState()
        let batch = ParabolaBatch(curvature: 1, x: 1)
        batch.stepSize = 0.5
        #expect(try ArmijoStep().step(batch, &none) == .moved(by: 0.5))
        batch.hasGrown = true
        #expect(try ArmijoStep().step(batch, &none) == .moved(by: 1))
        #expect(batch.x == 0)

        let known = ParabolaBatch(curvature: 4, x: 1)
        (known.knowsCurvature, known.stepSize) = (true, 0.2)
        #expect(try ArmijoStep(alwaysDoubles: true, shrink: 1).step(known, &none) == .moved(by: 0.25))
        #expect(known.firsts == [0.4] && known.x == 0)
    }

    @Test("Barzilai–Borwein: the first search, then a share K/N of 1/ν")
    func barzilaiBorwein() throws {
        var none = NoState()
        let batch = ParabolaBatch(curvature: 1, x: 1)
        batch.stepSize = 0.25
        #expect(try BarzilaiBorweinStep().step(batch, &none) != .stayed)
        // ν = 1, K/N = 1/10, no variance: 0.9 · 0.25 + 0.1 · 1.
        #expect(batch.firsts.count == 2 && batch.firsts[0] == 0.25 && abs(batch.firsts[1] - 0.325) < 1e-12)
        #expect(abs(batch.x - 0.75 * 0.675) < 1e-12)
    }

    @Test("Barzilai–Borwein: where the second search finds nothing the first step is what was done")
    func onlyTheFirstStep() throws {
        var none = NoState()
        let batch = ParabolaBatch(curvature: 1, x: 1)
        batch.stepSize = 1
        // At the minimum after the first step: no α lowers the loss there.
        batch.refusesFrom = 1
        #expect(try BarzilaiBorweinStep().step(batch, &none) == .moved(by: 1))
    }

    @Test("A step that nobody searches decays with passes, and stays short once it was shortened")
    func decaying() throws {
        var none = NoState()
        let batch = ParabolaBatch(curvature: 1, x: 1)
        batch.gradientPasses = 3
        #expect(try DecayingStep(size: 0.4, decay: 1).step(batch, &none) == .moved(by: 0.1))
        batch.stepSize = 0.01
        #expect(try DecayingStep(size: 0.4).step(batch, &none) == .moved(by: 0.01))
        batch.stepSize = nil
        batch.standardStep = (0.1, 3)
        #expect(try DecayingStep().step(batch, &none) == .moved(by: 0.1 * 3))
        #expect(batch.stepSize == 0.1)
    }

    @Test("The parabola's α goes to the minimiser, 1/c")
    func parabolic() throws {
        let rule = ParabolicStep()
        var fit = rule.start
        let batch = ParabolaBatch(curvature: 2, x: 1e6)
        batch.stepSize = 0.01
        for _ in 0..<60 {
            _ = try rule.step(batch, &fit)
            batch.x = 1e6
        }
        #expect(abs(try #require(batch.stepSize) - 0.5) < 1e-3)
    }

    @Test("The Newton length is no longer than the signal in the gradient")
    func newtonLength() throws {
        var none = NoState()
        let batch = ParabolaBatch(curvature: 2, x: 1)
        (batch.knowsCurvature, batch.stepSize, batch.variance) = (true, 1, 20)
        // ‖g‖² = 4, noise 20/10 · (1 − 1/10) = 1.8: a share of 0.55 of 1/c.
        guard case .moved(let step) = try NewtonLengthStep().step(batch, &none) else {
            Issue.record("no step")
            return
        }
        #expect(abs(step - 0.55 / 2) < 1e-12)
    }
}
