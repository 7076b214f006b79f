/// Backtracking on one batch (Algorithm 2): the largest α of α₀, α₀/2, α₀/4, … with
/// ℓ_B(x + αd) ≤ ℓ_ref + c α ⟨g_B, d⟩ (Armijo).
///
/// The trials travel as ladders of `rungs` steps, one reduction each; a non-finite loss counts as +∞. ℓ_ref is ℓ_B(x), or
/// the largest of the last losses for a non-monotone search.
public struct LineSearch: Sendable, Equatable {
    /// c, 0 < c ≤ 0.5.
    public var sufficientDecrease: Double
    /// Trials per reduction.
    public var rungs = 4
    /// Reductions before the search gives up.
    public var ladders = 10
    /// The search gives up, too, at an α that by its slope would change the loss by less than this share: below it
    /// rounding decides. Sums in Float need `resolution`.
    public var leastChange = 0.0

    /// Losses of networks, sums of Floats, are known to this share of them and better.
    public static let resolution = 1e-6
    /// The same of losses of few rows whose margins are Floats.
    static let visible = 1e-7

    public init(sufficientDecrease: Double = 0.1) {
        self.sufficientDecrease = sufficientDecrease
    }

    /// The same search, as many trials in all, with `count` trials a reduction.
    func taking(_ count: Int) -> LineSearch {
        var search = self
        search.rungs = min(max(1, count), rungs * ladders)
        search.ladders = max(1, rungs * ladders / search.rungs)
        return search
    }

    public enum Outcome: Equatable, Sendable {
        case accepted(step: Double, loss: Double)
        /// No trial was good enough; `smallest` is the last α tried.
        case exhausted(smallest: Double)
    }

    public struct Found: Sendable {
        public var outcome: Outcome
        /// α that were tried, and how many of them had a non-finite loss.
        public var trials = 0
        public var nonFinite = 0
    }

    /// - Parameters:
    ///   - slope: ⟨g_B, d⟩, negative.
    ///   - shrink: with the curvature κ along d known, the step is at most shrink·(−slope/κ), the Newton step: where a
    ///     longer step is good enough, by convexity so is a shorter one.
    ///   - lengthens: where `first` is good enough and κ does not shorten it, α doubles as long as the loss falls by more
    ///     than rounding (`visible`): the curvature along d vanishes within the step.
    ///   - enough: a loss below which it does not matter how far it still falls.
    ///   - probe: ℓ_B at each α of a ladder, and κ if it is known: one reduction.
    public func search(
        from first: Double, reference: Double, slope: Double, shrink: Double? = nil, lengthens: Bool = false,
        enough: Double = -.infinity, probe: ([Double]) throws -> (losses: [Double], curvature: Double?)
    ) rethrows -> Found {
        var step = first
        var found = Found(outcome: .exhausted(smallest: first))
        for ladder in 0..<ladders {
            // The first α is always tried: it may be too short, and has to become longer.
            guard ladder == 0 || -step * slope > leastChange * abs(reference) else { break }
            let steps = (0..<rungs).map { step * Self.powerOfHalf($0) }
            let (values, curvature) = try probe(steps)
            for (step, value) in zip(steps, values) {
                found.trials += 1
                guard value.isFinite else {
                    found.nonFinite += 1
                    continue
                }
                let bound = reference + sufficientDecrease * step * slope
                guard value <= bound else { continue }
                found.outcome = .accepted(step: step, loss: value)
                if let shrink, let curvature, curvature > 0 {
                    let newton = -shrink * slope / curvature
                    if newton < step, newton > 0 { found.outcome = .accepted(step: newton, loss: value) }
                }
                if lengthens, found.outcome == .accepted(step: first, loss: value) {
                    try lengthen(&found, from: first, loss: value, enough: enough, probe: probe)
                }
                return found
            }
            step = steps[rungs - 1] / 2
            found.outcome = .exhausted(smallest: step)
        }
        return found
    }

    /// Doubles α from `first` while the loss falls.
    private func lengthen(
        _ found: inout Found, from first: Double, loss: Double, enough: Double,
        probe: ([Double]) throws -> (losses: [Double], curvature: Double?)
    ) rethrows {
        var (step, lowest) = (first, loss)
        for _ in 0..<ladders where lowest > enough {
            let steps = (1...rungs).map { step * Double(1 << $0) }
            for (next, value) in zip(steps, try probe(steps).losses) {
                found.trials += 1
                guard value < lowest - Self.visible * abs(lowest) else { return }
                (step, lowest) = (next, value)
                found.outcome = .accepted(step: step, loss: lowest)
                if lowest <= enough { return }
            }
        }
    }

    private static func powerOfHalf(_ exponent: Int) -> Double { 1 / Double(1 << exponent) }
}
