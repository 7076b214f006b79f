import Models

/// What keeps the ranks alike: that they were given the same task, and that they hold the same parameters.
extension Trainer {
    /// A digest of all that must be the same on every rank, apart from the time limit: clocks are compared by a flag.
    /// - Parameter brought: rules that do not follow from the configuration.
    static func identity(
        model: M, rows: Int, validationRows: Int?, configuration: TrainerConfiguration, brought: Method?
    ) -> UInt64 {
        var shared = configuration
        shared.timeLimit = nil
        // A text of its members by reflection takes as long as a small table takes to train on.
        let options = (try? SnapshotCoding.encoder().encode(shared)).map { String(decoding: $0, as: UTF8.self) }
        var text = "\(M.self) \(model.parameterCount) \(rows) \(validationRows ?? -1) \(options ?? "\(shared)")"
        if let brought { text += " \(brought)" }
        var hash = Fingerprint()
        for byte in text.utf8 { hash.combine(UInt64(byte)) }
        return hash.value
    }

    /// Compares the parameters in a reduction of their own.
    /// - Throws: `ReductionError.parametersDiffer`.
    func compareParameters() throws {
        objective.reducer.compareParametersNow()
        objective.reducer.noteParameters(state.parameters)
        try objective.reducer.reduceHeader(.parameters, rendezvous: rendezvous())
    }
}
