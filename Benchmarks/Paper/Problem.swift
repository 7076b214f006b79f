import BigBatch
import Datasets
import MPI
import Models

/// Logistic regression on one ordering of the data: z-scored features, λ = 0, no intercept.
struct Problem {
    let model: LinearModel<LogisticLoss>
    let dataset: Dataset
    let communicator: any Communicator
    let seed: UInt64

    /// Reads the file on all ranks and orders its rows by `seed`.
    init(file: String, seed: UInt64, threads: Int, communicator: any Communicator) throws {
        let table = try DistributedTable.read([file], communicator: communicator)
        var options = AssemblyOptions()
        options.seed = seed
        options.standardization = .zscore
        dataset = try table.assembleTraining(labels: .classes, options: options).training
        model = LinearModel(
            LogisticLoss(), featureCount: dataset.features.columns, hasIntercept: false, threads: threads)
        self.communicator = communicator
        self.seed = seed
    }

    var population: Int { dataset.order.count }

    /// ‖∇ℓ(x)‖ over all N rows; the same number on every rank.
    func fullGradientNorm(at x: [Float]) throws -> Double {
        var gradient = [Double](repeating: 0, count: model.parameterCount)
        try gradient.withUnsafeMutableBufferPointer { gradient in
            _ = x.withUnsafeBufferPointer { model.accumulate(dataset.all, at: $0, gradient: gradient) }
            try communicator.allreduce(gradient, .sum)
            // Choices hang on this number, and MPI does not promise the same bits everywhere: rank 0's are taken.
            try communicator.broadcast(gradient, root: 0)
        }
        return gradient.reduce(0) { $0 + $1 * $1 }.squareRoot() / Double(population)
    }
}
