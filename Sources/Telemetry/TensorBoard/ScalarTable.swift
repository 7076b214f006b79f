import BigBatch
import Platform

/// What TensorBoard plots of an iteration, each with the words beside its plot.
package enum ScalarTable {
    package struct Scalar: Sendable {
        package let figure: RunFigure
        package let description: String
        /// The value for a line; rates and shares are taken since the line before. nil: there is none.
        package let value: @Sendable (_ now: IterationRecord, _ before: IterationRecord) -> Double?

        package var tag: String { figure.tag }
    }

    package static let scalars: [Scalar] = [
        Scalar(figure: .objective, description: "Mean loss of the batch, with the penalty on the weights.") { now, _ in
            now.loss
        },
        Scalar(figure: .validationLoss, description: "Mean loss of the rows held back.") { now, _ in
            now.validationLoss
        },
        Scalar(figure: .batchSize, description: "Rows of the batch, over all ranks.") { now, _ in
            Double(now.batchSize)
        },
        Scalar(
            figure: .signalToNoise,
            description: "Squared norm of the batch's gradient over the variance of its mean. The batch grows when it "
                + "gets small; a batch of all rows has no noise and no point here."
        ) { now, _ in now.signalToNoise },
        Scalar(figure: .gradientNorm, description: "Norm of the batch's gradient.") { now, _ in
            now.gradientNorm
        },
        Scalar(figure: .stepSize, description: "Step size: the factor of the direction.") { now, _ in now.stepSize },
        Scalar(figure: .trials, description: "Trial steps that the line search evaluated.") { now, _ in
            Double(now.trials)
        },
        Scalar(figure: .passes, description: "Gradients evaluated so far, in passes over the training rows.") {
            now, _ in now.gradientPasses
        },
        Scalar(figure: .seconds, description: "Seconds of training so far.") { now, _ in now.seconds },
        Scalar(figure: .communicatedBytes, description: "Bytes that each rank gave to sums over all ranks so far.") {
            now, _ in Double(now.communicatedBytes)
        },
        share(.computing, "that it computed") { $0.computeSeconds },
        share(.transfer, "that sums over all ranks took once all were there") { $0.transferSeconds },
        share(.waiting, "that it waited for other ranks") { $0.communicationSeconds - $0.transferSeconds },
    ]

    private static func share(
        _ figure: RunFigure, _ words: String, _ seconds: @escaping @Sendable (IterationRecord) -> Double
    ) -> Scalar {
        Scalar(figure: figure, description: "Share of the first rank's time \(words), since the point before.") {
            now, before in
            let elapsed = now.seconds - before.seconds
            return elapsed > 0 ? min(1, max(0, (seconds(now) - seconds(before)) / elapsed)) : nil
        }
    }
}
