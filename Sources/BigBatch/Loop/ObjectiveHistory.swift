/// Objectives of the last iterations on all rows.
public struct ObjectiveHistory: Codable, Sendable, Equatable {
    /// Oldest first, 31 at most.
    public private(set) var recent: [Double] = []
    public private(set) var best = Double.infinity
    /// Iterations since the best was lower than the one before by more than rounding.
    private(set) var iterationsSinceBest = 0

    /// Three windows for `remainder`, and one more.
    private static let kept = 3 * window + 1
    private static let window = 10

    var previous: Double? { recent.dropLast().last }

    mutating func note(_ objective: Double) {
        recent.append(objective)
        if recent.count > Self.kept { recent.removeFirst() }
        if objective < best - StopRule.resolution * abs(best) || best == .infinity {
            best = objective
            iterationsSinceBest = 0
        } else {
            iterationsSinceBest += 1
        }
    }

    /// Whether the last `count` steps have not changed the objective beyond rounding, or ten times as many have not lowered
    /// it: steps that are not monotone may rise for a while.
    public func isFlat(for count: Int) -> Bool {
        if iterationsSinceBest >= 10 * count { return true }
        let last = recent.suffix(count + 1)
        guard last.count == count + 1, let highest = last.max(), let lowest = last.min() else { return false }
        return highest - lowest <= StopRule.resolution * abs(lowest)
    }

    /// What steps of linear convergence have left to gain. Their gains end as a geometric series: with G₁ and G₂ those of two
    /// successive windows of `window` steps, each between the lowest objectives, the rest is G₂ρ/(1 − ρ), ρ = G₂/G₁.
    /// - Returns: nil where gains do not fall, and at first.
    public var remainder: Double? {
        guard recent.count >= 3 * Self.window else { return nil }
        let lowest = (0..<3).map { index in
            recent.dropLast(index * Self.window).suffix(Self.window).min() ?? .nan
        }
        let (before, gain) = (lowest[2] - lowest[1], lowest[1] - lowest[0])
        guard gain > 0, before > gain else { return nil }
        return gain * gain / (before - gain)
    }
}
