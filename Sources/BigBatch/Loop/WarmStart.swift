extension Trainer {
    /// Begins at x in place of the model's own start: the optimum of a problem much like this one, say. Before `run`, on all ranks.
    public func begin(at x: [Float]) {
        precondition(x.count == state.parameters.count, "these are parameters of another model")
        state.parameters = x
    }

    /// Begins at x where the objective is lower there than at the model's own start: far out, where losses are flat or not finite,
    /// no step would find back. Two reads of the rows. Collective, before `run`.
    /// - Returns: whether it is.
    public func begin(atBetterOf x: [Float]) throws -> Bool {
        let own = try objective.value(at: state.parameters, rendezvous: rendezvous())
        let other = try objective.value(at: x, rendezvous: rendezvous())
        guard other < own else { return false }
        begin(at: x)
        return true
    }
}
