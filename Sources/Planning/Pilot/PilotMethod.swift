import BigBatch

/// A way to train that a pilot compares.
package enum PilotMethod: String, CaseIterable, Codable, Sendable {
    case auto, bb, armijo, fixed, large, sgd

    package var name: String {
        switch self {
        case .auto: "growing batch, all by itself"
        case .bb: "growing batch, Barzilai–Borwein steps"
        case .armijo: "growing batch, Armijo search"
        case .fixed: "growing batch, constant step"
        case .large: "large constant batch, constant step"
        case .sgd: "small constant batch, decaying step (SGD)"
        }
    }

    /// Its step size must be found by trial, and that costs runs.
    package var needsTuning: Bool { self == .fixed || self == .large || self == .sgd }

    /// Rows of the constant batch of SGD.
    package static let smallBatch = 64

    /// Rows of the first batch, or of every batch; nil: the trainer's own choice.
    package func batch(rows: Int) -> Int? {
        switch self {
        case .sgd: min(PilotMethod.smallBatch, max(2, rows))
        case .large: min(max(2, rows), max(4096, rows / 10))
        default: nil
        }
    }

    /// `base` with what this method changes.
    package func configuration(_ base: TrainerConfiguration, tuned: Candidate?, rows: Int) -> TrainerConfiguration {
        var result = base
        switch self {
        case .auto: return result
        case .bb: result.step = .bb
        case .armijo: result.step = .armijo
        case .fixed: result.step = .fixed
        case .large:
            result.step = .fixed
            result.growth = .none
        case .sgd:
            result.step = .sgd
            result.growth = .none
        }
        if let batch = batch(rows: rows) {
            result.initialBatchSize = batch
            result.largestBatchSize = batch
        }
        if let tuned {
            result.stepSize = tuned.step
            if let decay = tuned.decay { result.stepDecay = decay }
        }
        return result
    }

    /// The same as options of `train`.
    package func options(tuned: Candidate?, rows: Int) -> [String] {
        var words: [String] =
            switch self {
            case .auto: []
            case .bb: ["--step", "bb"]
            case .armijo: ["--step", "armijo"]
            case .fixed: ["--step", "fixed"]
            case .large: ["--step", "fixed", "--growth", "none"]
            case .sgd: ["--step", "sgd", "--growth", "none"]
            }
        if let batch = batch(rows: rows) { words += ["--initial-batch", "\(batch)", "--largest-batch", "\(batch)"] }
        if let tuned {
            words += ["--step-size", "\(tuned.step)"]
            if let decay = tuned.decay { words += ["--step-decay", "\(decay)"] }
        }
        return words
    }

    /// The settings that tuning tries: steps a factor of 4 apart around 1/(mean squared norm of a row), which is about
    /// 1/curvature for a loss of curvature 1.
    package func candidates(meanSquaredNorm: Double, isConvex: Bool) -> [Candidate] {
        guard needsTuning else { return [] }
        let scale = isConvex ? 1 / max(meanSquaredNorm, 1e-300) : 0.01
        let steps = (-2...4).map { exponent in
            var step = scale
            for _ in 0..<abs(exponent) { step *= exponent < 0 ? 0.25 : 4 }
            return step
        }
        guard self == .sgd else { return steps.map { Candidate(step: $0, decay: nil) } }
        return steps.flatMap { step in [1.0, 10].map { Candidate(step: step, decay: $0) } }
    }
}

/// One setting that tuning tries.
package struct Candidate: Codable, Equatable, Sendable {
    /// α.
    package var step: Double
    /// γ of α / (1 + γ · passes); nil where the step stays.
    package var decay: Double?
}
