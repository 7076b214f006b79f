@testable import BigBatch

extension IterationRecord {
    /// What decisions of an iteration were and rested on.
    var path: [Double] {
        [
            Double(iteration), gradientPasses, featurePasses, Double(batchSize), loss, gradientNorm, signalToNoise,
            stepSize, Double(trials), Double(allreduces), validationLoss ?? -1,
        ]
    }
}
