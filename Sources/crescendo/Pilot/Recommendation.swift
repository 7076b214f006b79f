/// What a pilot says about one method on one number of ranks.
struct ConfigurationSummary: Codable, Equatable, Sendable {
    var method: PilotMethod
    var ranks: Int
    var nodes: Int
    var candidate: Candidate?
    /// Options of `train` beside data and model.
    var options: [String]
    var runs: Int
    /// Runs that reached the target.
    var reached: Int
    /// To the target: median; the interval that holds the true median with 90 %; the quartiles.
    var seconds: Double?
    var secondsLow: Double?
    var secondsHigh: Double?
    var quartileLow: Double?
    var quartileHigh: Double?
    /// Of one run to the target, as a proxy for energy: ranks × threads × hours.
    var coreHours: Double?
    /// Runs and time that tuning took, on `tuningRanks` ranks.
    var tuningRuns: Int
    var tuningSeconds: Double
    var tuningCoreHours: Double
    /// Run and tuning together.
    var totalSeconds: Double?
    /// Machine time of a run, machine time of tuning, a person's time for tuning; nil without the prices.
    var runCost: Double?
    var tuningCost: Double?
    var personCost: Double?
    /// Seconds in communication, waiting included, over seconds in all else.
    var communicationToComputation: Double?
    /// The best objective reached.
    var objective: Double?
    var score: String?
    var validationLoss: Double?

    var totalCost: Double? {
        let parts = [runCost, tuningCost, personCost].compactMap { $0 }
        return parts.isEmpty ? nil : parts.reduce(0, +)
    }
}

/// What a pilot advises.
struct Recommendation: Codable, Equatable, Sendable {
    enum Verdict: String, Codable, Sendable {
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

    var verdict: Verdict
    var method: PilotMethod
    var ranks: Int
    var nodes: Int
    /// As arguments.
    var command: [String]
    var seconds: Double?
    /// Share of resampled pilots in which this configuration is at most a tenth slower than the fastest; nil: too few runs.
    var confidence: Double?
    /// The median time of the same method on one rank over that of this configuration.
    var speedup: Double?
}
