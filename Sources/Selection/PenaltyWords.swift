import Platform

/// What a curve says, for people.
extension PenaltyCurve {
    /// What was chosen and why.
    package var explanation: String {
        let (taken, least) = (points[chosen], points[best])
        var text = "λ = \(Self.text(taken.l2)) by cross-validation in \(folds) folds"
        guard points.count > 1 else { return text + ": the only value that was tried." + endText }
        text +=
            ": of \(points.count) values from \(Self.text(points[0].l2)) down to \(Self.text(points[points.count - 1].l2)) "
        if rule == .best || chosen == best {
            text +=
                "it leaves the least mean loss on rows held out, \(Self.text(taken.loss, 4)) ± \(Self.text(taken.standardError))."
        } else {
            text +=
                "the largest whose mean loss on rows held out, \(Self.text(taken.loss, 4)), is within a standard error, "
                + "\(Self.text(least.standardError)), of the least, \(Self.text(least.loss, 4)) at λ = \(Self.text(least.l2))."
        }
        let (low, high) = (points[equals.upperBound].l2, points[equals.lowerBound].l2)
        if low < high {
            text +=
                " Every λ from \(Self.text(low)) to \(Self.text(high)) is as good as the least, for all that the rows can tell."
        }
        return text + endText
    }

    private var endText: String {
        switch end {
        case .rising, .stop: chosen == 0 && points.count > 1 ? " Larger ones gain nothing." : ""
        case .flat: " Smaller ones change nothing."
        case .grid:
            chosen == points.count - 1 && points.count > 1
                ? " It is the smallest of the values: smaller ones may be better." : ""
        case .time: " Time was up before smaller values were tried."
        }
    }

    private static func text(_ value: Double, _ digits: Int = 4) -> String { NumberFormat.significant(value, digits) }
}
