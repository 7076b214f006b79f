import Selection

/// How `--l2 auto` went.
enum PenaltyOutcome {
    /// What was chosen, from what curve (on rank 0 at least), and how long that took.
    case chosen(PenaltyChosen)
    /// The run was stopped before: the exit code.
    case stopped(Int32)
}

struct PenaltyChosen {
    var l2: Double
    var curve: PenaltyCurve?
    var seconds: Double
}
