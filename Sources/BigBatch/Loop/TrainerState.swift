/// Everything that the next iteration depends on; the same on every rank. What is added here is kept by snapshots.
struct TrainerState: Codable {
    /// x.
    @Stored var parameters: [Float]
    var iteration = 0
    /// First place of the next batch in the order of the rows.
    var position = 0
    /// The cycle through the rows that `position` belongs to, each with an order of its own; nil: one order for the run,
    /// walked cyclically, as models are trained that keep margins from batch to batch.
    var cycle: UInt64?
    /// K.
    var batchSize: Int
    /// α; nil until the first estimate.
    var stepSize: Double?
    /// The batch grew in this iteration.
    var grew = false
    /// K when the dense preconditioner was last estimated.
    var batchSizeOfPreconditioner = 0
    /// Steps from a sample that come before all others; nil: none.
    var opening: OpeningState?
    /// Of iterations on all rows.
    var full = FullBatchState()
    /// d is that of the last step.
    var hasLastStep = false
    /// Parameters to return to when a step was too long: those before the last step that was not searched, or for models
    /// that are not convex the last sound ones.
    @Stored var lastGood: [Float]? = nil
    /// Iteration in which `lastGood` was taken, and that of the last return to it.
    var keptAt = 0
    var returnedAt = -1000
    /// Returns to sound parameters so far.
    var returns = 0
    /// Signal and noise of the last batches, for models that are not convex.
    var noise = NoiseAverage()
    /// What the training loss has done so far, for models that are not convex.
    var progress = LossProgress()
    /// Iterations in a row whose search found no step.
    var exhaustedSearches = 0
    var nonFinite = 0
    var consecutiveNonFinite = 0
    /// Trials of the line search in this iteration.
    var trials = 0

    init(parameters: [Float], batchSize: Int) {
        self.parameters = parameters
        self.batchSize = batchSize
    }
}

/// What iterations on all rows of a convex objective depend on, whatever their step rule.
struct FullBatchState: Codable {
    var objectives = ObjectiveHistory()
    /// Gap estimates of the last ones, relative to the objective.
    var gapEstimates: [Double] = []
    /// Those since the start, or since a step rule wanted another preconditioner.
    var iterations = 0
    /// Iteration in which the preconditioner was last renewed, and the objective then.
    var renewedAt = 0
    var objectiveAtRenewal: Double?
}
