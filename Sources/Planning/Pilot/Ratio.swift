import Platform

/// How many times as long one way to train takes as another.
package struct Ratio: Codable, Equatable, Sendable {
    /// Pairs or runs of each from which on an interval is given, and degrees of freedom where there are none.
    package static let leastRuns = 3
    package static let leastDegrees = 2

    /// Of the geometric means.
    package var value: Double
    /// The interval that holds the true ratio; nil: too few runs to say.
    package var low: Double?
    package var high: Double?
    /// Runs of the two that met the rows in the same order, one soon after the other; 0: the runs were not paired.
    package var pairs: Int

    package init(value: Double, low: Double? = nil, high: Double? = nil, pairs: Int) {
        self.value = value
        self.low = low
        self.high = high
        self.pairs = pairs
    }

    /// From the times of runs by their numbers; runs of one number are a pair.
    ///
    /// With three pairs or more by the differences d of their logarithms, in the order of the numbers: their mean ± t·s/√b.
    /// From 20 pairs on d are means of ten blocks of neighbours, so that a machine that is slow for a while does not count as
    /// many observations. With fewer pairs from the two means, by the greater of two spreads, that of these two and that of
    /// all runs of the pilot, each with its own degrees of freedom.
    /// - Parameters:
    ///   - confidence: with which the interval holds the true ratio.
    ///   - pooled: deviations of ln t of all ways to train from their means.
    package init?(
        _ times: [Int: Double], over others: [Int: Double], confidence: Double, pooled: Deviation = Deviation()
    ) {
        let numbers = times.keys.filter { others[$0] != nil }.sorted()
        if numbers.count >= Self.leastRuns {
            let differences = numbers.compactMap { number in
                times[number].flatMap { mine in others[number].map { log(mine) - log($0) } }
            }
            let blocks = Self.blocks(differences)
            guard let mean = Statistics.mean(differences) else { return nil }
            let spread = Deviation(blocks)
            let half =
                Student.quantile(within: confidence, degrees: spread.degrees)
                * (spread.variance / Double(blocks.count)).squareRoot()
            self.init(value: exp(mean), low: exp(mean - half), high: exp(mean + half), pairs: numbers.count)
            return
        }
        let (mine, theirs) = (times.values.sorted().map { log($0) }, others.values.sorted().map { log($0) })
        guard let first = Statistics.mean(mine), let second = Statistics.mean(theirs) else { return nil }
        let share = 1 / Double(mine.count) + 1 / Double(theirs.count)
        var both = Deviation(mine)
        both.add(Deviation(theirs))
        let half = [both, pooled].filter { $0.degrees >= Self.leastDegrees }.map {
            Student.quantile(within: confidence, degrees: $0.degrees) * ($0.variance * share).squareRoot()
        }.max()
        let mean = first - second
        self.init(
            value: exp(mean), low: half.map { exp(mean - $0) }, high: half.map { exp(mean + $0) }, pairs: 0)
    }

    private static func blocks(_ values: [Double]) -> [Double] {
        guard values.count >= 20 else { return values }
        return (0..<10).compactMap { index in
            Statistics.mean(Array(values[values.count * index / 10..<values.count * (index + 1) / 10]))
        }
    }
}
