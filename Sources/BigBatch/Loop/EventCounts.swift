/// What `TrainingEvent` is told from.
struct EventCounts {
    private let returns: Int
    private let nonFinite: Int

    init(_ state: TrainerState) {
        returns = state.returns
        nonFinite = state.nonFinite
    }

    func events(since before: EventCounts) -> [TrainingEvent.Kind] {
        (nonFinite > before.nonFinite ? [.nonFinite] : []) + (returns > before.returns ? [.recovery] : [])
    }
}
