import Testing

@testable import BigBatch

@Suite("Steps")
struct StepRuleTests {
    @Test("The search takes the largest step of the ladder that decreases enough")
    func searchTakesTheLargestGoodStep() throws {
        // ℓ(α) = ½·10·α² − 10α + 5: slope −10 at 0, minimum at 1, Armijo with c = 0.1 holds up to α = 1.8.
        var calls = 0
        let found = LineSearch().search(from: 16, reference: 5, slope: -10) { steps in
            calls += 1
            return (steps.map { 5 * $0 * $0 - 10 * $0 + 5 }, nil)
        }
        #expect(found.outcome == .accepted(step: 1, loss: 0))
        #expect(found.trials == 5)
        #expect(calls == 2)
    }

    @Test("A non-finite trial counts as worse than any other")
    func nonFiniteTrialIsRefused() {
        let found = LineSearch().search(from: 4, reference: 1, slope: -1) { steps in
            (steps.map { $0 > 1 ? .nan : 1 - $0 / 2 }, nil)
        }
        #expect(found.outcome == .accepted(step: 1, loss: 0.5))
    }

    @Test("A search without a good step ends and says so")
    func searchEnds() {
        let found = LineSearch().search(from: 1, reference: 1, slope: -1) { ($0.map { _ in 2 }, nil) }
        guard case .exhausted = found.outcome else {
            Issue.record("expected exhaustion")
            return
        }
        #expect(found.trials == 40)
    }

    @Test("Where the loss is known to 1e-6 of it, no step is taken that only rounding makes good")
    func searchEndsWhereRoundingBegins() {
        var search = LineSearch().taking(1)
        search.leastChange = LineSearch.resolution
        var smallest = 1.0
        let found = search.search(from: 1, reference: 1, slope: -1) { steps in
            smallest = min(smallest, steps[0])
            // Uphill, until it cannot be seen any more.
            return (steps.map { Double(Float(1 + $0)) }, nil)
        }
        guard case .exhausted = found.outcome else {
            Issue.record("expected exhaustion")
            return
        }
        #expect(smallest > 1e-6 && smallest < 2e-6)
        // The first trial may be as short as it likes.
        let short = search.search(from: 1e-12, reference: 1, slope: -1) { ($0.map { _ in 0.999 }, nil) }
        #expect(short.outcome == .accepted(step: 1e-12, loss: 0.999))
    }

    @Test("A search may go on past its first step while the loss falls")
    func searchLengthens() {
        // ℓ(α) = (α − 20)², no curvature told: 4 is good, then 8, 16, and 32 is worse.
        let found = LineSearch().search(from: 4, reference: 400, slope: -40, lengthens: true) { steps in
            (steps.map { ($0 - 20) * ($0 - 20) }, nil)
        }
        #expect(found.outcome == .accepted(step: 16, loss: 16))
        // A minimum that the curvature shows within the first step is kept.
        let newton = LineSearch().search(from: 4, reference: 4, slope: -4, shrink: 1, lengthens: true) { steps in
            (steps.map { ($0 - 2) * ($0 - 2) }, 2)
        }
        #expect(newton.outcome == .accepted(step: 2, loss: 0))
    }

    @Test("Barzilai–Borwein finds the inverse curvature on the full batch and falls back when there is none")
    func barzilaiBorwein() {
        let full = GradientStatistics(
            batchSize: 10, population: 10, loss: 1, squaredGradientNorm: 1, variance: 3)
        let rule = BarzilaiBorweinSize()
        #expect(rule.stepSize(after: 0.1, curvature: 4, squaredStep: 1, statistics: full) == 0.25)
        #expect(rule.stepSize(after: 0.1, curvature: -4, squaredStep: 1, statistics: full) == 0.1)
        #expect(rule.stepSize(after: 0.1, curvature: 0, squaredStep: 0, statistics: full) == 0.1)
        #expect(rule.stepSize(after: 0.1, curvature: .nan, squaredStep: 1, statistics: full) == 0.1)
        #expect(rule.stepSize(after: 1, curvature: 1e9, squaredStep: 1, statistics: full) == 0.1)
    }

    @Test("On a noisy batch the Barzilai–Borwein step is smoothed and reduced by the noise share (8)")
    func barzilaiBorweinOnNoisyBatch() {
        let noisy = GradientStatistics(
            batchSize: 10, population: 40, loss: 1, squaredGradientNorm: 1, variance: 5)
        let step = BarzilaiBorweinSize().stepSize(after: 0.2, curvature: 2, squaredStep: 1, statistics: noisy)
        #expect(abs(step - (0.75 * 0.2 + 0.25 * 0.5 * 0.5)) < 1e-12)
    }

    @Test("L-BFGS with enough pairs solves a quadratic")
    func lbfgsSolvesAQuadratic() throws {
        let curvature: [Float] = [1, 3, 10, 30, 100]
        var x: [Float] = [1, -2, 3, -4, 5]
        let memory = LBFGS(memory: 5)
        var d = [Float](repeating: 0, count: 5)
        for _ in 0..<40 {
            let g = zip(curvature, x).map { $0 * $1 }
            try memory.observe(x, gradient: g, preconditioner: .identity)
            try d.withUnsafeMutableBufferPointer {
                try memory.writeDirection(gradient: g, preconditioner: .identity, into: $0)
            }
            // Exact line search on the quadratic.
            let slope = dot(g, d)
            let bend = zip(curvature, d).reduce(0.0) { $0 + Double($1.0 * $1.1 * $1.1) }
            guard slope < 0, bend > 0 else { break }
            axpy(-slope / bend, d, &x)
        }
        #expect(dot(x, x) < 1e-10)
    }

    @Test("A pair without curvature is not kept")
    func flatPairIsIgnored() throws {
        let memory = LBFGS()
        try memory.observe([0, 0], gradient: [0, 0], preconditioner: .identity)
        try memory.observe([1, 0], gradient: [0, 1], preconditioner: .identity)
        try memory.observe([2, 0], gradient: [-1, 1], preconditioner: .identity)
        #expect(memory.isEmpty)
        var d: [Float] = [0, 0]
        try d.withUnsafeMutableBufferPointer {
            try memory.writeDirection(gradient: [1, 2], preconditioner: .identity, into: $0)
        }
        #expect(d == [-1, -2])
    }

    @Test("L-BFGS from kept products is the two-loop recursion, with pairs refused, replaced and forgotten")
    func lbfgsIsTheTwoLoopRecursion() throws {
        let curvature: [Float] = [1, 3, 10, 30, 100, 2, 7]
        let preconditioner = Preconditioner.diagonal(scale: [0.5, 0.3, 0.1, 0.05, 0.02, 1, 0.2], classes: 1)
        let memory = LBFGS(memory: 3)
        var noise = Fingerprint()
        var x = [Float](repeating: 0, count: 7)
        var pairs: [(s: [Double], y: [Double])] = []
        var previous: (x: [Float], g: [Float])?
        for round in 0..<12 {
            for index in x.indices {
                noise.combine(UInt64(index))
                x[index] += Float(noise.digest) / Float(1 << 18) - 0.5
            }
            // One point where the gradient falls along the step.
            let g = zip(curvature, x).map { (round == 5 ? -1 : 1) * $0 * $1 }
            if round == 8 {
                memory.reset()
                pairs = []
            }
            try memory.observe(x, gradient: g, preconditioner: preconditioner)
            if let previous {
                let s = zip(x, previous.x).map { Double($0 - $1) }
                let y = zip(g, previous.g).map { Double($0 - $1) }
                if zip(s, y).reduce(0, { $0 + $1.0 * $1.1 }) > 0 { pairs = (pairs + [(s, y)]).suffix(3) }
            }
            previous = (x, g)
            var d = [Float](repeating: 0, count: 7)
            try d.withUnsafeMutableBufferPointer {
                try memory.writeDirection(gradient: g, preconditioner: preconditioner, into: $0)
            }
            let expected = twoLoops(pairs, g.map { Double($0) }, [0.5, 0.3, 0.1, 0.05, 0.02, 1, 0.2])
            let size = expected.map { abs($0) }.max() ?? 0
            for (value, wanted) in zip(d, expected) { #expect(abs(Double(value) - wanted) <= 1e-4 * size) }
        }
    }

    /// −H g as it stands in the book.
    private func twoLoops(_ pairs: [(s: [Double], y: [Double])], _ g: [Double], _ scale: [Double]) -> [Double] {
        func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        var q = g
        var coefficients = [Double](repeating: 0, count: pairs.count)
        for i in pairs.indices.reversed() {
            coefficients[i] = dot(pairs[i].s, q) / dot(pairs[i].s, pairs[i].y)
            q = zip(q, pairs[i].y).map { $0 - coefficients[i] * $1 }
        }
        var gamma = 1.0
        if let last = pairs.last { gamma = dot(last.s, last.y) / dot(last.y, zip(scale, last.y).map { $0 * $1 }) }
        q = zip(q, scale).map { gamma * $0 * $1 }
        for i in pairs.indices {
            let correction = coefficients[i] - dot(pairs[i].y, q) / dot(pairs[i].s, pairs[i].y)
            q = zip(q, pairs[i].s).map { $0 + correction * $1 }
        }
        return q.map { -$0 }
    }

    @Test("A preconditioner's norm and its application agree")
    func preconditionersAgree() {
        let gradient: [Float] = [1, -2, 3, 0.5]
        let diagonal = Preconditioner.diagonal(scale: [1, 2, 0.5, 4], classes: 1)
        #expect(abs(diagonal.squaredNorm(gradient) - 14.5) < 1e-6)
        // A = [[2, 1], [1, 3]], so P = [[3, −1], [−1, 2]] / 5, for each of two classes.
        guard let preconditioner = DensePreconditioner([2, 1, 1, 3], dimension: 2, classes: 2, hasIntercept: true)
        else {
            Issue.record("a positive definite matrix has an inverse")
            return
        }
        let dense = Preconditioner.dense(preconditioner)
        var product = gradient
        dense.apply(1, to: gradient, into: &product)
        let expected: [Float] = [0, -1.3, 1, 0.6]
        for (value, wanted) in zip(product, expected) { #expect(abs(value - wanted) < 1e-6) }
        // The dual norm of P g is the norm of g.
        #expect(abs(dense.squaredDualNorm(product) - dense.squaredNorm(gradient)) < 1e-5)
        for preconditioner in [Preconditioner.diagonal(scale: [2, 4], classes: 2), .identity] {
            var product = gradient
            preconditioner.apply(1, to: gradient, into: &product)
            #expect(abs(preconditioner.squaredDualNorm(product) - preconditioner.squaredNorm(gradient)) < 1e-5)
        }
        #expect(DensePreconditioner([1, 2, 2, 1], dimension: 2, classes: 2, hasIntercept: true) == nil)
    }
}
