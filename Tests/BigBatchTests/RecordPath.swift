@testable import BigBatch

extension IterationRecord {
    /// What decisions of an iteration were and rested on.
    var path: [Double] {
        [
            Double(iteration), costs.gradientPasses, costs.featurePasses, Double(batchSize), loss, gradientNorm,
            signalToNoise,
            stepSize, Double(trials), Double(costs.allreduces), validationLoss ?? -1,
        ]
    }
}
