/// L-BFGS with a backtracking search from α = 1; without pairs along −P g.
public struct QuasiNewtonStep: FullStepRule {
    public init() {}

    public var isSuperlinear: Bool { true }

    public func step(_ batch: any FullBatchView, _ pairs: inout LBFGS) throws -> StepOutcome {
        try batch.renewPreconditionerIfDue()
        let products = batch.products
        try pairs.observe(
            batch.parameters, gradient: batch.gradient, preconditioner: batch.preconditioner, products: products)
        try batch.writeDirection {
            try pairs.writeDirection(
                gradient: batch.gradient, preconditioner: batch.preconditioner, products: products, into: $0)
        }
        if try !(batch.slope < 0) {
            pairs.reset()
            try batch.writeDirection(descending: true)
        }
        let isFirst = pairs.isEmpty
        let first = isFirst ? try batch.firstStep(doubled: true) : 1
        let isConverged = try batch.isConverged(length: isFirst ? first / 2 : 1)
        let isPreconditioned = batch.preconditioner.isPreconditioned
        if isConverged, !isPreconditioned { return .done(.gradientNorm) }
        let gradientStep = batch.stepSize
        // With the curvature known the step is the minimiser along d, searched from twice the quasi-Newton length.
        let longest = isPreconditioned ? 2 * first : first
        let trial = try batch.search(from: longest, reference: nil, shrink: 1, lengthens: isPreconditioned)
        // The gap was estimated with the preconditioner's curvature: where the loss falls on past twice the step, that
        // is not it.
        let loss = batch.statistics.loss
        let gain = trial.map { loss - $0.loss } ?? 0
        let negligible = max(LineSearch.visible, batch.stopRule.requirement(batch.preconditioner).bound / 10)
        var better: [Float]?
        if isConverged, (trial?.step ?? 0) < longest || gain <= negligible * batch.scale(of: loss) {
            switch try batch.confirmation() {
            case .confirmed: return .done(.gradientNorm)
            case .refuted(let direction): better = direction
            }
        }
        if let better {
            try batch.writeDirection { _ = $0.update(fromContentsOf: better) }
            if try batch.slope < 0, let found = try batch.search(from: 1, reference: nil, shrink: nil, lengthens: false)
            {
                return batch.take(found)
            }
        } else {
            let stepped = batch.take(trial)
            if let trial, trial.step >= longest { batch.expirePreconditioner() }
            if trial != nil || isFirst { return stepped }
        }

        pairs.reset()
        batch.stepSize = gradientStep
        try batch.writeDirection(descending: true)
        return try batch.searchAndMove(from: batch.firstStep(doubled: true))
    }
}
