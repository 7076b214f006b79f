/// How close decisions came to going the other way: the smallest relative distance of a tested number v to its threshold
/// t, |v − t| / max(|v|, |t|); infinite when nothing was tested.
///
/// Sums are rounded differently at other numbers of ranks or threads. Two such runs take the same path while this is well
/// above rounding, and may part at the first decision where it is not.
public struct DecisionMargin: Codable, Sendable, Equatable {
    public private(set) var smallest = Double.infinity

    public init() {}

    mutating func note(_ value: Double, threshold: Double) {
        let scale = max(abs(value), abs(threshold))
        guard scale.isFinite else { return }
        smallest = min(smallest, scale > 0 ? abs(value - threshold) / scale : 0)
    }

    mutating func merge(_ other: DecisionMargin) {
        smallest = min(smallest, other.smallest)
    }
}
