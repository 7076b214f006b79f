import ArgumentParser
import BigBatch

extension StepKind: ExpressibleByArgument {}
extension DirectionKind: ExpressibleByArgument {}
extension GrowthKind: ExpressibleByArgument {}

/// Options that a run does without: each has a default that was measured.
struct ExpertOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How step sizes are found (default: auto).",
            discussion: """
                fixed: --step-size throughout. armijo: backtracking. bb: Barzilai–Borwein. \
                sgd: constant batch with step decay, the baseline.
                """))
    var step: StepKind?

    @Option(
        help: ArgumentHelp(
            "Step size of fixed and sgd, first step of the others (default: from the curvature of the first batch).",
            valueName: "alpha"),
        transform: NumberRange.positive.parse)
    var stepSize: Double?

    @Option(help: "Which way steps go; auto turns to L-BFGS once the batch is all rows (default: auto).")
    var direction: DirectionKind?

    @Option(help: "How the batch grows: at once to the size needed, by a tenth, or not at all (default: jump).")
    var growth: GrowthKind?

    @Option(
        help: ArgumentHelp("Strictness of the noise test: smaller grows batches earlier.", valueName: "theta"),
        transform: NumberRange.upToOne.parse)
    var theta: Double?

    @Option(
        help: ArgumentHelp("Rows of the first batch, over all ranks.", valueName: "rows"),
        transform: parseCount(atLeast: 2))
    var initialBatch: Int?

    @Option(
        help: ArgumentHelp(
            "End the job when a rank does not answer for this long: 90, 30m, 2h.", valueName: "time"))
    var stallTimeout: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "Memory one rank may take, e.g. 4GB (default: what the node has, shared by its ranks).",
            valueName: "size"))
    var memoryLimit: ByteCount?
}
