/// Why a run ended. Stored in `result.json` and told to the user in words.
public enum StopReason: String, Codable, Sendable, CaseIterable {
    case sampleTest
    case gradientNorm
    case objectivePlateau
    case validationPlateau
    case lineSearchExhausted
    case passLimit
    case iterationLimit
    case timeLimit
    case signal
    case divergence

    /// True when the run ended because it was done, not because a budget or a fault ended it.
    public var isConvergence: Bool {
        switch self {
        case .sampleTest, .gradientNorm, .objectivePlateau, .validationPlateau, .lineSearchExhausted: true
        case .passLimit, .iterationLimit, .timeLimit, .signal, .divergence: false
        }
    }

    /// True when the parameters are those at which the last gradient was taken.
    var stoppedBeforeStep: Bool {
        self == .gradientNorm || self == .objectivePlateau || self == .lineSearchExhausted
    }

    /// The reason as a sentence.
    public var explanation: String {
        switch self {
        case .sampleTest:
            "By a test on a sample of the rows the objective is within the tolerance of its optimum, with 99 % confidence."
        case .gradientNorm: "By its gradient the objective is within the tolerance of its optimum: converged."
        case .objectivePlateau: "The objective no longer improves."
        case .validationPlateau: "The validation score no longer improves: stopped at the best model."
        case .lineSearchExhausted:
            "No step improves the objective beyond rounding noise: converged as far as arithmetic allows."
        case .passLimit: "The limit max-epochs was reached before convergence."
        case .iterationLimit: "The limit max-iterations was reached before convergence."
        case .timeLimit: "The limit time-limit was reached before convergence."
        case .signal: "A signal asked the run to stop; the model is the one of the last finished iteration."
        case .divergence:
            "The loss grew out of all bounds or was not finite, and no smaller step mended it: diverged."
        }
    }
}
