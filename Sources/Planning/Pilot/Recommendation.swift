/// How a configuration compares with the recommended one.
package enum Standing: String, Codable, Sendable {
    /// Beyond noise.
    case slower
    /// At most a tenth faster, beyond noise.
    case alike
    /// It may be more than a tenth faster: the difference is less than the noise.
    case unknown
    /// Faster on average, beyond noise, but the ranges of single runs overlap.
    case overlapping
    /// The same, because runs are too few to tell noise.
    case tooFewRuns
    /// It was ended before it had clearly more time than the recommended one takes.
    case cutShort

    package var isOpen: Bool { self == .unknown || self == .overlapping || self == .tooFewRuns || self == .cutShort }
}

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
    /// To the target: median of all runs; nil where half of them or more did not reach it.
    package var seconds: Double?
    /// Of whole runs, which go on until they have made sure: median; nil: those of this method do not end by themselves.
    package var wholeSeconds: Double?
    /// Where a further run lies in nine of ten cases; nil: too few runs.
    package var runLow: Double?
    package var runHigh: Double?
    /// Its time over that of the recommended configuration, and what follows; nil: it is the recommended one, or there is
    /// nothing to compare.
    package var comparison: Ratio?
    package var standing: Standing?
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
        /// Nothing reached the target within the budget, or the default did not and nothing is faster beyond noise.
        case undecided
    }

    package var verdict: Verdict
    package var method: PilotMethod
    package var ranks: Int
    package var nodes: Int
    /// As arguments.
    package var command: [String]
    package var seconds: Double?
    /// Time of the same method on one rank over that of this configuration, and the interval that holds it with 90 %; nil:
    /// not measured, or too few runs.
    package var speedup: Double?
    package var speedupLow: Double?
    package var speedupHigh: Double?
}
