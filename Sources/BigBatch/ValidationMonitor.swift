import Datasets
import Models

/// Follows the loss on held-out rows, keeps the best parameters, and ends the run when patience is spent.
final class ValidationMonitor<M: Model> {
    private let dataset: Dataset
    private let patience: Int
    private var evaluations = 0
    private var bestLoss = Double.infinity
    private var evaluationsSinceBest = 0
    private var rowsReadAtLast = 0
    private var gradientsAtLast = 0
    private(set) var best: [Float]?

    init(dataset: Dataset, patience: Int) {
        self.dataset = dataset
        self.patience = patience
    }

    var isExhausted: Bool { evaluationsSinceBest >= patience }

    /// Validation reads at most a tenth of the rows that training reads.
    func isDue(rowsRead: Int) -> Bool {
        rowsRead - rowsReadAtLast >= 10 * dataset.order.count
    }

    /// One evaluation a pass.
    func isDue(gradientsEvaluated: Int, population: Int) -> Bool {
        gradientsEvaluated - gradientsAtLast >= population
    }

    /// Mean loss on the held-out rows. One reduction.
    func evaluate(_ state: TrainerState, objective: Objective<M>) throws -> Double {
        let loss = try objective.meanLoss(
            on: dataset, at: state.parameters,
            decision: Decision(iteration: state.iteration, batchSize: state.batchSize, stepSize: state.stepSize ?? 0))
        rowsReadAtLast = objective.rowsRead
        gradientsAtLast = objective.gradientsEvaluated
        evaluations += 1
        if loss < bestLoss {
            bestLoss = loss
            best = state.parameters
            evaluationsSinceBest = 0
        } else {
            evaluationsSinceBest += 1
        }
        return loss
    }
}
