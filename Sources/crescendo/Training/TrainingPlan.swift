import BigBatch
import Datasets
import Models

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

    var l2: Double { command.model.l2 ?? (network == nil ? 1 / Double(rows) : TrainerConfiguration.nonConvex.l2) }
    /// As people call it.
    var modelName: String { network == nil ? kind.rawValue : command.model.model?.text ?? ModelChoice.listed }
    var modelText: String {
        guard network != nil else { return "\(kind.rawValue), \(hasIntercept ? "with" : "without") intercept" }
        return modelName + (kind == .softmax ? ", softmax" : ", squared error")
    }
    var hasIntercept: Bool { command.model.intercept ?? true }

    /// - Parameter timeLeft: seconds until `--time-limit`, of which loading has used some.
    func trainerConfiguration(timeLeft: Double?) -> TrainerConfiguration {
        var configuration = network == nil ? TrainerConfiguration() : .nonConvex
        configuration.l2 = l2
        if command.expert.paper == true { configuration.usePrintedAlgorithm(command.expert.step ?? .armijo) }
        if let step = command.expert.step { configuration.step = step }
        if let direction = command.expert.direction { configuration.direction = direction }
        if let growth = command.expert.growth { configuration.growth = growth }
        if let momentum = command.expert.momentum { configuration.momentum = momentum }
        if let rows = command.expert.largestBatch { configuration.largestBatchSize = rows }
        if let patience = command.run.patience { configuration.patience = patience }
        if let theta = command.expert.theta { configuration.theta = theta }
        if let rows = command.expert.initialBatch { configuration.initialBatchSize = rows }
        if let preconditioner = command.expert.preconditioner { configuration.preconditioner = preconditioner }
        if let decay = command.expert.stepDecay { configuration.stepDecay = decay }
        if let decrease = command.expert.sufficientDecrease { configuration.sufficientDecrease = decrease }
        if let balance = command.expert.balance { configuration.balance = balance }
        configuration.memoryLimit = command.expert.memoryLimit?.bytes
        configuration.stepSize = command.expert.stepSize
        if let tolerance = command.run.tolerance { configuration.tolerance = tolerance }
        configuration.maxEpochs = command.run.maxEpochs ?? configuration.maxEpochs
        configuration.maxIterations = command.run.maxIterations
        configuration.timeLimit = timeLeft
        if let seed = command.run.seed { configuration.seed = seed }
        return configuration
    }

    /// Everything that a rerun needs, in the order of the help.
    func resolved() -> ResolvedConfiguration {
        let trainer = trainerConfiguration(timeLeft: nil)
        let reading = command.reading
        let data = command.trainingData
        func list(_ values: [String]) -> ResolvedConfiguration.Value? { values.isEmpty ? nil : .list(values) }
        return ResolvedConfiguration(entries: [
            ("data", .list(command.data.map(absolutePath))),
            ("model", .text(modelName)),
            ("network", list(command.model.network)),
            ("l2", .number(l2)),
            ("standardize", .text(standardization.rawValue)),
            ("huber-delta", command.model.huberDelta.map { .number($0) }),
            ("label-smoothing", command.model.labelSmoothing.map { .number($0) }),
            ("intercept", .flag(hasIntercept)),
            ("test", list(data.test.map(absolutePath))),
            ("test-labels", list(data.testLabels.map(absolutePath))),
            ("validation", .number(Defaults.validation(command, network))),
            ("augment", data.augment.map { .text($0.text) }),
            ("storage", .text((data.storage ?? .auto).rawValue)),
            ("cache", data.cache.map { .text($0.resolved) }),
            ("format", .text((reading.format ?? .auto).rawValue)),
            ("label", reading.label.map { .text($0) }),
            ("labels", list(reading.labels.map(absolutePath))),
            ("input-shape", reading.inputShape.map { .text($0.description) }),
            ("drop", list(reading.drop)),
            ("id", list(reading.id)),
            ("weight", reading.weight.map { .text($0) }),
            ("header", reading.header.map { .flag($0) }),
            ("zero-based", .flag(reading.zeroBased ?? false)),
            ("tolerance", .number(trainer.tolerance)),
            ("max-epochs", trainer.maxEpochs.map { .number($0) }),
            ("patience", .integer(trainer.patience)),
            ("max-iterations", trainer.maxIterations.map { .integer($0) }),
            ("time-limit", command.run.timeLimit.map { .number($0.seconds) }),
            ("seed", .plain(String(trainer.seed))),
            ("threads", .integer(threads)),
            ("tensorboard", .flag(command.run.tensorboard ?? Defaults.tensorboard)),
            ("prometheus", command.run.prometheus.map { .text(absolutePath($0)) }),
            ("step", .text(trainer.step.rawValue)),
            ("step-size", trainer.stepSize.map { .number($0) }),
            ("step-decay", trainer.step == .sgd ? .number(trainer.stepDecay) : nil),
            ("sufficient-decrease", .number(trainer.sufficientDecrease)),
            ("direction", .text(trainer.direction.rawValue)),
            ("momentum", .number(trainer.momentum)),
            ("growth", .text(trainer.growth.rawValue)),
            ("preconditioner", .text(trainer.preconditioner.rawValue)),
            ("theta", .number(trainer.theta)),
            ("initial-batch", .integer(trainer.initialBatchSize)),
            ("largest-batch", trainer.largestBatchSize.map { .integer($0) }),
            ("micro-batch", command.expert.microBatch.map { .integer($0) }),
            ("balance", .text(trainer.balance.rawValue)),
            ("stall-timeout", .number(command.expert.stallTimeout?.seconds ?? Defaults.stallTimeout)),
            ("memory-limit", command.expert.memoryLimit.map { .integer($0.bytes) }),
        ])
    }
}

/// Defaults that are not the trainer's or the loader's.
enum Defaults {
    /// Seconds after which a rank that does not answer ends the job.
    static let stallTimeout = 600.0

    /// Event files are small, written beside training, and what many people open first.
    static let tensorboard = true

    /// Share of the rows held back: networks stop by them.
    static func validation(_ command: TrainCommand, _ network: NetworkDescription?) -> Double {
        command.trainingData.validation ?? validation(of: network)
    }

    static func validation(of network: NetworkDescription?) -> Double {
        network == nil ? 0 : 0.05
    }
}
