import BigBatch

/// A step rule of one's own: Armijo's search from the step of before, grown by a half. What it remembers is its state, which
/// snapshots keep.
struct CautiousStep: StepRule {
    struct State: Codable {
        var step: Double?
    }

    var start: State { State() }

    func step(_ batch: any BatchView, _ state: inout State) throws -> StepOutcome {
        try batch.writeDirection(descending: true)
        let first = try state.step.map { 1.5 * $0 } ?? batch.firstStep(doubled: false)
        let outcome = try batch.searchAndMove(from: first)
        if case .moved(let step) = outcome { state.step = step }
        return outcome
    }
}
