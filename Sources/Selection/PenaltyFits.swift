/// The models of all folds at one λ.
package struct PenaltyFits: Sendable, Equatable {
    package var parameters: [[Float]]
    /// The largest (λ/2)‖w‖² of them.
    package var penalty = 0.0
    /// A fit that came to nothing: whatever it says of rows held out, this λ is no choice.
    package var hasDiverged = false

    package init(parameters: [[Float]], penalty: Double = 0, hasDiverged: Bool = false) {
        self.parameters = parameters
        self.penalty = penalty
        self.hasDiverged = hasDiverged
    }
}

/// Keeps models, so that a search that was cut short need not train them again: it goes the same way, past what is kept.
package protocol PenaltyFitStore {
    /// Nil: there are none. Collective.
    func fits(at l2: Double) throws -> PenaltyFits?
    /// Collective.
    func keep(_ fits: PenaltyFits, at l2: Double) throws
}
