import ArgumentParser
import BigBatch

/// The methods of the paper's convex experiments (De, Yadav, Jacobs, Goldstein, AISTATS 2017, section 6 and Figure 1).
enum Method: String, CaseIterable, ExpressibleByArgument {
    case gradientDescent
    case sgd
    case friedlanderSchmidt
    case bigBatchFixed
    case bigBatchArmijo
    case bigBatchBB

    var name: String {
        switch self {
        case .gradientDescent: "gradient descent"
        case .sgd: "SGD, decaying step"
        case .friedlanderSchmidt: "Friedlander–Schmidt"
        case .bigBatchFixed: "big batch, fixed step"
        case .bigBatchArmijo: "big batch, Armijo"
        case .bigBatchBB: "big batch, BB"
        }
    }

    /// ‖∇ℓ‖ after 50 passes on COVERTYPE, read off Figure 1 (±15 %).
    var paperNorm: Double {
        switch self {
        case .gradientDescent: 2.3e-3
        case .sgd: 2.2e-3
        case .friedlanderSchmidt: 2.1e-3
        case .bigBatchFixed: 1.2e-3
        case .bigBatchArmijo: 4.6e-4
        case .bigBatchBB: 3.0e-4
        }
    }

    /// The paper's norm over that of its tuned gradient descent, which does not depend on how the features are scaled.
    var paperRatio: Double { paperNorm / Method.gradientDescent.paperNorm }

    /// The ratio that must be reached; nil for the baselines.
    var target: Double? {
        switch self {
        case .gradientDescent, .sgd, .friedlanderSchmidt: nil
        case .bigBatchFixed: 0.52
        case .bigBatchArmijo: 0.20
        case .bigBatchBB: 0.13
        }
    }

    /// Grid of a tuned baseline, steps a factor of 2 apart; empty for the big-batch methods, which are not tuned.
    var grid: [Settings] {
        switch self {
        case .gradientDescent, .friedlanderSchmidt:
            Self.powersOfTwo(-4...5).map { Settings(step: $0) }
        case .sgd:
            [1, 3, 10, 30, 100, 300].flatMap { decay in
                Self.powersOfTwo(-5...1).map { Settings(step: $0, decay: decay) }
            }
        case .bigBatchFixed, .bigBatchArmijo, .bigBatchBB: []
        }
    }

    /// What the untuned methods run with.
    var defaults: Settings { self == .bigBatchFixed ? Settings(step: 1) : Settings() }

    /// Steps a factor of 2^(1/8) apart round a tuned one: how far a finer grid would get.
    static func fineGrid(around settings: Settings) -> [Settings] {
        let ratio = 2.0.squareRoot().squareRoot().squareRoot()
        var step = (settings.step ?? 1) / 2
        return (0...16).map { _ in
            defer { step *= ratio }
            return Settings(step: step)
        }
    }

    private static func powersOfTwo(_ exponents: ClosedRange<Int>) -> [Double] {
        exponents.map { $0 < 0 ? 1 / Double(1 << -$0) : Double(1 << $0) }
    }

    /// The paper's set-up: λ = 0, K₀ = 50, δ = 0.1 K, θ = 1, no preconditioning; no stop but the budget.
    func configuration(_ settings: Settings, passes: Double, population: Int, seed: UInt64) -> TrainerConfiguration {
        var configuration = TrainerConfiguration()
        configuration.direction = .gradient
        configuration.preconditioner = .none
        configuration.theta = 1
        configuration.initialBatchSize = 50
        configuration.stepSize = settings.step
        configuration.tolerance = 0
        configuration.maxEpochs = passes
        configuration.seed = seed
        switch self {
        case .gradientDescent:
            configuration.step = .fixed
            configuration.growth = .none
            configuration.initialBatchSize = population
        case .sgd:
            configuration.step = .sgd
            configuration.growth = .none
            configuration.initialBatchSize = 128
            configuration.stepDecay = settings.decay ?? 0
        case .friedlanderSchmidt:
            configuration.step = .fixed
            configuration.growth = .geometric
        case .bigBatchFixed: configuration.usePrintedAlgorithm(.fixed)
        case .bigBatchArmijo: configuration.usePrintedAlgorithm(.armijo)
        case .bigBatchBB: configuration.usePrintedAlgorithm(.bb)
        }
        return configuration
    }
}

/// The numbers a baseline is tuned by.
struct Settings: Equatable {
    /// α; nil: found by the run.
    var step: Double?
    /// γ of α / (1 + γ · passes).
    var decay: Double?
}
