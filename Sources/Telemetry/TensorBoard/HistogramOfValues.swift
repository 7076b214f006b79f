/// How values are spread, in buckets of equal width between the smallest and the largest.
package struct HistogramOfValues {
    package let values: [Double]
    /// What each of them counts.
    package let weight: Double
    package static let buckets = 30

    /// nil where there is nothing to show: no values, or some that are no numbers.
    package init?(_ values: [Double], weight: Double = 1) {
        guard !values.isEmpty, values.allSatisfy(\.isFinite) else { return nil }
        self.values = values
        self.weight = weight
    }

    /// The right edges of the buckets, and how many values lie in each (left edge excluded, right edge included).
    package var counted: (limits: [Double], counts: [Double]) {
        let low = values.min() ?? 0
        let high = values.max() ?? 0
        // Equal values get one bucket around them: TensorBoard needs a width.
        guard high > low else { return ([low, low.nextUp], [weight * Double(values.count), 0]) }
        let width = (high - low) / Double(Self.buckets)
        var counts = [Double](repeating: 0, count: Self.buckets)
        for value in values {
            counts[min(Self.buckets - 1, max(0, Int(((value - low) / width).rounded(.up)) - 1))] += weight
        }
        let limits = (1...Self.buckets).map { $0 == Self.buckets ? high : low + Double($0) * width }
        return (limits, counts)
    }

    /// A `HistogramProto`.
    package var message: ProtobufMessage {
        let (limits, counts) = counted
        var message = ProtobufMessage()
        message.add(1, double: values.min() ?? 0)
        message.add(2, double: values.max() ?? 0)
        message.add(3, double: weight * Double(values.count))
        message.add(4, double: weight * values.reduce(0, +))
        message.add(5, double: weight * values.reduce(0) { $0 + $1 * $1 })
        message.add(6, packed: limits)
        message.add(7, packed: counts)
        return message
    }
}
