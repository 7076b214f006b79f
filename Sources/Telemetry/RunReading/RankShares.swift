/// What every rank did between two looks at them, or of many ranks a sample: an event of the kind "ranks".
public struct RankShares: Sendable {
    /// Share of the time that each rank computed: by rank, or by the order of `sample`.
    public let computing: [Double]
    /// Share of the time that each rank waited for others.
    public let waiting: [Double]
    /// Gradients that each rank evaluated, in units of an equal share.
    public let samples: [Double]
    /// The ranks that these are, from the one that computes least to the one that computes most; nil: all, in their order.
    public let sample: [Int]?
    /// How many ranks there are.
    public let count: Int
    /// The rank that computed longest, with its host where the event tells.
    public let slowest: (rank: Int, host: String?)

    /// nil: the event tells nothing of ranks.
    public init?(_ event: RunEvent) {
        guard event.kind == "ranks", let window = event.json["window"]?.double, window > 0,
            let compute = Self.numbers(event, "compute"), let waiting = Self.numbers(event, "waiting"),
            let samples = Self.numbers(event, "samples"), !compute.isEmpty, waiting.count == compute.count,
            samples.count == compute.count
        else { return nil }
        computing = compute.map { $0 / window }
        self.waiting = waiting.map { $0 / window }
        sample = event.json["rank"]?.array?.compactMap(\.integer)
        count = max(event.json["ranks"]?.integer ?? compute.count, compute.count)
        let equal = event.json["mean"]?["samples"]?.double ?? samples.reduce(0, +) / Double(samples.count)
        self.samples = samples.map { equal > 0 ? $0 / equal : 1 }
        let named = event.json["slowest"]?.array?.first
        slowest = (
            named?["rank"]?.integer ?? compute.indices.max { compute[$0] < compute[$1] } ?? 0, named?["host"]?.string
        )
    }

    private static func numbers(_ event: RunEvent, _ key: String) -> [Double]? {
        guard let values = event.json[key]?.array else { return nil }
        let numbers = values.compactMap(\.double)
        return numbers.count == values.count ? numbers : nil
    }

    /// The least, the middle and the most of some values.
    package static func spread(_ values: [Double]) -> (least: Double, middle: Double, most: Double) {
        let sorted = values.sorted()
        guard let least = sorted.first, let most = sorted.last else { return (.nan, .nan, .nan) }
        return (least, sorted[(sorted.count - 1) / 2], most)
    }
}
