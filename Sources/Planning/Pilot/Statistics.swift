/// Medians and their like.
package enum Statistics {
    /// The value below which a share of the values lies, by straight lines between them; nil for none.
    package static func quantile(_ values: [Double], _ share: Double) -> Double? {
        quantile(sorted: values.sorted(), share)
    }

    /// The same of values in ascending order.
    package static func quantile(sorted: [Double], _ share: Double) -> Double? {
        guard let last = sorted.indices.last else { return nil }
        let place = min(max(share, 0), 1) * Double(last)
        let below = Int(place)
        let above = min(last, below + 1)
        let part = place - Double(below)
        return part == 0 ? sorted[below] : sorted[below] + part * (sorted[above] - sorted[below])
    }

    package static func median(_ values: [Double]) -> Double? { quantile(values, 0.5) }

    package static func mean(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }

    /// An interval that holds the true median with the given probability, by order statistics: no assumption about how
    /// the values are distributed. All values for fewer than six.
    package static func medianInterval(_ values: [Double], confidence: Double = 0.9) -> ClosedRange<Double>? {
        let sorted = values.sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        let count = sorted.count
        // P(fewer than k of n values below the median), the binomial distribution of 1/2.
        var probability = 1.0
        for _ in 0..<count { probability /= 2 }
        guard probability > 0 else {
            let half = 0.83 * Double(count).squareRoot()
            let middle = Double(count) / 2
            return sorted[max(0, Int(middle - half))]...sorted[min(count - 1, Int(middle + half))]
        }
        var cumulative = 0.0
        var rank = 0
        while rank < count / 2, cumulative + probability <= (1 - confidence) / 2 {
            cumulative += probability
            probability *= Double(count - rank) / Double(rank + 1)
            rank += 1
        }
        guard rank > 0 else { return first...last }
        return sorted[rank - 1]...sorted[count - rank]
    }
}

/// SplitMix64: the same numbers in every run.
package struct SeededGenerator: RandomNumberGenerator {
    package var state: UInt64

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
