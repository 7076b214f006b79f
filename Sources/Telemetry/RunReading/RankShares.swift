/// What every rank did between two looks at them: an event of the kind "ranks".
public struct RankShares: Sendable {
    /// Share of the time that each rank computed, by rank.
    public let computing: [Double]
    /// Share of the time that each rank waited for others.
    public let waiting: [Double]
    /// Gradients that each rank evaluated, in units of an equal share.
    public let samples: [Double]

    /// nil: the event tells nothing of ranks.
    public init?(_ event: RunEvent) {
        guard event.kind == "ranks", let window = event.json["window"]?.double, window > 0,
            let compute = Self.numbers(event, "compute"), let waiting = Self.numbers(event, "waiting"),
            let samples = Self.numbers(event, "samples"), !compute.isEmpty, waiting.count == compute.count,
            samples.count == compute.count
        else { return nil }
        computing = compute.map { $0 / window }
        self.waiting = waiting.map { $0 / window }
        let equal = samples.reduce(0, +) / Double(samples.count)
        self.samples = samples.map { equal > 0 ? $0 / equal : 1 }
    }

    private static func numbers(_ event: RunEvent, _ key: String) -> [Double]? {
        guard let values = event.json[key]?.array else { return nil }
        let numbers = values.compactMap(\.double)
        return numbers.count == values.count ? numbers : nil
    }

    /// The least, the middle and the most of some values.
    static func spread(_ values: [Double]) -> (least: Double, middle: Double, most: Double) {
        let sorted = values.sorted()
        guard let least = sorted.first, let most = sorted.last else { return (.nan, .nan, .nan) }
        return (least, sorted[(sorted.count - 1) / 2], most)
    }
}
