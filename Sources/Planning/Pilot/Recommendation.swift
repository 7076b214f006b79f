/// What a pilot says about one method on one number of ranks.
package struct ConfigurationSummary: Codable, Equatable, Sendable {
    package var method: PilotMethod
    package var ranks: Int
    package var nodes: Int
    package var candidate: Candidate?
    /// Options of `train` beside data and model.
    package var options: [String]
    package var runs: Int
    /// Runs that reached the target.
    package var reached: Int
    /// To the target: median; the interval that holds the true median with 90 %; the quartiles.
    package var seconds: Double?
    package var secondsLow: Double?
    package var secondsHigh: Double?
    package var quartileLow: Double?
    package var quartileHigh: Double?
    /// Of one run to the target, as a proxy for energy: ranks × threads × hours.
    package var coreHours: Double?
    /// Runs and time that tuning took, on `tuningRanks` ranks.
    package var tuningRuns: Int
    package var tuningSeconds: Double
    package var tuningCoreHours: Double
    /// Run and tuning together.
    package var totalSeconds: Double?
    /// Machine time of a run, machine time of tuning, a person's time for tuning; nil without the prices.
    package var runCost: Double?
    package var tuningCost: Double?
    package var personCost: Double?
    /// Seconds in communication, waiting included, over seconds in all else.
    package var communicationToComputation: Double?
    /// The best objective reached.
    package var objective: Double?
    package var score: String?
    package var validationLoss: Double?

    package var totalCost: Double? {
        let parts = [runCost, tuningCost, personCost].compactMap { $0 }
        return parts.isEmpty ? nil : parts.reduce(0, +)
    }
}

/// What a pilot advises.
package struct Recommendation: Codable, Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        /// One rank is as fast as more.
        case oneRank
        /// More ranks pay, more machines were tried and do not.
        case oneMachine
        /// The pilot had one machine only, and all of its ranks or some are best.
        case oneMachineTried
        case severalMachines
        /// Nothing reached the target within the budget.
        case undecided
    }

    package var verdict: Verdict
    package var method: PilotMethod
    package var ranks: Int
    package var nodes: Int
    /// As arguments.
    package var command: [String]
    package var seconds: Double?
    /// Share of resampled pilots in which this configuration is at most a tenth slower than the fastest; nil: too few runs.
    package var confidence: Double?
    /// The median time of the same method on one rank over that of this configuration.
    package var speedup: Double?
}
