import BigBatch
import Datasets
import Models

/// The rows of a run. While it trains they are the trainer's alone: rows that move to another rank leave this one's memory.
final class RunRows {
    private(set) var training: Dataset?
    private(set) var validation: Dataset?
    let preprocessing: Preprocessing
    /// What the rows were found to have, as sentences.
    var remarks: [String] = []

    init(_ data: TrainingData) {
        training = data.training
        validation = data.validation
        preprocessing = data.preprocessing
    }

    func handOver<M: Model>(_ body: (Dataset, Dataset?) -> Trainer<M>) -> Trainer<M> {
        guard let training else { preconditionFailure("rows are handed over once") }
        let trainer = body(training, validation)
        self.training = nil
        validation = nil
        return trainer
    }

    func take<M: Model>(back trainer: Trainer<M>) {
        training = trainer.dataset
        validation = trainer.validationDataset
    }
}
