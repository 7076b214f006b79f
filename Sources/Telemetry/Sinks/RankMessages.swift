import Platform

/// Says which ranks are slow, and when rows have moved to others.
public final class RankMessages: RunSink {
    public let name = "messages about slow ranks"
    private let say: @Sendable (String) -> Void
    private let warn: @Sendable (String) -> Void

    public init(say: @escaping @Sendable (String) -> Void, warn: @escaping @Sendable (String) -> Void) {
        self.say = say
        self.warn = warn
    }

    public func receive(_ news: RunNews) {
        for event in news.events {
            switch event.kind {
            case "straggler":
                let slowdown = event.json["slowdown"]?.double ?? 1
                warn(
                    "\(rank(event)) is slow: a row takes it \(NumberFormat.significant(slowdown, 2)) times as long as the "
                        + "ranks in the middle")
            case "stragglerOver": say("\(rank(event)) is no longer slow")
            case "rebalance":
                func number(_ key: String) -> Double { event.json[key]?.double ?? 1 }
                let least = event.json["leastRank"]?.integer ?? 0
                let gain = event.json["gain"]?.double ?? 0
                say(
                    "rows have moved from slow ranks to fast ones, in "
                        + "\(NumberFormat.significant(event.json["moveSeconds"]?.double ?? 0, 2)) s, to win "
                        + "\(NumberFormat.percent(gain)) of the time: rank \(least) has "
                        + "\(NumberFormat.significant(number("leastShare"), 2)) of an equal share now, others up to "
                        + "\(NumberFormat.significant(number("mostShare"), 2))")
            default: break
            }
        }
    }

    private func rank(_ event: RunEvent) -> String {
        "rank \(event.json["rank"]?.integer ?? 0)" + (event.json["host"]?.string.map { " on \($0)" } ?? "")
    }
}
