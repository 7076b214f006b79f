import BigBatch
import Datasets
import Models
import Planning
import Platform
import Runs

/// What a training run will do: the options with the data's answers filled in.
struct TrainingPlan {
    let command: TrainCommand
    let kind: ModelKind
    /// The layers before the last; nil: a linear model.
    let network: NetworkDescription?
    /// Why `auto` took this model; nil when it was asked for.
    let reason: String?
    let standardization: StandardizationKind
    let threads: Int
    /// N, the rows trained on.
    let rows: Int

    /// λ as the data have chosen it.
    var chosenL2: Double?

    /// As it was asked for.
    var penalty: PenaltyChoice {
        command.model.l2 ?? .value(network == nil ? 1 / Double(rows) : TrainerConfiguration.nonConvex.l2)
    }
    var l2: Double { chosenL2 ?? penalty.number ?? 1 / Double(rows) }
    /// Of the choice.
    var folds: Int { command.penalty.cv ?? Defaults.folds }
    /// As people call it.
    var modelName: String { network == nil ? kind.rawValue : command.model.model?.text ?? ModelChoice.listed }
    var modelText: String {
        guard network != nil else { return "\(kind.rawValue), \(hasIntercept ? "with" : "without") intercept" }
        return modelName + (kind == .softmax ? ", softmax" : ", squared error")
    }
    var hasIntercept: Bool { command.model.intercept ?? true }

    /// The objective is what the rows are judged by, and the penalty: they need be read once at the end.
    var objectiveIsLossOfRows: Bool {
        (command.model.labelSmoothing ?? 0) == 0 && command.expert.direction?.isAdaptive != true
    }

    /// - Parameter timeLeft: seconds until `--time-limit`, of which loading has used some.
    func trainerConfiguration(timeLeft: Double?) -> TrainerConfiguration {
        var configuration = network == nil ? TrainerConfiguration() : .nonConvex
        configuration.l2 = l2
        if command.expert.paper == true { configuration.usePrintedAlgorithm(command.expert.step ?? .armijo) }
        for option in TrainOption.all { option.apply(self, &configuration) }
        configuration.timeLimit = timeLeft
        return configuration
    }

    /// Whether fewer ranks would do better, where that is sure before the first step.
    func advice(_ environment: RunEnvironment) -> RankAdvice? {
        RankAdvice(
            environment.hosts.map { RankAdvice.Host(name: $0.name, ranks: $0.ranks, processors: $0.processors) },
            threads: threads,
            largestBatch: trainerConfiguration(timeLeft: nil).largestBatch(rows: rows, isConvex: network == nil))
    }

    /// What a run must find again to go on.
    func fingerprint(_ data: TrainingData) -> RunFingerprint {
        let free = Set(TrainOption.all.filter(\.mayChange).map(\.name))
        return RunFingerprint(
            files: command.data + command.reading.labels,
            options: resolved().texts.filter { !free.contains($0.key) }, data)
    }

    /// Everything that a rerun needs, in the order of the help.
    func resolved() -> ResolvedConfiguration {
        let trainer = trainerConfiguration(timeLeft: nil)
        return ResolvedConfiguration(entries: TrainOption.all.map { ($0.name, $0.resolved(self, trainer)) })
    }
}

/// Defaults that are not the trainer's or the loader's.
enum Defaults {
    /// Seconds after which a rank that does not answer ends the job.
    static let stallTimeout = 600.0

    /// Event files are small, written beside training, and what many people open first.
    static let tensorboard = true

    /// Parts of the rows by which λ is chosen.
    static let folds = 5

    /// Share of the rows held back: networks stop by them.
    static func validation(_ command: TrainCommand, _ network: NetworkDescription?) -> Double {
        command.trainingData.validation ?? validation(of: network)
    }

    static func validation(of network: NetworkDescription?) -> Double {
        network == nil ? 0 : 0.05
    }
}
