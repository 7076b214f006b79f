import BigBatch
import Platform

/// A line of `events.jsonl`: something that happened to a run and that its metrics do not show.
public struct RunEvent: Sendable {
    /// "checkpoint", "restart", "straggler", …
    public var kind: String
    /// The iteration after which it happened.
    public var iteration: Int?
    /// Since the start of training, over all attempts.
    public var seconds: Double?
    /// Counts the starts of the run, from 1.
    public var attempt: Int?
    /// The whole line, or what is to stand in it besides the above.
    public var json: JSON

    /// An event that happens here.
    public init(_ kind: String, iteration: Int, seconds: Double, _ members: [(key: String, value: JSON)] = []) {
        self.kind = kind
        self.iteration = iteration
        self.seconds = seconds
        json = .object(members)
    }

    /// One more thing to stand in the line.
    public mutating func add(_ key: String, _ value: JSON) { json = .object((json.members ?? []) + [(key, value)]) }

    /// - Parameter hosts: the name of every rank's host, where they are known.
    package init(_ event: TrainingEvent, hosts: [String] = []) {
        var members: [(key: String, value: JSON)] = []
        func rank(_ rank: Int) -> [(key: String, value: JSON)] {
            [("rank", .integer(rank))] + (hosts.indices.contains(rank) ? [("host", .string(hosts[rank]))] : [])
        }
        switch event.kind {
        case .recovery: kind = "recovery"
        case .nonFinite: kind = "nonFinite"
        case .ranks(let times):
            kind = "ranks"
            members = RankEvents.members(of: times, hosts: hosts)
        case .straggler(let straggler):
            kind = "straggler"
            members = rank(straggler.rank) + [("slowdown", .number(straggler.slowdown))]
        case .stragglerIsOver(let number):
            kind = "stragglerOver"
            members = rank(number)
        case .rebalance(let move):
            kind = "rebalance"
            members = RankEvents.members(of: move)
        }
        iteration = event.iteration
        seconds = event.seconds
        json = .object(members)
    }

    /// As `events.jsonl` has it.
    package var line: JSON {
        let own: [(key: String, value: JSON)] = [
            ("event", .string(kind)), ("iteration", iteration.map { .integer($0) } ?? .null),
            ("seconds", seconds.map { .number($0) } ?? .null), ("attempt", attempt.map { .integer($0) } ?? .null),
        ]
        let names = own.map(\.key)
        return .object(own + (json.members ?? []).filter { !names.contains($0.key) })
    }

    /// nil: no JSON object, no event in it, or a number that no run comes to.
    package init?(bytes: UnsafeBufferPointer<UInt8>) {
        guard let json = try? JSON(bytes: bytes), let kind = json["event"]?.string, RunNumbers.fault(in: json) == nil
        else { return nil }
        self.kind = kind
        self.json = json
        iteration = json["iteration"]?.integer
        seconds = json["seconds"]?.double
        attempt = json["attempt"]?.integer
    }
}
