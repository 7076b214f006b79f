import Platform

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

    /// Runs from which on a range of further runs can be given, and from which on it needs no distribution.
    package static let leastRuns = 3
    package static let manyRuns = 19

    /// Where the next of such times lies in nine of ten cases; nil: fewer than three tell no spread. A time without end is
    /// infinite.
    ///
    /// Up to 18 by Student's t of their logarithms: mean ± t·s·√(1 + 1/n). From 19 on by ranks, without any assumption about
    /// their distribution: the next one lies between the k-th and the (n + 1 − k)-th with probability 1 − 2k/(n + 1).
    package static func nextTime(_ times: [Double]) -> ClosedRange<Double>? {
        let count = times.count
        if count >= manyRuns {
            let sorted = times.sorted()
            let rank = (count + 1) / 20
            let range = sorted[rank - 1]...sorted[count - rank]
            return range.upperBound.isFinite ? range : nil
        }
        guard count >= leastRuns, times.allSatisfy({ $0 > 0 && $0.isFinite }) else { return nil }
        let logarithms = times.map { log($0) }
        guard let mean = mean(logarithms) else { return nil }
        let spread = Deviation(logarithms)
        let half =
            Student.quantile(within: 0.9, degrees: spread.degrees)
            * (spread.variance * (1 + 1 / Double(count))).squareRoot()
        return exp(mean - half)...exp(mean + half)
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
