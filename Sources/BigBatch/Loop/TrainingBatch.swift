import Models

/// The batch of an iteration, as its rules see it.
final class TrainingBatch<M: Model>: BatchView {
    unowned let trainer: Trainer<M>
    var statistics = GradientStatistics(
        batchSize: 0, population: 0, loss: 0, squaredGradientNorm: 0, variance: 0)
    /// The line along d, once losses along it were asked for.
    private var line: Line?
    /// d = −P g_B.
    private var isDescent = false
    /// ⟨g_B, d⟩, once it was asked for.
    private var knownSlope: Double?
    /// d of the last step while −P g_B stands in its place.
    private var lastStep: [Float] = []
    private var isLastStepAside = false
    /// Once an iteration, whichever rules ask.
    var isRenewalAsked = false
    /// The rows of this iteration that curvature along any direction is told from.
    var curvatureSample: (strata: RowStrata, rows: SampleSegment)?

    init(of trainer: Trainer<M>) { self.trainer = trainer }

    var objective: Objective<M> { trainer.objective }

    func begin(_ statistics: GradientStatistics) -> Self {
        self.statistics = statistics
        forgetLine()
        isLastStepAside = false
        isRenewalAsked = false
        curvatureSample = nil
        return self
    }

    func forgetLine() {
        line = nil
        knownSlope = nil
        isDescent = false
    }

    var noise: Double { trainer.state.noise.noise(like: statistics) }
    var hasGrown: Bool { trainer.state.grew }
    var gradientPasses: Double { objective.gradientPasses }
    var stepSize: Double? {
        get { trainer.state.stepSize }
        set { trainer.state.stepSize = newValue }
    }
    var standardStep: (size: Double, stretch: Double) {
        let direction = trainer.aim.rule
        return (direction.standardStep, direction.stretch(batchSize: trainer.state.batchSize))
    }
    var leastLoss: Double { objective.leastLoss }
    var knowsLength: Bool { if case .dense = objective.preconditioner { true } else { false } }
    var slope: Double {
        get throws {
            if let knownSlope { return knownSlope }
            let slope = try products.dot(objective.gradient, whole: trainer.direction)
            knownSlope = slope
            return slope
        }
    }
    var products: Products { objective.products(trainer.rendezvous()) }
    var squaredDirection: Double {
        trainer.aim.rule.mayRise
            ? objective.preconditioner.squaredDualNorm(trainer.direction) : statistics.squaredGradientNorm
    }

    // MARK: - Where to

    func writeDirection(descending: Bool) throws {
        if isLastStepAside {
            swap(&lastStep, &trainer.direction)
            isLastStepAside = false
        } else if isDescent, objective.norm == nil {
            return
        }
        forgetLine()
        trainer.aim.write(&trainer.direction, objective, hasLastStep: trainer.state.hasLastStep)
        try gather(&trainer.direction)
        if descending, trainer.aim.rule.mayRise, try !(slope < 0) { try writeOwnDescent() }
    }

    func gather(_ whole: inout [Float]) throws { try objective.gather(&whole) }

    func writeDescent() throws {
        if trainer.aim.rule.continuesLastStep, trainer.state.hasLastStep {
            if lastStep.count != trainer.direction.count {
                lastStep = [Float](repeating: 0, count: trainer.direction.count)
            }
            swap(&lastStep, &trainer.direction)
            isLastStepAside = true
        }
        try writeOwnDescent()
    }

    /// In the norm of the direction, if it has one.
    private func writeOwnDescent() throws {
        forgetLine()
        isDescent = true
        guard let norm = objective.norm else {
            objective.writeDescent(into: &trainer.direction)
            return try gather(&trainer.direction)
        }
        let (g, p) = (objective.gradient, norm.diagonal)
        trainer.direction.withUnsafeMutableBufferPointer { d in
            for j in g.indices { d[j] = -p[j] * g[j] }
        }
    }

    // MARK: - How far

    func firstStep(doubled: Bool) throws -> Double {
        if let step = trainer.state.stepSize { return doubled ? 2 * step : step }
        if let step = trainer.configuration.stepSize { return step }
        if knowsLength { return 2 }
        return try estimateStep()
    }

    /// The minimiser of the parabola through ℓ_B at −ε, 0 and ε along d: α = −⟨g, d⟩/κ, κ = (ℓ(ε) + ℓ(−ε) − 2ℓ(0))/ε².
    /// ε is the step at which a straight line would lose a tenth of the loss, so scaling the features changes nothing.
    private func estimateStep() throws -> Double {
        let slope = try slope
        let probe = 0.1 * max(abs(statistics.loss), 1e-12) / max(-slope, 1e-300)
        let values = try self.probe(makeLine(), at: [-probe, probe]).losses
        let curvature = (values[0] + values[1] - 2 * statistics.loss) / (probe * probe)
        let step = -slope / curvature
        return step.isFinite && step > 0 ? min(step, 100 * probe) : probe
    }

    func losses(at steps: [Double]) throws -> (losses: [Double], curvature: Double?) {
        let line = line ?? makeLine()
        self.line = line
        var found: (losses: [Double], curvature: Double?) = ([], nil)
        for start in stride(from: 0, to: steps.count, by: Objective<M>.ladderCapacity) {
            let part = try probe(line, at: Array(steps[start...].prefix(Objective<M>.ladderCapacity)))
            found.losses += part.losses
            found.curvature = part.curvature
        }
        return found
    }

    private func makeLine() -> Line {
        objective.line(
            start: trainer.state.position, count: trainer.state.batchSize, from: trainer.state.parameters,
            along: trainer.direction)
    }

    private func probe(_ line: Line, at steps: [Double]) throws -> (losses: [Double], curvature: Double?) {
        try objective.probe(
            line, from: trainer.state.parameters, along: trainer.direction, at: steps, rendezvous: trainer.rendezvous())
    }

    func search(from first: Double, reference: Double?, shrink: Double?, lengthens: Bool) throws -> Trial? {
        let slope = try slope
        let line = makeLine()
        self.line = line
        var tooLong = 0
        let found = try trainer.lineSearch.taking(line.margins?.trialsAtOnce ?? 1).search(
            from: first, reference: reference ?? statistics.loss, slope: slope, shrink: shrink, lengthens: lengthens,
            enough: trainer.nothingLeft
        ) { steps in
            let seen = try probe(line, at: steps)
            tooLong += seen.losses.count { !($0 - statistics.loss <= 9 * abs(statistics.loss)) }
            return seen
        }
        trainer.state.trials += found.trials
        trainer.state.nonFinite += found.nonFinite
        guard case .accepted(let step, let loss) = found.outcome else {
            // Steps that multiplied the loss by ten, or made it no number, are not tried again.
            if !trainer.isConvex, tooLong > 0 {
                trainer.state.stepSize = first * Double(sign: .plus, exponent: -tooLong, significand: 1)
            }
            return nil
        }
        return Trial(step: step, loss: loss)
    }

    // MARK: - Steps

    func move(by step: Double) {
        // Nobody has looked where that leads.
        if trainer.isConvex, line == nil { trainer.state.lastGood = trainer.state.parameters }
        trainer.move(by: step, on: line)
        forgetLine()
    }

    func take(_ trial: Trial?) -> StepOutcome {
        guard let trial else {
            trainer.state.hasLastStep = false
            return .stayed
        }
        trainer.state.stepSize = trial.step
        move(by: trial.step)
        return .moved(by: trial.step)
    }

    func evaluateAgain() throws -> Bool {
        let found = try objective.evaluate(
            start: trainer.state.position, count: trainer.state.batchSize, at: trainer.state.parameters,
            rendezvous: trainer.rendezvous())
        guard found.isFinite else { return false }
        statistics = found
        forgetLine()
        return true
    }
}
