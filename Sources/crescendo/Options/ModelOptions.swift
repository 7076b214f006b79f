import ArgumentParser
import Models

extension ModelKind: ExpressibleByArgument {}

/// `--standardize`.
enum StandardizeChoice: String, CaseIterable, ExpressibleByArgument {
    case auto, zscore, maxabs, none
}

struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What to train; auto looks at the labels.",
            discussion: """
                ridge: a number, squared error. logistic: two classes. softmax: several classes. \
                squared-hinge: two classes, linear support vectors. huber: a number, with outliers. \
                poisson: counts. auto takes logistic for two distinct labels, softmax for several classes, ridge for \
                numbers, and says what it chose.
                """))
    var model: ModelKind?

    @Option(
        help: ArgumentHelp(
            "Strength λ of the penalty (λ/2)‖w‖² (default: 1/N, one over the number of training rows).",
            valueName: "lambda"),
        transform: NumberRange.nonNegative.parse)
    var l2: Double?

    @Option(
        help: ArgumentHelp(
            "How features are scaled before training (default: auto).",
            discussion: """
                zscore: mean 0, deviation 1. maxabs: divided by the largest magnitude, zeros stay zeros. \
                auto: zscore for dense data, maxabs for sparse data (below 5 % density). What was done is stored \
                in the model.
                """))
    var standardize: StandardizeChoice?

    @Flag(
        inversion: .prefixedNo, exclusivity: .chooseLast,
        help: "Train a constant term that is not penalised (default: --intercept).")
    var intercept: Bool?
}
