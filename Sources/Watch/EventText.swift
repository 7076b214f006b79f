import BigBatch
import Platform
import Telemetry

/// Events of `events.jsonl` in words.
package enum EventText {
    package static func line(_ event: RunEvent) -> String {
        let after = event.iteration.map { " after iteration \(NumberFormat.count($0))" } ?? ""
        func number(_ key: String) -> Double { event.json[key]?.double ?? .nan }
        func text(_ key: String) -> String { event.json[key]?.string ?? "" }
        let rank = "rank \(event.json["rank"]?.integer ?? 0)" + (text("host").isEmpty ? "" : " on \(text("host"))")
        switch event.kind {
        case "start": return "start on \(ranks(event))"
        case "restart": return "attempt \(event.attempt ?? 0) goes on\(after), on \(ranks(event))"
        case "stop":
            return "stop\(after): " + (StopReason(rawValue: text("reason"))?.explanation ?? text("reason"))
        case "checkpoint":
            return "checkpoint\(after): \(NumberFormat.bytes(event.json["bytes"]?.integer ?? 0)) in "
                + NumberFormat.duration(number("writeSeconds"))
        case "checkpointFailed": return "no checkpoint\(after): \(text("reason"))"
        case "straggler":
            return
                "\(rank) is slow: a row takes it \(NumberFormat.significant(number("slowdown"), 2)) times as long as "
                + "the ranks in the middle"
        case "stragglerOver": return "\(rank) is no longer slow"
        case "rebalance":
            return "rows have moved from slow ranks to fast ones, in \(NumberFormat.duration(number("moveSeconds"))), "
                + "to win \(NumberFormat.percent(number("gain"))) of the time"
        case "recovery": return "back to earlier parameters, with a shorter step\(after)"
        case "nonFinite": return "a loss that is no finite number\(after): no step was made from it"
        default: return other(event, after)
        }
    }

    private static func ranks(_ event: RunEvent) -> String {
        let count = event.json["ranks"]?.integer ?? 0
        return "\(NumberFormat.count(count)) rank\(count == 1 ? "" : "s")"
    }

    /// Kinds of later versions: what they hold is shown as it is.
    private static func other(_ event: RunEvent, _ after: String) -> String {
        let known: Set = ["event", "iteration", "seconds", "attempt"]
        let details = (event.json.members ?? []).filter { !known.contains($0.key) }.compactMap {
            key, value -> String? in
            if let text = value.string { return "\(key) \(text)" }
            return value.double.map { "\(key) \(NumberFormat.significant($0, 3))" }
        }
        return event.kind + after + (details.isEmpty ? "" : ": " + details.joined(separator: ", "))
    }
}
