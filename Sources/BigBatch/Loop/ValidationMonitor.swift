import Datasets
import Models

/// What is known about the held-out rows.
struct ValidationState: Codable {
    var bestLoss = Double.infinity
    var evaluationsSinceBest = 0
    var rowsReadAtLast = 0
    var gradientsAtLast = 0
    @Stored var best: [Float]? = nil
}

/// Follows the loss on held-out rows, keeps the best parameters, and ends the run when patience is spent.
final class ValidationMonitor<M: Model> {
    var dataset: Dataset
    private let patience: Int
    var state = ValidationState()
    var best: [Float]? { state.best }

    init(dataset: Dataset, patience: Int) {
        self.dataset = dataset
        self.patience = patience
    }

    var isExhausted: Bool { state.evaluationsSinceBest >= patience }

    /// Validation reads at most a tenth of the rows that training reads.
    func isDue(rowsRead: Int) -> Bool {
        rowsRead - state.rowsReadAtLast >= 10 * dataset.order.count
    }

    /// One evaluation a pass.
    func isDue(gradientsEvaluated: Int, population: Int) -> Bool {
        gradientsEvaluated - state.gradientsAtLast >= population
    }

    /// Mean loss on the held-out rows. One reduction.
    func evaluate(_ trainer: TrainerState, objective: Objective<M>) throws -> Double {
        let loss = try objective.meanLoss(
            on: dataset, at: trainer.parameters,
            rendezvous: Rendezvous(
                iteration: trainer.iteration, batchSize: trainer.batchSize, stepSize: trainer.stepSize ?? 0))
        state.rowsReadAtLast = objective.rowsRead
        state.gradientsAtLast = objective.gradientsEvaluated
        if loss < state.bestLoss {
            state.bestLoss = loss
            state.best = trainer.parameters
            state.evaluationsSinceBest = 0
        } else {
            state.evaluationsSinceBest += 1
        }
        return loss
    }
}
