import Models

/// What keeps the ranks alike: that they were given the same task, and that they hold the same parameters.
extension Trainer {
    /// A digest of all that must be the same on every rank, apart from the time limit: clocks are compared by a flag.
    static func identity(model: M, rows: Int, validationRows: Int?, configuration: TrainerConfiguration) -> UInt64 {
        var shared = configuration
        shared.timeLimit = nil
        let text = "\(M.self) \(model.parameterCount) \(rows) \(validationRows ?? -1) \(shared)"
        var hash = Fingerprint()
        for byte in text.utf8 { hash.combine(UInt64(byte)) }
        return hash.value
    }

    /// The gradient of a batch at parameters that are the same on all ranks: where a comparison that comes with it finds
    /// that they are not, those of rank 0 are sent to all and the gradient is taken again.
    /// - Throws: `ReductionError.parametersDiffer` when the comparison before found the same.
    func evaluateAlike(start: Int, count: Int, decision: Decision) throws -> GradientStatistics {
        objective.reducer.noteParameters(state.parameters)
        let statistics = try objective.evaluate(start: start, count: count, at: state.parameters, decision: decision)
        guard try repairParameters() else { return statistics }
        return try objective.evaluate(start: start, count: count, at: state.parameters, decision: decision)
    }

    /// Compares the parameters in a reduction of their own, and repairs them.
    /// - Returns: true when they were the same on all ranks.
    func compareParameters() throws -> Bool {
        objective.reducer.compareParametersNow()
        objective.reducer.noteParameters(state.parameters)
        try objective.reducer.reduceHeader(.parameters, decision: decision())
        return try !repairParameters()
    }

    /// Sends rank 0's parameters to all ranks if the last reduction found different ones.
    /// - Returns: whether it had to.
    private func repairParameters() throws -> Bool {
        guard let comparison = objective.reducer.comparison else { return false }
        let wasRepaired = state.wasRepaired
        state.wasRepaired = comparison == .different
        guard comparison == .different else { return false }
        guard !wasRepaired else { throw ReductionError.parametersDiffer(iteration: state.iteration) }
        state.parameterRepairs += 1
        objective.walk = nil
        state.replaceParameters(try objective.reducer.broadcast(state.parameters))
        return true
    }
}
