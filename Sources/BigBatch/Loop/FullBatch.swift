import Models

/// Steps from all N rows of a convex objective.
extension Trainer {
    func fullBatchStep(_ statistics: GradientStatistics) throws -> IterationOutcome {
        if let outcome = try tailStep(statistics) { return outcome }
        state.full.objectives.note(statistics.loss)
        let batch = batch.begin(statistics)
        let stepped = try settled().map { .done($0) } ?? fullStep.step(batch)
        // A search on all rows that found no step would find none again.
        let isExhausted = stepped == .stayed && method.fullStep.descends
        return IterationOutcome(
            statistics: batch.statistics, stepSize: stepped.size,
            reason: isExhausted ? .lineSearchExhausted : stepped.reason)
    }

    /// Why no step can lower the objective any more, whatever the step rule; nil: one may.
    private func settled() -> StopReason? {
        if objective.gradientNorm == 0 { return .gradientNorm }
        // A step of constant size that is too short looks the same: see `SameStep`.
        guard method.fullStep.descends else { return nil }
        return state.full.objectives.isFlat(for: stopRule.plateau) ? .objectivePlateau : nil
    }

    /// An objective this low is within the tolerance of every other: it cannot fall below its least value.
    var nothingLeft: Double {
        guard isConvex, let start = state.progress.first else { return -.infinity }
        let scale = stopRule.scale(objective.leastLoss, least: objective.leastLoss, start: start)
        return objective.leastLoss + max(stopRule.tolerance, StopRule.resolution) * scale
    }

    /// The objective that accuracy is relative to.
    func objectiveScale(_ loss: Double) -> Double {
        stopRule.scale(loss, least: objective.leastLoss, start: state.progress.first)
    }
}

extension TrainingBatch: FullBatchView {
    var parameters: [Float] { trainer.state.parameters }
    var gradient: [Float] { objective.gradient }
    var preconditioner: Preconditioner { objective.preconditioner }

    func writeDirection(_ write: (UnsafeMutableBufferPointer<Float>) throws -> Void) throws {
        forgetLine()
        let own = objective.parts.own
        try trainer.direction.withUnsafeMutableBufferPointer {
            try write(UnsafeMutableBufferPointer(rebasing: $0[own]))
        }
        try gather(&trainer.direction)
    }

    func stepAsFromAnyBatch() throws -> StepOutcome { try trainer.stepRule.step(self) }

    // MARK: - The norm

    func renewPreconditionerIfDue() throws {
        guard !isRenewalAsked else { return }
        isRenewalAsked = true
        if try endAdaptation() || isDue && renew() { try takeNorm() }
        trainer.state.full.iterations += 1
    }

    func expirePreconditioner() { trainer.state.full.iterations = 0 }

    func hessianCost() throws -> HessianCost? { try objective.hessianCost(rendezvous: trainer.rendezvous()) }

    func adoptHessian() throws -> Bool {
        guard try objective.adoptHessian(rendezvous: trainer.rendezvous()) else { return false }
        if objective.norm != nil { trainer.endAim() }
        try takeNorm()
        return true
    }

    func gapByCurvature() throws -> Double? {
        try objective.gapByCurvature(at: trainer.state.parameters, rendezvous: trainer.rendezvous())
    }

    var curvatureRows: Int? {
        guard let held = heldDirections else { return nil }
        let rows = objective.population / 10
        return rows > 0 && held <= 0.1 * Double(rows) ? rows : nil
    }

    /// Directions that the data hold and not λ, about: Σ κ/(κ + λ), P = 1/(κ + λ). Nil where curvature along a direction is not asked of
    /// a sample.
    private var heldDirections: Double? {
        guard objective.norm == nil else { return nil }
        let diagonal: ArraySlice<Double>
        switch (objective.preconditioner, objective.dataset.features) {
        case (.diagonal(let scale, let classes), .sparse):
            diagonal = scale.prefix(objective.model.penalisedCount / classes).map { Double($0) }[...]
        case (.dense(let dense), _) where dense.classes > 1:
            diagonal = dense.diagonal.prefix(objective.model.penalisedCount / dense.classes)
        default: return nil
        }
        return diagonal.reduce(0) { $0 + max(0, 1 - objective.l2 * $1) }
    }

    /// Collective, the first time in an iteration; nil where strata are not known. Made anew in each, so that a run that was cut does
    /// what the whole one does.
    private func sampleOfCurvature(start: Int, count: Int) throws -> (strata: RowStrata, rows: SampleSegment)? {
        if curvatureSample == nil, objective.rowSumModel != nil,
            let strata = try objective.makeStrata(rendezvous: trainer.rendezvous())
        {
            let rows = try objective.gather(
                strata, start: start, from: [Int](repeating: 0, count: RowStrata.count),
                to: strata.windows(rows: count), rendezvous: trainer.rendezvous())
            curvatureSample = (strata, rows)
        }
        return curvatureSample
    }

    /// Several classes that share P. It is that of their mean, and knows little of a rare one.
    private var sharesCurvature: Bool {
        if case .dense(let dense) = objective.preconditioner { dense.classes > 1 } else { false }
    }

    func writeGradient(ofRows count: Int, at point: [Float], into gradient: inout [Float]) throws {
        // Others in each iteration.
        let start = trainer.state.position + trainer.state.iteration % objective.population * count
        if sharesCurvature, let sample = try sampleOfCurvature(start: start % objective.population, count: count) {
            let sums = try objective.sums(
                [sample.rows], lastIsFresh: false, at: point, rendezvous: trainer.rendezvous())
            let found = trainer.view(of: sums, at: point, sample.strata).gradient
            let first = objective.parts.own.lowerBound
            for j in gradient.indices { gradient[j] = Float(found[first + j]) }
            return
        }
        try objective.writeGradient(
            start: start, count: count, at: point, into: &gradient, rendezvous: trainer.rendezvous())
    }

    func preconditionerOfClasses() throws -> Preconditioner {
        try objective.preconditionerOfClasses(at: trainer.state.parameters, rendezvous: trainer.rendezvous())
    }

    private func takeNorm() throws {
        statistics.squaredGradientNorm = try products.squaredNorm(
            objective.gradient, in: objective.preconditioner)
    }

    /// Directions that learn a scale of every parameter do so from noisy batches. On all rows the curvature is at hand.
    private func endAdaptation() throws -> Bool {
        guard objective.norm != nil else { return false }
        trainer.endAim()
        trainer.state.stepSize = nil
        trainer.state.lastGood = nil
        guard trainer.mayBePreconditioned else { return false }
        try objective.adoptInitialPreconditioner(at: trainer.state.parameters, rendezvous: trainer.rendezvous())
        return true
    }

    private var isDue: Bool {
        let isWornOut = objective.preconditionerSampleSize > 0 && trainer.state.full.iterations % 10 == 0
        return objective.isPreconditioned && (isWornOut || hasFallen(by: 0.5))
    }

    /// Makes a preconditioner at x, at most once an iteration.
    private func renew() throws -> Bool {
        guard trainer.state.full.renewedAt != trainer.state.iteration else { return false }
        trainer.state.full.renewedAt = trainer.state.iteration
        trainer.state.full.objectiveAtRenewal = statistics.loss
        try objective.renewPreconditioner(at: trainer.state.parameters, rendezvous: trainer.rendezvous())
        trainer.state.stepSize = 1
        return true
    }

    /// Whether the objective, above its least value, is lower by this share than where the preconditioner was made.
    private func hasFallen(by share: Double) -> Bool {
        guard let before = trainer.state.full.objectiveAtRenewal ?? trainer.state.progress.first else { return false }
        return before - statistics.loss > share * (before - objective.leastLoss)
    }

    // MARK: - The end

    var stopRule: StopRule { trainer.stopRule }
    var objectives: ObjectiveHistory { trainer.state.full.objectives }
    func scale(of loss: Double) -> Double { trainer.objectiveScale(loss) }

    /// By a preconditioner that was made about here.
    func isConverged(length: Double) throws -> Bool {
        let estimate = try stopRule.gapEstimate(
            statistics, slope: length * slope,
            preconditionedNorm: statistics.squaredGradientNorm * (objective.isPreconditioned ? 1 : length),
            previousLoss: objectives.previous)
        if let estimate {
            let estimates = trainer.state.full.gapEstimates.suffix(4)
            trainer.state.full.gapEstimates = estimates + [estimate / scale(of: statistics.loss)]
        }
        guard stopRule.isConverged(estimates: trainer.state.full.gapEstimates, preconditioner: objective.preconditioner)
        else {
            return false
        }
        guard objective.isPreconditioned, hasFallen(by: 0.1), try renew() else { return true }
        let norm = try products.squaredNorm(objective.gradient, in: objective.preconditioner)
        let renewed = norm / 2 / scale(of: statistics.loss)
        if renewed <= stopRule.requirement(objective.preconditioner).bound { return true }
        trainer.state.full.gapEstimates = []
        return false
    }

    func confirmation() throws -> Confirmation {
        if sharesCurvature { return try confirmationByClasses() }
        guard objective.preconditionerSampleSize > 0,
            let made = try objective.curvatureOfAll(at: parameters, rendezvous: trainer.rendezvous())
        else { return .confirmed }
        let goal = StopRule.shareOfGap * stopRule.tolerance * scale(of: statistics.loss)
        var norm = made.squaredNorm(objective.gradient)
        if norm / 2 <= goal {
            guard let opening = trainer.state.opening else { return .confirmed }
            let (before, direction) = (objective.preconditioner, trainer.direction)
            objective.adopt(made)
            norm = try trainer.flattenedNorm(norm, goal: goal, opening)
            // The step that a search has found is along that.
            trainer.direction = direction
            if norm / 2 <= goal {
                objective.adopt(before)
                return .confirmed
            }
        } else {
            objective.adopt(made)
        }
        trainer.state.full.gapEstimates = []
        trainer.state.stepSize = 1
        return .refuted(direction: nil)
    }

    /// The decrement of a Newton step, in which classes hang together.
    private func confirmationByClasses() throws -> Confirmation {
        let rows = max(Double(objective.population / 10), 10 * (heldDirections ?? .infinity))
        let direction = try SampledNewton.direction(
            self, rows: Int(min(rows, Double(objective.population))), forStep: false
        ).d
        let goal = StopRule.shareOfGap * stopRule.tolerance * scale(of: statistics.loss)
        if try -products.dot(gradient, direction) / 2 <= goal { return .confirmed }
        trainer.state.full.gapEstimates = []
        return .refuted(direction: direction)
    }

    var isSlowTailDone: Bool {
        let bound = stopRule.requirement(objective.preconditioner).bound
        if let last = trainer.state.full.gapEstimates.last, last <= bound / 100 { return true }
        return objectives.remainder.map { $0 <= bound * scale(of: statistics.loss) } ?? false
    }
}
