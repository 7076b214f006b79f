import Kernels
import Models

extension Trainer {
    /// Gives `keeper`, on the rank that has one, a snapshot of the run as it goes on. Collective where the parameters are spread:
    /// a snapshot holds whole vectors.
    func keepSnapshot(_ keeper: (any SnapshotKeeper)?, seconds: Double, isLast: Bool) throws {
        var known = objective.saved
        known.walk = try objective.wholePath()
        let own = objective.parts.own
        if objective.parts.areSpread {
            try fullStep.pairs?.replaceVectors { part in
                let whole = try objective.gathered(part.elements)
                return keeper == nil ? part : AlignedBuffer(whole)
            }
        }
        try keeper?.keep(
            snapshot(seconds: seconds, state, direction, fullStep, known, ended: nil), isLast: isLast)
        if keeper != nil { takeOwnPart(own) }
    }

    /// Pairs of whole vectors become those of this rank's part.
    private func takeOwnPart(_ own: Range<Int>) {
        guard objective.parts.areSpread else { return }
        fullStep.pairs?.replaceVectors { AlignedBuffer(Array($0.elements[own])) }
    }

    /// - Parameter ended: what the run came to, where it has converged. Of a convex one only the parameters are kept then, and
    ///   no array that can be learned anew: see `learnAnew`.
    func snapshot(seconds: Double, ended: EndedRun) -> Snapshot {
        guard isConvex else {
            return snapshot(seconds: seconds, state, direction, fullStep, objective.saved, ended: ended)
        }
        var (state, full) = (state, fullStep)
        state.hasLastStep = false
        state.lastGood = nil
        state.opening?.leaveTail()
        full.forget()
        return snapshot(seconds: seconds, state, [], full, objective.saved.withoutColumns, ended: ended)
    }

    private func snapshot(
        seconds: Double, _ state: TrainerState, _ direction: [Float], _ fullStep: any RunningFullStep,
        _ known: ObjectiveState, ended: EndedRun?
    ) -> Snapshot {
        Snapshot(
            seconds: seconds, state: state, direction: direction, stepRule: stepRule.kept, fullStep: fullStep.kept,
            aim: isAimOver ? nil : aim.kept,
            noisyPasses: growth.noisyPasses, objective: known, reducer: objective.reducer.account,
            validation: validation?.state, ended: ended)
    }

    /// Learns what the snapshot of a converged run has left out: about a read of the rows. Collective.
    func learnAnew() throws {
        guard isConvex else { return }
        if mayBePreconditioned, objective.norm == nil {
            try objective.adoptInitialPreconditioner(at: state.parameters, rendezvous: rendezvous())
        }
        if state.opening != nil { try prepareStrata() }
    }

    /// Makes the state that of the snapshot.
    /// - Throws: `SnapshotMismatch`, the same on every rank.
    func restore(_ snapshot: Snapshot) throws {
        guard snapshot.state.parameters.count == state.parameters.count,
            [direction.count, snapshot.ended == nil ? direction.count : 0].contains(snapshot.direction.count),
            (snapshot.validation == nil) == (validation == nil),
            snapshot.aim != nil || isConvex,
            snapshot.state.position <= objective.population
        else { throw SnapshotMismatch(description: "the snapshot is not of this model and this data") }
        state = snapshot.state
        if !snapshot.direction.isEmpty { direction = snapshot.direction }
        growth.noisyPasses = snapshot.noisyPasses
        try stepRule.restore(snapshot.stepRule)
        try fullStep.restore(snapshot.fullStep)
        if let kept = snapshot.aim {
            try aim.restore(kept)
            objective.norm = aim.norm
        } else {
            endAim()
        }
        guard [nil, state.parameters.count].contains(objective.norm?.diagonal.count),
            fullStep.pairs?.isMade(for: state.parameters.count) ?? true
        else {
            throw SnapshotMismatch(description: "the snapshot is not of this model and this data")
        }
        takeOwnPart(objective.parts.own)
        if let saved = snapshot.validation { validation?.state = saved }
        try objective.restore(snapshot.objective)
        if state.opening != nil, snapshot.ended == nil { try prepareStrata() }
        objective.reducer.account = snapshot.reducer
    }
}

extension Objective {
    /// But for the walk.
    var saved: ObjectiveState {
        ObjectiveState(
            gradientsEvaluated: gradientsEvaluated, rowsRead: rowsRead, computeSeconds: computeSeconds,
            leastLoss: leastLoss, scales: scales, stretchScales: stretchScales,
            columnExponents: columnExponents.map { Float($0) }, columnCounts: columnCounts.map { Float($0) },
            preconditioner: StoredPreconditioner(preconditioner),
            preconditionerSampleSize: preconditionerSampleSize, estimate: estimate, walk: nil)
    }

    func restore(_ saved: ObjectiveState) throws {
        estimate = saved.estimate
        if let estimate, estimate.isDenseWorthwhile {
            leverages = RowLeverages(dataset, columnSquares: estimate.columnSquares[..<estimate.features])
        }
        preconditionerSampleSize = saved.preconditionerSampleSize
        scales = saved.scales
        guard saved.stretchScales.count == stretchScales.count else {
            throw SnapshotMismatch(description: "the snapshot is of a network of other layers")
        }
        stretchScales = saved.stretchScales
        let counts = [saved.columnExponents.count, saved.columnCounts.count]
        guard counts.allSatisfy({ $0 == 0 || $0 == dataset.features.columns }), counts[0] >= counts[1] else {
            throw SnapshotMismatch(description: "the snapshot is of data with other columns")
        }
        columnExponents = saved.columnExponents.map { Int32($0) }
        columnCounts = saved.columnCounts.map { Int32($0) }
        if let preconditioner = try saved.preconditioner.preconditioner() { adopt(preconditioner) }
        walk = try saved.walk.map { try retrace($0) }
        restoreCounters(
            gradientsEvaluated: saved.gradientsEvaluated, rowsRead: saved.rowsRead,
            computeSeconds: saved.computeSeconds, leastLoss: saved.leastLoss)
    }
}
