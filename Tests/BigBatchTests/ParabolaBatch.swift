@testable import BigBatch

/// ℓ(x) = ½·curvature·x² + offset in one dimension, as a batch.
final class ParabolaBatch: BatchView {
    let curvature: Double
    /// As linear models do.
    var knowsCurvature = false
    let offset: Double
    var x: Double
    private var d = 0.0
    var stepSize: Double?
    /// α that searches began with.
    var firsts: [Double] = []

    init(curvature: Double, offset: Double = 0, x: Double) {
        (self.curvature, self.offset, self.x) = (curvature, offset, x)
    }

    private func loss(_ x: Double) -> Double { curvature * x * x / 2 + offset }
    private var gradient: Double { curvature * x }

    var statistics: GradientStatistics {
        GradientStatistics(
            batchSize: 10, population: 100, loss: loss(x), squaredGradientNorm: gradient * gradient, variance: variance)
    }
    var noise: Double { 0 }
    var leastLoss: Double { offset }
    var hasGrown = false
    var gradientPasses = 0.0
    var standardStep = (size: 0.1, stretch: 1.0)
    var variance = 0.0
    /// Searches from this one on find nothing.
    var refusesFrom = Int.max
    var knowsLength: Bool { false }
    func writeDirection(descending: Bool) { d = -gradient }
    func writeDescent() { d = -gradient }
    var slope: Double { gradient * d }
    var squaredDirection: Double { d * d }
    func firstStep(doubled: Bool) -> Double { (stepSize ?? 0.25) * (doubled ? 2 : 1) }
    func losses(at steps: [Double]) -> (losses: [Double], curvature: Double?) {
        (steps.map { loss(x + $0 * d) }, knowsCurvature ? curvature * d * d : nil)
    }
    func search(from first: Double, reference: Double?, shrink: Double?, lengthens: Bool) -> Trial? {
        firsts.append(first)
        if firsts.count > refusesFrom { return nil }
        let found = LineSearch().search(
            from: first, reference: reference ?? loss(x), slope: slope, shrink: shrink, lengthens: lengthens
        ) {
            losses(at: $0)
        }
        guard case .accepted(let step, let loss) = found.outcome else { return nil }
        return Trial(step: step, loss: loss)
    }
    func move(by step: Double) { x += step * d }
    func take(_ trial: Trial?) -> StepOutcome {
        guard let trial else { return .stayed }
        stepSize = trial.step
        move(by: trial.step)
        return .moved(by: trial.step)
    }
    func evaluateAgain() -> Bool { true }
}
