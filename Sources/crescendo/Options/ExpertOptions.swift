import ArgumentParser
import BigBatch

extension StepKind: WordOption {}
extension DirectionKind: WordOption {}
extension GrowthKind: WordOption {}
extension PreconditionerKind: WordOption {}
extension BalanceKind: WordOption {}

/// Options that a run does without: each has a default that was measured.
struct ExpertOptions: ParsableArguments {
    private static let standard = TrainerConfiguration()

    private static func meanings(_ kinds: [(name: String, meaning: String)]) -> String {
        kinds.map { "\($0.name): \($0.meaning)." }.joined(separator: " ")
    }

    @Flag(
        inversion: .prefixedNo, exclusivity: .chooseLast,
        help: ArgumentHelp(
            "Train by the paper's algorithms as printed (default: no).",
            discussion: """
                Sets --growth increment, --theta 1, --initial-batch 50, --direction gradient, --preconditioner none and, \
                unless --step says fixed or bb, --step armijo with --sufficient-decrease 0.5. Each can still be set.
                """))
    var paper: Bool?

    @Option(
        help: ArgumentHelp(
            "How step sizes are found (default: auto).",
            discussion: meanings(StepKind.allCases.map { ($0.rawValue, $0.meaning) })
                + " Once the batch of a linear model is all rows, see --direction."))
    var step: StepKind?

    @Option(
        help: ArgumentHelp(
            "Step size of fixed and sgd, first step of the others (default: from the curvature of the first batch).",
            valueName: "alpha"),
        transform: NumberRange.positive.parse)
    var stepSize: Double?

    @Option(
        help: ArgumentHelp(
            "sgd: the step is alpha / (1 + decay · passes over the data) (default: \(standard.stepDecay)).",
            valueName: "decay"),
        transform: NumberRange.nonNegative.parse)
    var stepDecay: Double?

    @Option(
        help: ArgumentHelp(
            "Share of the promised decrease that a searched step must bring, at most 0.5 "
                + "(default: \(standard.sufficientDecrease)).",
            valueName: "c"),
        transform: NumberRange.upToHalf.parse)
    var sufficientDecrease: Double?

    @Option(
        name: [.long, .customLong("optimizer")],
        help: ArgumentHelp(
            "Which way steps go (default: auto).",
            discussion: meanings(DirectionKind.allCases.map { ($0.rawValue, $0.meaning) })
                + " Once the batch of a linear model is all rows it is L-BFGS, but for gradient and for --step fixed and sgd."
        ))
    var direction: DirectionKind?

    @Option(
        help: ArgumentHelp(
            "Share of the last step that the next one keeps, for --direction momentum (default: \(standard.momentum)).",
            valueName: "beta"),
        transform: NumberRange.share.parse)
    var momentum: Double?

    @Option(
        help: ArgumentHelp(
            "How the batch grows (default: jump).",
            discussion: meanings(GrowthKind.allCases.map { ($0.rawValue, $0.meaning) })))
    var growth: GrowthKind?

    @Option(help: "Measure gradients in the norm of the curvature, or the plain one (default: auto).")
    var preconditioner: PreconditionerKind?

    @Option(
        help: ArgumentHelp(
            "Strictness of the noise test: smaller grows batches earlier (default: \(standard.theta); networks: "
                + "\(TrainerConfiguration.nonConvex.theta)).",
            valueName: "theta"),
        transform: NumberRange.upToOne.parse)
    var theta: Double?

    @Option(
        help: ArgumentHelp(
            "Rows of the first batch, over all ranks (default: \(standard.initialBatchSize); networks: "
                + "\(TrainerConfiguration.nonConvex.initialBatchSize)).", valueName: "rows"),
        transform: parseCount(atLeast: 2))
    var initialBatch: Int?

    @Option(
        help: ArgumentHelp(
            "Rows of a batch at most, over all ranks (default: all rows; networks: a tenth).", valueName: "rows"),
        transform: parseCount(atLeast: 2))
    var largestBatch: Int?

    @Option(
        help: ArgumentHelp(
            "Samples that go through a network together; bounds its memory (default: as many as suit the caches).",
            valueName: "samples"),
        transform: parseCount(atLeast: 1))
    var microBatch: Int?

    @Option(
        help: ArgumentHelp(
            "Whether rows move from slow ranks to fast ones (default: auto).",
            discussion: """
                auto: when the time lost to equal shares exceeds what a move costs, at most every 30 s. Batches stay the \
                same, and the result to the last bit. off: equal shares.
                """))
    var balance: BalanceKind?

    @Option(
        help: ArgumentHelp(
            "End the job, with exit code 75, when a rank does not answer for this long: 90, 30m, 2h; 0 never (default: 10m).",
            valueName: "time"))
    var stallTimeout: StallTimeout?

    @Option(
        help: ArgumentHelp(
            "Memory one rank may take, e.g. 4GB (default: what the node has, shared by its ranks).",
            valueName: "size"))
    var memoryLimit: ByteCount?

    func validate() throws {
        guard paper == true, let step, !step.isPrinted else { return }
        throw ValidationError("--paper is for --step fixed, armijo or bb; --step \(step.rawValue) is not in the paper")
    }
}
