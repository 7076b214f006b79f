import Models

/// Steps from a batch smaller than N.
extension Trainer {
    func noisyStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        switch configuration.step {
        case .fixed:
            return unsearchedStep(statistics, size: standardStep)
        case .sgd:
            let size = standardStep / (1 + configuration.stepDecay * objective.gradientPasses)
            return unsearchedStep(statistics, size: size)
        case .auto where directionKind.isAdaptive:
            return unsearchedStep(statistics, size: standardStep)
        case .auto:
            return isConvex ? try newtonLengthStep(statistics) : try parabolicStep(statistics)
        case .bb where !directionKind.isAdaptive:
            return try barzilaiBorweinSteps(statistics)
        case .armijo, .bb:
            return try searchedStep(statistics)
        }
    }

    /// α where none is searched.
    private var standardStep: Double { configuration.stepSize ?? objective.adaptive?.standardStep ?? 0.1 }

    /// x ← x + αd with no look at the loss (Algorithm 1).
    func unsearchedStep(_ statistics: GradientStatistics, size: Double) -> IterationOutcome {
        let shortened = min(size, state.stepSize ?? size)
        state.stepSize = shortened
        if isConvex { state.lastGood = state.parameters }
        writeGradientDirection()
        let isGiven = configuration.stepSize != nil
        let step = shortened * (isGiven ? 1 : objective.adaptive?.stretch(batchSize: state.batchSize) ?? 1)
        move(by: step)
        return IterationOutcome(statistics: statistics, stepSize: step)
    }

    /// Algorithm 2: α doubles when the batch grew, halves until the batch loss falls enough, and carries over. Ours: the
    /// first trial is always 2α, and where the curvature is known α ends at the minimiser along the direction: on a small
    /// batch a longer step that still passes the test can throw rare features far off.
    private func searchedStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        writeGradientDirection()
        let first = try firstStep(statistics, doubled: state.grew || (isConvex && !isPaperMode))
        let found = try search(first: first, statistics: statistics, shrink: isPaperMode ? nil : 1)
        return isConvex ? found.outcome : afterSearch(found)
    }

    /// α by `ParabolicStep`, held to Armijo's condition on the batch, along −g: along −g + βv the best single step is short,
    /// as v has used up that direction's descent. The step itself is along −g + βv.
    private func parabolicStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        let isMoving = directionKind == .momentum && state.hasVelocity
        if isMoving { swap(&state.velocity, &direction) }
        objective.writeDescent(into: &direction)
        let slope = dot(direction, objective.gradient)
        let first = try firstStep(statistics, doubled: false)
        var sight = try look(first: first, statistics: statistics)
        if isMoving, sight.step != nil {
            axpy(configuration.momentum, state.velocity, &direction)
            sight.ray = nil
        }
        let found = take(sight, statistics: statistics)
        if let step = sight.step {
            state.stepSize = state.parabola.next(
                after: step, loss: statistics.loss, trialLoss: sight.loss, slope: slope,
                noise: state.noise.noise(like: statistics))
        }
        return afterSearch(found)
    }

    /// A batch on which no step is good enough is left alone, and momentum with it; after many in a row the run is done.
    private func afterSearch(_ found: (outcome: IterationOutcome, accepted: Bool)) -> IterationOutcome {
        guard !found.accepted else {
            state.exhaustedSearches = 0
            return found.outcome
        }
        state.exhaustedSearches += 1
        var outcome = found.outcome
        if state.exhaustedSearches >= 20 { outcome.reason = .lineSearchExhausted }
        return outcome
    }

    /// α = (‖g‖²_P/κ)·(s/‖g‖²_P), κ = dᵀ∇²ℓ_B d: (8) with the exact curvature of the same batch, and with a step no longer
    /// than the signal in it. Found inside an Armijo ladder, so that one reduction brings both; models that do not know
    /// κ carry α over as in Algorithm 2.
    private func newtonLengthStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        writeGradientDirection()
        var first = try firstStep(statistics, doubled: true)
        // A dense metric knows its length: one bad batch must not make the steps of all that follow short.
        if case .dense = objective.metric { first = max(first, 0.5) }
        let shrink = max(statistics.signal / statistics.squaredGradientNorm, 0.1)
        return try search(first: first, statistics: statistics, shrink: shrink).outcome
    }

    /// Algorithm 3: search and step; gradient at the new point on the same batch; Barzilai–Borwein α; search and step.
    private func barzilaiBorweinSteps(_ statistics: GradientStatistics) throws -> IterationOutcome {
        writeGradientDirection()
        let first = try firstStep(statistics, doubled: false)
        let slopeBefore = dot(direction, objective.gradient)
        let squaredDirection = isConvex ? statistics.squaredGradientNorm : dot(direction, direction)
        let opening = try search(first: first, statistics: statistics)
        guard opening.accepted, let step = state.stepSize else {
            return isConvex ? opening.outcome : afterSearch(opening)
        }

        let second = try objective.evaluate(
            start: state.position, count: state.batchSize, at: state.parameters, decision: decision())
        guard second.isFinite else { return opening.outcome }
        // Δx = αd, so ⟨Δx, Δg⟩ = α⟨d, Δg⟩. With d = −Pg, ‖Δx‖² in the dual norm is α²‖g‖²_P.
        let change = step * (dot(direction, objective.gradient) - slopeBefore)
        let squaredStep = step * step * squaredDirection
        let size = BarzilaiBorwein().stepSize(
            after: step, curvature: change, squaredStep: squaredStep, statistics: statistics)
        writeGradientDirection()
        let closing = try search(first: size, statistics: second)
        return isConvex ? closing.outcome : afterSearch(closing)
    }

    /// d = −Pg, or with momentum −Pg + βΔx_prev/α_prev where that still descends; adaptive directions by their rule.
    func writeGradientDirection() {
        if let adaptive = objective.adaptive {
            adaptive.writeDirection(gradient: objective.gradient, into: &direction)
            // Adam's memory may point uphill on this batch, where no search ends well.
            if isSearched, !(dot(objective.gradient, direction) < 0) {
                adaptive.writeDescent(gradient: objective.gradient, into: &direction)
            }
            return
        }
        guard directionKind == .momentum, state.hasVelocity else {
            return objective.writeDescent(into: &direction)
        }
        if case .identity = objective.metric {
            blend(-1, objective.gradient, keeping: configuration.momentum, of: &direction)
        } else {
            swap(&state.velocity, &direction)
            objective.writeDescent(into: &direction)
            axpy(configuration.momentum, state.velocity, &direction)
        }
        if isSearched, !(dot(objective.gradient, direction) < 0) {
            objective.writeDescent(into: &direction)
        }
    }

    private var isSearched: Bool {
        switch configuration.step {
        case .fixed, .sgd: false
        case .auto: objective.adaptive == nil
        case .armijo, .bb: true
        }
    }

    /// The paper's printed rule: α rises only when the batch grew.
    private var isPaperMode: Bool { configuration.growth == .increment }

    /// α to try first: the carried one, doubled where the rule says so, or a curvature estimate at the start.
    func firstStep(_ statistics: GradientStatistics, doubled: Bool) throws -> Double {
        if let step = state.stepSize { return doubled ? 2 * step : step }
        if let step = configuration.stepSize { return step }
        if case .dense = objective.metric { return 2 }
        return try estimateStep(statistics)
    }

    /// The minimiser of the parabola through ℓ_B at −ε, 0 and ε along d: α = −⟨g, d⟩/κ, κ = (ℓ(ε) + ℓ(−ε) − 2ℓ(0))/ε².
    /// ε is the step at which a straight line would lose a tenth of the loss, so scaling the features changes nothing.
    private func estimateStep(_ statistics: GradientStatistics) throws -> Double {
        let slope = dot(objective.gradient, direction)
        let probe = 0.1 * max(abs(statistics.loss), 1e-12) / max(-slope, 1e-300)
        let ray = objective.ray(
            start: state.position, count: state.batchSize, from: state.parameters, along: direction)
        let values = try objective.probe(
            ray, from: state.parameters, along: direction, at: [-probe, probe], decision: decision()
        ).losses
        let curvature = (values[0] + values[1] - 2 * statistics.loss) / (probe * probe)
        let step = -slope / curvature
        return step.isFinite && step > 0 ? min(step, 100 * probe) : probe
    }

    /// Backtracks from `first` along d on the current batch and steps.
    func search(
        first: Double, statistics: GradientStatistics, reference: Double? = nil, shrink: Double? = nil
    ) throws -> (outcome: IterationOutcome, accepted: Bool) {
        try take(
            look(first: first, statistics: statistics, reference: reference, shrink: shrink), statistics: statistics)
    }

    /// Searches along d on the current batch and stays where it is.
    func look(
        first: Double, statistics: GradientStatistics, reference: Double? = nil, shrink: Double? = nil,
        lengthens: Bool = false
    ) throws -> Sight {
        let slope = dot(objective.gradient, direction)
        let ray = objective.ray(
            start: state.position, count: state.batchSize, from: state.parameters, along: direction)
        var tooLong = 0
        let found = try lineSearch.taking(ray.line?.trialsAtOnce ?? 1).search(
            from: first, reference: reference ?? statistics.loss, slope: slope, shrink: shrink, lengthens: lengthens,
            enough: nothingLeft
        ) { steps in
            let seen = try objective.probe(
                ray, from: state.parameters, along: direction, at: steps, decision: decision())
            tooLong += seen.losses.count { !($0 - statistics.loss <= 9 * abs(statistics.loss)) }
            return seen
        }
        state.trials += found.trials
        state.nonFinite += found.nonFinite
        guard case .accepted(let step, let loss) = found.outcome else {
            // Steps that multiplied the loss by ten, or made it no number, are not tried again.
            if !isConvex, tooLong > 0 {
                state.stepSize = first * Double(sign: .plus, exponent: -tooLong, significand: 1)
            }
            return Sight(ray: ray, step: nil, loss: .nan)
        }
        return Sight(ray: ray, step: step, loss: loss)
    }

    /// What a search saw: α along the ray; nil when none was good enough.
    struct Sight {
        /// nil: the step will not be along it.
        var ray: Ray?
        let step: Double?
        /// Of the trial that was good enough.
        let loss: Double
    }

    /// The step to what was seen.
    func take(_ sight: Sight, statistics: GradientStatistics) -> (outcome: IterationOutcome, accepted: Bool) {
        guard let step = sight.step else {
            state.hasVelocity = false
            return (IterationOutcome(statistics: statistics, stepSize: 0), false)
        }
        state.stepSize = step
        move(by: step, on: sight.ray)
        return (IterationOutcome(statistics: statistics, stepSize: step), true)
    }

    /// x ← x + αd, along `ray` if the step was searched.
    func move(by step: Double, on ray: Ray? = nil) {
        objective.walk = ray.flatMap {
            objective.walk(on: $0, from: state.parameters, along: direction, by: step)
        }
        state.hasVelocity = directionKind == .momentum
        decayWeights(step)
        axpy(step, direction, &state.parameters)
    }

    /// w_j ← (1 − αλ) w_j for Adam and (1 − αλP_jj) w_j for AdaDelta, whose P is its step size.
    private func decayWeights(_ step: Double) {
        guard let adaptive = objective.adaptive, !isConvex, configuration.l2 > 0 else { return }
        let rate = Float(step * configuration.l2)
        let metric = directionKind == .adadelta ? adaptive.metric : nil
        let count = objective.model.penalisedCount
        state.parameters.withUnsafeMutableBufferPointer { w in
            if let metric {
                for j in 0..<count { w[j] -= rate * metric.pointer[j] * w[j] }
            } else {
                for j in 0..<count { w[j] -= rate * w[j] }
            }
        }
    }
}
