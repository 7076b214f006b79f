import Models

/// The first digits of a convex objective: Newton steps on a sample that grows, in which rows that matter have a larger chance,
/// until a test on rows that no step was made from says with confidence that no more than the tolerance is left to gain, or all
/// rows have to be asked.
///
/// A sample of n rows leaves a gap of about ν/(2n), ν = tr PV, however well its own objective is minimised. So steps are made on one
/// sample while they win more than that, then it grows. What is new in it is the test of what the rest led to, and the gradient of
/// all of it is the next step's.
extension Trainer {
    /// Collective. Begins the opening, where there is one; all that is asked is known to all ranks alike.
    func beginOpening() throws {
        guard method.opensOnSample, isConvex, validation == nil, configuration.largestBatchSize == nil,
            dataset.augmentation == nil, objective.rowSumModel != nil,
            let model = objective.model as? any CurvatureModel
        else { return }
        try objective.prepareGrids()
        let estimate = try objective.prepareEstimate(model, rendezvous: rendezvous())
        guard estimate.classes == 1 || objective.hasBlockHessian else { return }
        let size = OpeningState.firstSize(parameters: estimate.dimension * estimate.classes)
        guard objective.population >= OpeningState.fewestSamples * size, configuration.initialBatchSize <= size,
            estimate.isOpeningWorthwhile(rows: size)
        else { return }
        try prepareStrata()
        if objective.strata != nil { state.opening = OpeningState(size: size, start: state.position) }
    }

    /// Collective.
    func prepareStrata() throws {
        segments = []
        objective.strata = try objective.makeStrata(rendezvous: rendezvous())
    }

    /// The sample at x, a test or none, and a step.
    func openingIteration(_ opening: inout OpeningState) throws -> IterationOutcome {
        state.iteration += 1
        state.trials = 0
        state.grew = opening.lastIsFresh && !opening.isFirst
        guard let view = try look(&opening) else {
            opening.isOver = true
            return IterationOutcome(statistics: statistics(of: .none, norm: 0, noise: 0), stepSize: 0)
        }
        if opening.isOver {
            return IterationOutcome(statistics: statistics(of: view, norm: 0, noise: 0), stepSize: 0)
        }
        let delta = stopRule.tolerance * objectiveScale(view.loss)
        let isNew = opening.sizeOfPreconditioner == 0
        if isNew, try !renewPreconditioner(&opening) {
            opening.isOver = true
            return IterationOutcome(statistics: statistics(of: view, norm: 0, noise: 0), stepSize: 0)
        }
        var flattening: Flattening?
        if !view.unbiased.isEmpty {
            var test = GapTest(view, product: preconditioned)
            opening.note(test, of: view, population: objective.population)
            if opening.isLook, !view.lacksNewRows, let curvature = try curvature(opening, at: state.parameters) {
                test = GapTest(view, product: curvature.product)
                opening.looks += 1
                if let bound = test.bound(against: delta, look: opening.looks - 1) {
                    flattening = try self.flattening(test, view, curvature, delta: delta, opening)
                    if flattening == nil {
                        opening.passed = SampleTest(
                            rows: view.rows, newRows: view.freshRows, bound: bound, confidence: GapTest.confidence)
                    }
                }
            }
            if opening.passed != nil {
                opening.isOver = true
                guard try standsForAll(view) else {
                    opening.passed = nil
                    return IterationOutcome(statistics: statistics(of: view, norm: 0, noise: 0), stepSize: 0)
                }
                return IterationOutcome(
                    statistics: statistics(of: view, norm: 2 * max(0, test.gap), noise: test.noise), stepSize: 0,
                    reason: .sampleTest)
            }
        }
        if !isNew, opening.size > opening.sizeOfPreconditioner || opening.isFirst && !opening.isHeld || opening.cuts > 0
        {
            try renewPreconditioner(&opening)
        }
        if let descent = flattening?.descent, descent.slope(of: view.gradient, from: state.parameters) < 0 {
            return step(to: descent, view, delta: delta, &opening)
        }
        let step = preconditioned(view.gradient)
        let norm = zip(step, view.gradient).reduce(0) { $0 + $1.0 * $1.1 }
        let noise = opening.noise(rows: view.rows, population: objective.population)
        for j in step.indices { direction[j] = Float(-step[j]) }
        if try !stay(&opening, step: step, gradient: view.gradient, norm: norm, noise: noise, delta: delta) {
            opening.proceed(
                norm: norm, noise: noise, delta: configuration.certify ? 0 : delta, population: objective.population)
        }
        return take(&opening, view, slope: -norm, norm: norm, noise: noise)
    }

    /// Goes on where ℓ̃ has its minimum.
    private func step(
        to descent: CorrectedDescent, _ view: SampleView, delta: Double, _ opening: inout OpeningState
    ) -> IterationOutcome {
        let noise = opening.noise(rows: view.rows, population: objective.population)
        for j in direction.indices { direction[j] = descent.point[j] - state.parameters[j] }
        objective.adopt(descent.curvature)
        opening.sizeOfPreconditioner = opening.size
        opening.proceed(norm: 2 * descent.fall, noise: noise, delta: delta, population: objective.population)
        let slope = descent.slope(of: view.gradient, from: state.parameters)
        return take(&opening, view, slope: slope, norm: 2 * descent.fall, noise: noise)
    }

    /// x ← x + d, to be seen to lower the objective of the sample by its slope.
    private func take(
        _ opening: inout OpeningState, _ view: SampleView, slope: Double, norm: Double, noise: Double
    ) -> IterationOutcome {
        opening.step = OpeningState.Pending(
            origin: state.parameters, direction: direction, length: 1, loss: view.loss, slope: slope)
        axpy(1, direction, &state.parameters)
        state.stepSize = 1
        return IterationOutcome(statistics: statistics(of: view, norm: norm, noise: noise), stepSize: 1)
    }

    /// Losses whose slope and curvature know no bound may hang on a few rows that no sample foretells: then the loss of all rows has
    /// to be about that of the sample. One read of the rows.
    private func standsForAll(_ view: SampleView) throws -> Bool {
        guard let model = objective.model as? any CurvatureModel, model.constantCurvature == nil,
            objective.rowSumModel?.residualBound == nil
        else { return true }
        let loss = try objective.value(at: state.parameters, rendezvous: rendezvous())
        return abs(loss - view.loss) <= OpeningState.likeness * objectiveScale(view.loss)
    }

    /// The sample at x; where the step that led to x has not lowered the objective it was made for, at a point before. Nil where
    /// none has: the parameters are then those before it.
    private func look(_ opening: inout OpeningState) throws -> SampleView? {
        try drawSample(opening)
        state.batchSize = segments.reduce(0) { $0 + $1.counts.reduce(0, +) }
        for _ in 0..<OpeningState.mostTrials {
            let sums = try objective.sums(
                segments, lastIsFresh: opening.lastIsFresh, at: state.parameters,
                rendezvous: rendezvous())
            state.trials += 1
            objective.reducer.noteParameters(state.parameters)
            let view = view(of: sums)
            guard let step = opening.step else { return view.isBroken ? nil : view }
            let before = opening.lastIsFresh ? self.view(of: sums.ofUsedRows) : view
            let bound = step.loss + lineSearch.sufficientDecrease * step.length * step.slope
            if !view.isBroken, before.loss <= bound + StopRule.resolution * abs(step.loss) {
                opening.note(isCut: step.length < 1)
                opening.step = nil
                return view
            }
            if !view.loss.isFinite { state.nonFinite += 1 }
            opening.step?.length = step.length / 4
            state.parameters = step.origin
            axpy(step.length / 4, step.direction, &state.parameters)
        }
        state.parameters = opening.step?.origin ?? state.parameters
        opening.step = nil
        return nil
    }

    /// A run is cut short, and nobody has looked where the last step led: its origin is the result where that is lower.
    func takeBack(_ step: OpeningState.Pending, _ reason: StopReason) throws {
        if reason != .signal {
            let reached = try objective.value(at: state.parameters, rendezvous: rendezvous())
            if reached <= (try objective.value(at: step.origin, rendezvous: rendezvous())) { return }
        }
        state.parameters = step.origin
        objective.walk = nil
    }

    /// Gathers the rows that are not there yet; after a restart, or where rows have moved, all of them.
    func drawSample(_ opening: OpeningState) throws {
        guard let strata = objective.strata else { preconditionFailure("an opening has strata") }
        var drawn = segments.last?.windows ?? [Int](repeating: 0, count: RowStrata.count)
        for (growths, size) in opening.sizes.enumerated().dropFirst(segments.count) {
            let wanted = strata.windows(rows: size, growths: growths)
            segments.append(
                try objective.gather(
                    strata, start: opening.start, from: drawn, to: wanted, rendezvous: rendezvous()))
            drawn = wanted
        }
    }

    private func view(of sums: SampleSums) -> SampleView { view(of: sums, at: state.parameters) }

    func view(of sums: SampleSums, at x: [Float]) -> SampleView {
        guard let strata = objective.strata else { preconditionFailure("an opening has strata") }
        return view(of: sums, at: x, strata)
    }

    func view(of sums: SampleSums, at x: [Float], _ strata: RowStrata) -> SampleView {
        let weights = x.prefix(objective.model.penalisedCount)
        let l2 = objective.l2
        let penalty = l2 / 2 * weights.reduce(0) { $0 + Double($1) * Double($1) }
        return SampleView(
            sums, sizes: strata.sizes, penalty: (penalty, l2 > 0 ? weights.map { l2 * Double($0) } : []),
            parameterCount: x.count)
    }

    /// Makes P for steps at x.
    @discardableResult
    private func renewPreconditioner(_ opening: inout OpeningState) throws -> Bool {
        let isFirst = opening.sizeOfPreconditioner == 0
        opening.sizeOfPreconditioner = opening.size
        let isNear = objective.hasBlockHessian && !opening.isFirst
        let floor = isNear ? PreconditionerEstimate.smallFloor : PreconditionerEstimate.weightFloor
        if let found = try curvature(opening, at: state.parameters, floor: floor) {
            objective.adopt(found)
            objective.preconditionerSampleSize = opening.curvatureRows
            return true
        }
        return !isFirst
    }

    /// P = (∇²ℓ)⁻¹ at x from weighted rows.
    /// - Parameter floor: what settled rows keep for the sake of steps; a gap is measured without.
    func curvature(_ opening: OpeningState, at x: [Float], floor: Double = 0) throws -> Preconditioner? {
        guard let strata = objective.strata else { return nil }
        return try objective.hessianInverse(
            objective.sample(of: segments, strata, count: opening.curvatureRows), at: x,
            weightFloor: floor, rendezvous: rendezvous())
    }

    /// P g.
    private func preconditioned(_ g: [Double]) -> [Double] { objective.preconditioner.product(g) }

    private func statistics(of view: SampleView, norm: Double, noise: Double) -> GradientStatistics {
        objective.gradientNorm = view.gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let (rows, population) = (Double(state.batchSize), Double(objective.population))
        return GradientStatistics(
            batchSize: state.batchSize, population: objective.population, loss: view.loss, squaredGradientNorm: norm,
            variance: noise * rows / max(1 - rows / population, 1 / population))
    }
}
