import Datasets
import MPI
import Models

/// Trains `model` on `dataset` by the growing batch. Every rank holds one and calls `run` together.
public final class Trainer<M: Model> {
    public init(
        model: M, dataset: Dataset, validation: Dataset? = nil, communicator: any Communicator,
        configuration: TrainerConfiguration
    ) {
    }

    /// - Parameter stopRequested: polled once an iteration on every rank; true on any rank stops all of them.
    public func run(observer: (any TrainingObserver)? = nil, stopRequested: () -> Bool = { false }) throws
        -> TrainingResult
    {
        TrainingResult()
    }
}
