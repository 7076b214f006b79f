/// Algorithm 2: α doubles when the batch grew, halves until the batch loss falls enough, and carries over.
///
/// Ours: the first trial is always 2α, and where the curvature is known α ends at the minimiser along the direction: on a
/// small batch a longer step that still passes the test can throw rare features far off.
public struct ArmijoStep: StepRule {
    /// The first trial is 2α whether or not the batch grew.
    public var alwaysDoubles: Bool
    /// α is at most this share of the minimiser along d, where the curvature is known; nil: whatever passes the test.
    public var shrink: Double?

    /// The algorithm as printed.
    public init(alwaysDoubles: Bool = false, shrink: Double? = nil) {
        self.alwaysDoubles = alwaysDoubles
        self.shrink = shrink
    }

    public func step(_ batch: any BatchView, _ state: inout NoState) throws -> StepOutcome {
        try batch.writeDirection(descending: true)
        let first = try batch.firstStep(doubled: alwaysDoubles || batch.hasGrown)
        return try batch.searchAndMove(from: first, shrink: shrink)
    }
}
