/// Held-out losses by λ, and what follows from them.
package struct PenaltyCurve: Sendable, Equatable {
    /// Which λ is taken.
    package enum Rule: String, Sendable, CaseIterable {
        /// That of the least held-out loss.
        case best
        /// The largest whose held-out loss is within a standard error of the least.
        case oneStandardError = "1se"
    }

    /// Why no smaller λ was tried.
    package enum End: String, Sendable, CaseIterable {
        /// Held-out losses rise beyond doubt.
        case rising
        /// A smaller penalty changes nothing any more.
        case flat
        /// All of the grid was tried.
        case grid
        /// Time was up.
        case time
        /// A stop was asked for.
        case stop

        /// The search came to its end by itself.
        var isOwn: Bool { self != .time && self != .stop }
    }

    package struct Point: Sendable, Equatable {
        package var l2: Double
        /// Σ ω f(w₋ₖ₍ᵢ₎; z_i)/Σ ω: every row judged by the model that has not seen it.
        package var loss: Double
        /// Of that mean, from how rows differ.
        package var standardError: Double
        /// By how much it is above the least of the curve, and the standard error of this difference of the same rows.
        package var excess: Double
        package var excessError: Double

        package init(
            l2: Double, loss: Double, standardError: Double, excess: Double = 0, excessError: Double = 0
        ) {
            self.l2 = l2
            self.loss = loss
            self.standardError = standardError
            self.excess = excess
            self.excessError = excessError
        }
    }

    /// The largest λ first.
    package var points: [Point]
    package var folds: Int
    /// Rows that models were trained on, those held out among them.
    package var trainedRows: Int
    /// Of the models: shares of the loss that are smaller mean nothing.
    package var tolerance: Double
    package var rule: Rule
    package var end: End

    package init(points: [Point], folds: Int, trainedRows: Int, tolerance: Double, rule: Rule, end: End) {
        self.points = points
        self.folds = folds
        self.trainedRows = trainedRows
        self.tolerance = tolerance
        self.rule = rule
        self.end = end
    }

    /// The point of the least held-out loss; of equal ones that of the largest λ.
    package var best: Int { points.indices.min { points[$0].loss < points[$1].loss } ?? 0 }

    /// Losses that differ by less mean nothing: a tenth of what the models' own accuracy makes of the least.
    var resolution: Double { 0.1 * tolerance * abs(points[best].loss) }

    /// The point that the rule takes; of those that are best but for the resolution that of the largest λ.
    package var chosen: Int {
        let (best, resolution) = (best, resolution)
        let bound = rule == .best ? points[best].loss : points[best].loss + points[best].standardError
        return points.firstIndex { $0.loss <= bound + resolution } ?? best
    }

    package var l2: Double { points[chosen].l2 }

    /// The points around the best that are as good, for all that the rows can tell: no further above it than a standard error of
    /// the difference, and of its own loss, or than the tolerance of that.
    package var equals: ClosedRange<Int> {
        let best = best
        let (error, bound) = (points[best].standardError, tolerance * abs(points[best].loss))
        func isEqual(_ point: Point) -> Bool {
            point.excess.isFinite && point.excess <= max(min(point.excessError, error), bound)
        }
        var (first, last) = (best, best)
        while first > 0, isEqual(points[first - 1]) { first -= 1 }
        while last + 1 < points.count, isEqual(points[last + 1]) { last += 1 }
        return first...last
    }

    /// Losses have left the least beyond doubt: the last is not finite; or, at a tenth of the best λ or less, it is above it by more
    /// than two standard errors of the difference and by more than the tolerance of it, or is many times as large.
    var isRising: Bool {
        guard let last = points.last else { return false }
        guard last.loss.isFinite else { return true }
        let least = points[best]
        guard last.l2 <= 0.1 * least.l2 * (1 + 1e-9) else { return false }
        return last.excess > max(2 * last.excessError, tolerance * abs(least.loss))
            || last.excess > 9 * (abs(least.loss) + least.standardError)
    }

    /// The losses of the last λ and of those up to ten times it, which there must be, are alike to within the
    /// resolution.
    var isLevel: Bool {
        guard let end = points.last?.l2, let first = points.firstIndex(where: { $0.l2 <= 10 * end * (1 + 1e-9) }),
            first > 0, points[first].l2 >= 5 * end
        else { return false }
        let last = points[first...].map(\.loss)
        return (last.max() ?? 0) - (last.min() ?? 0) <= resolution
    }
}
