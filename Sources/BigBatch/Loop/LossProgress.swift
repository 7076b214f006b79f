import Models

/// What the loss of the batches has done: whether a run has gone astray, and whether it still gets anywhere.
struct LossProgress: Codable, Sendable, Equatable {
    /// ℓ_B of the first batch.
    private(set) var first: Double?
    /// Of the last ten batches or so.
    private var average = 0.0
    /// Over the current pass: Σ K ℓ_B and Σ K.
    private var passLoss = 0.0
    private var passSamples = 0
    /// Mean loss of the last pass that was better than the one before by more than a thousandth.
    private var best = Double.infinity
    /// Passes since then.
    private(set) var passesSinceBest = 0

    /// A loss that no batch of a run in good order has: ten times that of the first, or three times for a while.
    func isAstray(_ loss: Double) -> Bool {
        guard let first else { return false }
        return loss - first > 9 * abs(first) || (0.9 * average + 0.1 * loss) - first > 2 * abs(first)
    }

    /// The parameters are worth going back to.
    var isSound: Bool { first.map { average - $0 <= 0.2 * abs($0) } ?? false }

    mutating func note(_ statistics: GradientStatistics) {
        average = first == nil ? statistics.loss : 0.9 * average + 0.1 * statistics.loss
        first = first ?? statistics.loss
        passLoss += Double(statistics.batchSize) * statistics.loss
        passSamples += statistics.batchSize
        guard passSamples >= statistics.population else { return }
        let mean = passLoss / Double(passSamples)
        (passLoss, passSamples) = (0, 0)
        if best == .infinity || mean < best - 1e-3 * abs(best) {
            best = mean
            passesSinceBest = 0
        } else {
            passesSinceBest += 1
        }
    }

    /// After a return to earlier parameters.
    mutating func startAnew() {
        average = first ?? 0
        (passLoss, passSamples) = (0, 0)
        passesSinceBest = 0
    }
}
