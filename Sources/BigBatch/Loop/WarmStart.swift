extension Trainer {
    /// Begins at x in place of the model's own start: the optimum of a problem much like this one, say. Before `run`, on all ranks.
    public func begin(at x: [Float]) {
        precondition(x.count == state.parameters.count, "these are parameters of another model")
        state.parameters = x
    }
}
