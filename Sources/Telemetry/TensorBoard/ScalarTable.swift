import BigBatch
import Platform

/// What TensorBoard plots of an iteration, each with the words beside its plot.
package enum ScalarTable {
    package struct Scalar: Sendable {
        package let tag: String
        package let description: String
        /// The value for a line; rates and shares are taken since the line before. nil: there is none.
        package let value: @Sendable (_ now: IterationRecord, _ before: IterationRecord) -> Double?
    }

    package static let scalars: [Scalar] = [
        Scalar(tag: "loss/batch", description: "Mean loss of the batch, with the penalty on the weights.") { now, _ in
            now.loss
        },
        Scalar(tag: "loss/validation", description: "Mean loss of the rows held back.") { now, _ in
            now.validationLoss
        },
        Scalar(tag: "batch/size", description: "Rows of the batch, over all ranks.") { now, _ in
            Double(now.batchSize)
        },
        Scalar(
            tag: "batch/signal_to_noise",
            description: "Squared norm of the batch's gradient over the variance of its mean. The batch grows when it "
                + "gets small; a batch of all rows has no noise and no point here."
        ) { now, _ in now.signalToNoise },
        Scalar(tag: "batch/gradient_norm", description: "Norm of the batch's gradient.") { now, _ in
            now.gradientNorm
        },
        Scalar(tag: "step/size", description: "Step size: the factor of the direction.") { now, _ in now.stepSize },
        Scalar(tag: "step/trials", description: "Trial steps that the line search evaluated.") { now, _ in
            Double(now.trials)
        },
        Scalar(tag: "work/passes", description: "Gradients evaluated so far, in passes over the training rows.") {
            now, _ in now.gradientPasses
        },
        Scalar(tag: "work/seconds", description: "Seconds of training so far.") { now, _ in now.seconds },
        Scalar(tag: "work/communicated_bytes", description: "Bytes that each rank gave to sums over all ranks so far.")
        {
            now, _ in Double(now.communicatedBytes)
        },
        share("computing", "that it computed") { $0.computeSeconds },
        share("transfer", "that sums over all ranks took once all were there") { $0.transferSeconds },
        share("waiting", "that it waited for other ranks") { $0.communicationSeconds - $0.transferSeconds },
    ]

    private static func share(
        _ name: String, _ words: String, _ seconds: @escaping @Sendable (IterationRecord) -> Double
    ) -> Scalar {
        Scalar(tag: "time/" + name, description: "Share of the first rank's time \(words), since the point before.") {
            now, before in
            let elapsed = now.seconds - before.seconds
            return elapsed > 0 ? min(1, max(0, (seconds(now) - seconds(before)) / elapsed)) : nil
        }
    }
}
