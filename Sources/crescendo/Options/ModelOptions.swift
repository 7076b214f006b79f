import ArgumentParser
import Datasets
import MPI
import Models

struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What to train; auto looks at the labels.",
            discussion: """
                ridge: a number, squared error. logistic: two classes. softmax: several classes. \
                squared-hinge: two classes, linear support vectors. huber: a number, with outliers. \
                poisson: counts. mlp:512,256: a network with hidden layers of these widths. lenet5, bigbatch-cnn: \
                convolutional networks for images. network: the layers of --network. auto takes logistic for two distinct labels, softmax for several classes, ridge for \
                numbers, and says what it chose.
                """))
    var model: ModelChoice?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "A layer of the network, first to last; the dense layer to the labels comes by itself. Repeated.",
            discussion: """
                For example 'conv 20 5x5 padding=2', 'max-pool 2', 'average-pool 2', 'dense 500', relu, gelu, tanh, \
                'dropout 0.5', layer-norm, 'group-norm 4', 'pad 2'.
                """,
            valueName: "layer"))
    var network: [String] = []

    @Option(
        name: [.long, .customLong("weight-decay")],
        help: ArgumentHelp(
            "Strength λ of the penalty (λ/2)‖w‖² (default: 1/N, one over the number of training rows; networks: 0.0001).",
            discussion: "auto: chosen by cross-validation, in the same job, for linear models.",
            valueName: "lambda|auto"),
        transform: PenaltyChoice.parse)
    var l2: PenaltyChoice?

    @Option(
        help: ArgumentHelp(
            "How features are scaled before training (default: auto).",
            discussion: """
                zscore: mean 0, deviation 1. mixed: the same, but columns of zeros and ones stay as they are. maxabs: \
                divided by the largest magnitude, zeros stay zeros. \
                unit: all features divided by one number, into [0, 1] (255 for images of bytes). \
                auto: mixed, maxabs for LIBSVM and arrays below 5 % density, unit for images and a network. \
                What was done is stored in the model.
                """))
    var standardize: StandardizeChoice?

    @Option(
        help: ArgumentHelp(
            "Share of every label that is spread over all classes, for softmax and networks (default: 0).",
            valueName: "share"),
        transform: NumberRange.share.parse)
    var labelSmoothing: Double?

    @Option(
        help: ArgumentHelp(
            "Huber: errors count by their squares up to this size, beyond by their size, in units of the label (default: 1.35 "
                + "robust deviations of the labels).",
            valueName: "delta"),
        transform: NumberRange.positive.parse)
    var huberDelta: Double?

    @Flag(
        inversion: .prefixedNo, exclusivity: .chooseLast,
        help: "Train a constant term that is not penalised (default: --intercept).")
    var intercept: Bool?
}

extension ModelOptions {
    /// Squared and Huber losses mean the same in any unit, so labels may have the best one; counts may not.
    func labelScaling(_ network: NetworkDescription?) -> LabelScaling {
        if network != nil { return .centred }
        if model?.kind == .poisson { return .none }
        return intercept == false ? .scaled : .centred
    }

    /// δ of the Huber loss, in units of the label. Collective.
    func huberDelta(of data: TrainingData, _ world: any Communicator) throws -> Double {
        if let huberDelta { return huberDelta }
        let deviation = try data.training.robustLabelDeviation(world)
        return 1.35 * data.preprocessing.labels.scale.scale * (deviation > 0 ? deviation : 1)
    }

    /// The network to train; nil: a linear model. Throws `ModelError` for layers that make no sense.
    var description: NetworkDescription? {
        get throws {
            let isListed = model.map { $0.text == ModelChoice.listed } ?? true
            if !network.isEmpty {
                guard isListed else {
                    throw ModelError(
                        "a list of layers goes with --model network, not with --model \(model?.text ?? "")")
                }
                return try NetworkDescription(layers: network)
            }
            if model?.text == ModelChoice.listed {
                throw ModelError("--model network needs its layers: --network 'dense 100' --network relu")
            }
            return model?.network
        }
    }
}
