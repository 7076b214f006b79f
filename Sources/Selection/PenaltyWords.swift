import Platform

/// What a curve says, for people.
extension PenaltyCurve {
    /// What was chosen and why, in a sentence or two.
    package var explanation: String {
        let equal = equals
        let (low, high) = (points[equal.upperBound].l2, points[equal.lowerBound].l2)
        var text = "λ = \(Self.text(l2)) by cross-validation in \(folds) folds: "
        switch rule {
        case .best:
            text +=
                "of \(points.count) values from \(Self.text(points[0].l2)) down it leaves the least loss on rows held out, "
                + "\(Self.text(points[chosen].loss, 4)) ± \(Self.text(points[chosen].standardError))."
        case .oneStandardError:
            text +=
                "the largest of \(points.count) values from \(Self.text(points[0].l2)) down whose loss on rows held out, "
                + "\(Self.text(points[chosen].loss, 4)), is within a standard error, \(Self.text(points[best].standardError)), "
                + "of the least, \(Self.text(points[best].loss, 4)) at \(Self.text(points[best].l2))."
        }
        if low < high {
            text += " From \(Self.text(low)) to \(Self.text(high)) it is as good, for all that the rows can tell."
        }
        return text + endText
    }

    private var endText: String {
        switch end {
        case .rising, .stop: ""
        case .flat: " Smaller ones change nothing."
        case .grid:
            best == points.count - 1 && points.count > 1
                ? " It is the smallest of the values: smaller ones may be better." : ""
        case .time: " Time was up before smaller values were tried."
        }
    }

    private static func text(_ value: Double, _ digits: Int = 2) -> String { NumberFormat.significant(value, digits) }
}
