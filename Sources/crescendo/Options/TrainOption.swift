import BigBatch
import Datasets
import Platform

/// What an option of `train` means beyond its declaration: the trainer's setting that it is, what `config.yaml` keeps of it,
/// and whether a run may go on with another value. Options that are not in `all` say where and how a run is kept.
struct TrainOption {
    typealias Value = ResolvedConfiguration.Value

    let name: String
    /// A run may go on with another value.
    let mayChange: Bool
    /// As it was given; nil: it was not.
    let given: (TrainCommand) -> Value?
    /// With every default filled in.
    let resolved: (TrainingPlan, TrainerConfiguration) -> Value?
    /// Sets what the trainer takes from it.
    let apply: (TrainingPlan, inout TrainerConfiguration) -> Void

    private init(
        _ name: String, mayChange: Bool, given: @escaping (TrainCommand) -> Value?,
        resolved: @escaping (TrainingPlan, TrainerConfiguration) -> Value?,
        apply: @escaping (TrainingPlan, inout TrainerConfiguration) -> Void = { _, _ in }
    ) {
        self.name = name
        self.mayChange = mayChange
        self.given = given
        self.resolved = resolved
        self.apply = apply
    }

    /// An option that is kept as it was given, or as `resolved` says.
    private init<T: OptionValue>(
        _ name: String, _ given: KeyPath<TrainCommand, T?>, mayChange: Bool = false,
        resolved: ((TrainingPlan) -> T?)? = nil
    ) {
        self.init(
            name, mayChange: mayChange, given: { $0[keyPath: given]?.value },
            resolved: { plan, _ in (resolved.map { $0(plan) } ?? plan.command[keyPath: given])?.value })
    }

    /// A setting of the trainer, whose default is the trainer's.
    private init<T: OptionValue>(
        _ name: String, _ given: KeyPath<TrainCommand, T?>, sets setting: WritableKeyPath<TrainerConfiguration, T>,
        mayChange: Bool = false, isKept: @escaping (TrainerConfiguration) -> Bool = { _ in true }
    ) {
        self.init(
            name, mayChange: mayChange, given: { $0[keyPath: given]?.value },
            resolved: { isKept($1) ? $1[keyPath: setting].value : nil },
            apply: { plan, trainer in
                if let value = plan.command[keyPath: given] { trainer[keyPath: setting] = value }
            })
    }

    private init<T: OptionValue>(
        _ name: String, _ given: KeyPath<TrainCommand, T?>, sets setting: WritableKeyPath<TrainerConfiguration, T?>,
        mayChange: Bool = false
    ) {
        self.init(
            name, mayChange: mayChange, given: { $0[keyPath: given]?.value },
            resolved: { $1[keyPath: setting]?.value },
            apply: { plan, trainer in
                if let value = plan.command[keyPath: given] { trainer[keyPath: setting] = value }
            })
    }

    private init(_ name: String, list: KeyPath<TrainCommand, [String]>) {
        func value(_ list: [String]) -> Value? { list.isEmpty ? nil : .list(list) }
        self.init(
            name, mayChange: false, given: { value($0[keyPath: list]) },
            resolved: { plan, _ in value(plan.command[keyPath: list]) })
    }

    /// Files may move, and be given in other ways.
    ///
    /// - Parameter stands: whether what was given stands for no file.
    private init(
        _ name: String, files: KeyPath<TrainCommand, [String]>,
        unless stands: @escaping (String) -> Bool = { $0 == "-" }
    ) {
        func value(_ list: [String]) -> Value? { list.isEmpty ? nil : .list(list) }
        self.init(
            name, mayChange: true, given: { value($0[keyPath: files]) },
            resolved: { plan, _ in value(plan.command[keyPath: files].map { stands($0) ? $0 : absolutePath($0) }) })
    }

    func isGivenAsList(_ command: TrainCommand) -> Bool { if case .list = given(command) { true } else { false } }

    /// In the order of the help, which is that of `config.yaml`.
    static var all: [TrainOption] {
        [
            TrainOption("data", files: \.data),
            TrainOption("model", \.model.model?.text, resolved: \.modelName),
            TrainOption("network", list: \.model.network),
            TrainOption("l2", \.model.l2, resolved: \.penalty),
            TrainOption("cv", \.penalty.cv) { $0.penalty == .auto ? $0.folds : nil },
            TrainOption("rule", \.penalty.rule) { $0.penalty == .auto ? $0.command.penalty.rule ?? .best : nil },
            TrainOption("grid", \.penalty.grid),
            TrainOption("standardize", \.model.standardize?.rawValue, resolved: \.standardization.rawValue),
            TrainOption("huber-delta", \.model.huberDelta),
            TrainOption("label-smoothing", \.model.labelSmoothing),
            TrainOption("intercept", \.model.intercept, resolved: \.hasIntercept),
            TrainOption("test", files: \.trainingData.test) { $0 == "-" || TrainingDataOptions.share($0) != nil },
            TrainOption("test-labels", files: \.trainingData.testLabels),
            TrainOption("validation", \.trainingData.validation) { Defaults.validation($0.command, $0.network) },
            TrainOption("class-weight", \.trainingData.classWeight?.text),
            TrainOption("positive", \.trainingData.positive),
            TrainOption("augment", \.trainingData.augment?.text),
            TrainOption("storage", \.trainingData.storage, mayChange: true) {
                $0.command.trainingData.storage ?? .auto
            },
            TrainOption("cache", \.trainingData.cache?.resolved, mayChange: true),
            TrainOption("format", \.reading.format) { $0.command.reading.format ?? .auto },
            TrainOption("label", \.reading.label),
            TrainOption("labels", files: \.reading.labels),
            TrainOption("input-shape", \.reading.inputShape?.description),
            TrainOption("drop", list: \.reading.drop),
            TrainOption("id", list: \.reading.id),
            TrainOption("weight", \.reading.weight),
            TrainOption("categorical", list: \.reading.categorical),
            TrainOption("date", list: \.reading.date),
            TrainOption("dates", \.reading.dates),
            TrainOption("min-category-count", \.reading.minCategoryCount),
            TrainOption("missing", list: \.reading.missing),
            TrainOption("missing-label", \.reading.missingLabel),
            TrainOption("delimiter", \.reading.delimiter),
            TrainOption("decimal", \.reading.decimal),
            TrainOption("header", \.reading.header),
            TrainOption("zero-based", \.reading.zeroBased) { $0.command.reading.zeroBased ?? false },
            TrainOption("start", \.run.start, mayChange: true) { $0.command.run.start.map(absolutePath) },
            TrainOption("tolerance", \.run.tolerance, sets: \.tolerance, mayChange: true),
            TrainOption("certify", \.run.certify, sets: \.certify, mayChange: true),
            TrainOption("max-epochs", \.run.maxEpochs, sets: \.maxEpochs, mayChange: true),
            TrainOption("patience", \.run.patience, sets: \.patience, mayChange: true),
            TrainOption("max-iterations", \.run.maxIterations, sets: \.maxIterations, mayChange: true),
            TrainOption("time-limit", \.run.timeLimit?.seconds, mayChange: true),
            TrainOption("seed", \.run.seed, sets: \.seed),
            TrainOption("threads", \.run.threads, mayChange: true) { $0.threads },
            TrainOption("tensorboard", \.run.tensorboard, mayChange: true) {
                $0.command.run.tensorboard ?? Defaults.tensorboard
            },
            TrainOption("prometheus", \.run.prometheus, mayChange: true) {
                $0.command.run.prometheus.map(absolutePath)
            },
            TrainOption("step", \.expert.step, sets: \.step),
            TrainOption("step-size", \.expert.stepSize, sets: \.stepSize),
            TrainOption("step-decay", \.expert.stepDecay, sets: \.stepDecay, isKept: { $0.step == .sgd }),
            TrainOption("sufficient-decrease", \.expert.sufficientDecrease, sets: \.sufficientDecrease),
            TrainOption("direction", \.expert.direction, sets: \.direction),
            TrainOption("momentum", \.expert.momentum, sets: \.momentum),
            TrainOption("growth", \.expert.growth, sets: \.growth),
            TrainOption("preconditioner", \.expert.preconditioner, sets: \.preconditioner),
            TrainOption("theta", \.expert.theta, sets: \.theta),
            TrainOption("initial-batch", \.expert.initialBatch, sets: \.initialBatchSize),
            TrainOption("largest-batch", \.expert.largestBatch, sets: \.largestBatchSize),
            TrainOption("micro-batch", \.expert.microBatch, mayChange: true),
            TrainOption("balance", \.expert.balance, sets: \.balance, mayChange: true),
            TrainOption("stall-timeout", \.expert.stallTimeout?.seconds, mayChange: true) {
                $0.command.expert.stallTimeout?.seconds ?? Defaults.stallTimeout
            },
            TrainOption("memory-limit", \.expert.memoryLimit?.bytes, sets: \.memoryLimit, mayChange: true),
        ]
    }
}

extension TrainCommand {
    /// What was given, as words of a command line.
    var words: [String] {
        data
            + TrainOption.all.flatMap { option -> [String] in
                guard option.name != "data", let value = option.given(self) else { return [] }
                switch value {
                case .list(let texts): return texts.flatMap { ["--" + option.name, $0] }
                case .flag(let flag): return [(flag ? "--" : "--no-") + option.name]
                case .text(let text), .plain(let text): return ["--" + option.name, text]
                case .number(let number): return ["--" + option.name, "\(number)"]
                case .integer(let number): return ["--" + option.name, "\(number)"]
                }
            }
    }
}

/// A value that `config.yaml` can keep.
protocol OptionValue {
    var value: ResolvedConfiguration.Value { get }
}

extension Double: OptionValue { var value: ResolvedConfiguration.Value { .number(self) } }
extension Int: OptionValue { var value: ResolvedConfiguration.Value { .integer(self) } }
extension UInt64: OptionValue { var value: ResolvedConfiguration.Value { .plain(String(self)) } }
extension Bool: OptionValue { var value: ResolvedConfiguration.Value { .flag(self) } }
extension String: OptionValue { var value: ResolvedConfiguration.Value { .text(self) } }
extension OptionValue where Self: RawRepresentable, RawValue == String {
    var value: ResolvedConfiguration.Value { .text(rawValue) }
}
extension StepKind: OptionValue {}
extension DirectionKind: OptionValue {}
extension GrowthKind: OptionValue {}
extension PreconditionerKind: OptionValue {}
extension BalanceKind: OptionValue {}
extension StorageChoice: OptionValue {}
extension ReadOptions.Format: OptionValue {}
extension ReadOptions.MissingLabel: OptionValue {}
extension ReadOptions.Decimal: OptionValue {}
extension PenaltyRule: OptionValue {}
extension PenaltyValues: OptionValue { var value: ResolvedConfiguration.Value { .text(text) } }
extension PenaltyChoice: OptionValue {
    var value: ResolvedConfiguration.Value { number.map { .number($0) } ?? .plain("auto") }
}
