import Kernels
import Models

/// Proofs that a result is near its optimum.
///
/// At the margins' own dual point, where the intercepts' gradient is zero, the duality gap is ‖g_w‖²/(2λ) (Fenchel–Young
/// holds with equality in every row): a number that the last gradient tells for nothing. It exceeds ℓ(x) − ℓ* by as much as
/// the curvature exceeds λ, and falls with the square of the gradient; so where it is a little too large, a step or two
/// more on all rows bring it down, and where it is much too large nothing is read for it.
extension Trainer {
    /// Goes on from the last gradient until the duality gap is at most ten times the tolerance, within four reads, two
    /// of them for the proof itself, and notes the gap, the point it holds at, and what that took. No gap where none that
    /// small was found.
    func certify(_ statistics: GradientStatistics, _ result: inout TrainingResult) throws {
        guard objective.l2 > 0, let model = objective.model as? any DualCertificate else { return }
        let goal = 10 * stopRule.tolerance * objectiveScale(statistics.loss)
        // The rounding of a loss is as much of a gap as can be proved at tolerance 0.
        let aim = max(goal, 10 * StopRule.resolution * objectiveScale(statistics.loss))
        let before = objective.rowsRead
        defer { result.certificatePasses = Double(objective.rowsRead - before) / Double(objective.population) }

        let pairs = fullStep.pairs ?? LBFGS()
        var gap = try gapOfGradient(model)
        // By how much a step on all rows lowers ‖g‖², about: much where the preconditioner knows the curvature.
        var gain = if case .dense = objective.preconditioner { 30.0 } else { pairs.isEmpty ? 1.0 : 3.0 }
        for isLast in [false, true] where gap > aim / 4 {
            // What is out of reach is not tried; early stopping wants no better optimum.
            guard validation == nil, gap <= (isLast ? gain : gain * gain) * aim,
                let found = try polishingStep(from: result.objective, pairs)
            else { break }
            result.objective = found.loss
            result.gradientNorm = objective.gradientNorm
            let reached = try gapOfGradient(model)
            (gap, gain) = (reached, gap / reached)
        }
        guard gap <= aim else { return }
        let proved = try objective.dualityGap(at: state.parameters, rendezvous: rendezvous())
        if let proved, proved <= aim { result.dualityGap = proved }
    }

    /// ‖g_w‖²/(2λ).
    private func gapOfGradient(_ model: some Model) throws -> Double {
        let gradient = objective.gradient
        let penalised = 0..<max(0, model.penalisedCount - objective.parts.own.lowerBound)
        let square = try objective.products(rendezvous()).sums(1) { range in
            gradient.withUnsafeBufferPointer {
                [FixedOrder.squaredNorm(UnsafeBufferPointer(rebasing: $0[range.clamped(to: penalised)]))]
            }
        }
        return square[0] / (2 * objective.l2)
    }

    /// One quasi-Newton step of length 1, taken back where it does not lower the objective. One read.
    private func polishingStep(from loss: Double, _ pairs: LBFGS) throws -> GradientStatistics? {
        let batch = batch
        let (gradient, preconditioner, products) = (objective.gradient, objective.preconditioner, batch.products)
        try pairs.observe(
            state.parameters, gradient: gradient, preconditioner: preconditioner, products: products)
        try batch.writeDirection {
            try pairs.writeDirection(
                gradient: gradient, preconditioner: preconditioner, products: products, into: $0)
        }
        guard try batch.slope < 0 else { return nil }
        let previous = state.parameters
        objective.walk = nil
        axpy(1, direction, &state.parameters)
        let found = try objective.evaluate(
            start: 0, count: objective.population, at: state.parameters,
            rendezvous: Rendezvous(iteration: state.iteration, batchSize: objective.population, stepSize: 1))
        guard found.isFinite, found.loss <= loss else {
            state.parameters = previous
            return nil
        }
        return found
    }
}

extension Objective {
    /// A bound on ℓ(x) − ℓ* that holds whatever the path to x was: primal minus dual objective over all rows. Two reads of
    /// the rows and two reductions; nil for models without a dual and for λ = 0.
    func dualityGap(at x: [Float], rendezvous: Rendezvous) throws -> Double? {
        guard l2 > 0, let model = model as? any DualCertificate else { return nil }
        let balance = try x.withUnsafeBufferPointer { x in
            try summed(kind: .dualBalance, rendezvous: rendezvous) { model.dualBalance(dataset.all, at: x) }
        }
        var sums = DualSums()
        var packet = try x.withUnsafeBufferPointer { x in
            try summed(kind: .dual, rendezvous: rendezvous) {
                var gradient = [Double](repeating: 0, count: model.sumCount)
                sums = gradient.withUnsafeMutableBufferPointer {
                    model.writeDual(dataset.all, at: x, balance: balance, into: $0)
                }
                return [sums.loss, sums.conjugates] + gradient
            }
        }
        rowsRead += 2 * population
        sums = DualSums(loss: packet[0], conjugates: packet[1])
        packet.withUnsafeMutableBufferPointer {
            model.complete(UnsafeMutableBufferPointer(rebasing: $0[2...]), of: dataset)
        }
        let gap = packet[2...].withUnsafeBufferPointer { gradient in
            x.withUnsafeBufferPointer {
                model.dualityGap(sums: sums, gradient: gradient, at: $0, l2: l2, count: population)
            }
        }
        return gap.isFinite ? max(0, gap) : nil
    }

    /// The sum over all ranks of what `local` computes.
    private func summed(kind: ReductionKind, rendezvous: Rendezvous, _ local: () -> [Double]) throws -> [Double] {
        let clock = Stopwatch()
        let own = local()
        computeSeconds += clock.seconds
        return try reducer.sums(own, kind: kind, rendezvous: rendezvous)
    }
}
