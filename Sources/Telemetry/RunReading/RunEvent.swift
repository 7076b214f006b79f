import BigBatch

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

    init(_ event: TrainingEvent) {
        let kind =
            switch event.kind {
            case .repair: "repair"
            case .recovery: "recovery"
            case .nonFinite: "nonFinite"
            }
        self.init(kind, iteration: event.iteration, seconds: event.seconds)
    }

    /// As `events.jsonl` has it.
    var line: JSON {
        let own: [(key: String, value: JSON)] = [
            ("event", .string(kind)), ("iteration", iteration.map { .integer($0) } ?? .null),
            ("seconds", seconds.map { .number($0) } ?? .null), ("attempt", attempt.map { .integer($0) } ?? .null),
        ]
        let names = own.map(\.key)
        return .object(own + (json.members ?? []).filter { !names.contains($0.key) })
    }

    /// nil: no JSON object, or no event in it.
    init?(bytes: UnsafeBufferPointer<UInt8>) {
        guard let json = try? JSON(bytes: bytes), let kind = json["event"]?.string else { return nil }
        self.kind = kind
        self.json = json
        iteration = json["iteration"]?.integer
        seconds = json["seconds"]?.double
        attempt = json["attempt"]?.integer
    }
}

extension JSON {
    public var integer: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    public var array: [JSON]? {
        if case .array(let values) = self { values } else { nil }
    }

    public var members: [(key: String, value: JSON)]? {
        if case .object(let members) = self { members } else { nil }
    }
}
